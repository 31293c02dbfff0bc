/**
 * Live events on their way to readers. Fast, bounded, and never the truth: what a bus loses, a snapshot replaces.
 */
import type { Position } from '../a2a/cursor.js'
import type { BoundedQueue } from '../internal/bounded-queue.js'
import type { TurnPicture } from '../task/turn-picture.js'
import type { LiveEvent } from './live-event.js'

/** What a reader holds: the events as they come, until it closes it or falls too far behind. */
export type Subscription = BoundedQueue<LiveEvent>

export interface SubscribeOptions {
  /** Leaves out everything but the ends of turns and the states shown within them: for callers that only wait. */
  readonly statesOnly?: boolean
}

/** What the process that runs a task's turn offers to the others. */
export interface TurnOwner {
  /** What the turn has said so far; undefined when this process cannot be sure that the turn is still its own. */
  picture(): TurnPicture | undefined
  /** Somebody says that a cancel was accepted. To be confirmed by the engine: whoever reaches the bus can say so. */
  cancelHint(): void
}

/** Brings live events from where a turn runs to those who follow its task. It decides nothing: what it loses is read again. */
export interface EventBus {
  /** Events of turns in other processes come here too, as things are now. */
  readonly hearsOthers: boolean
  /** Hands an event to all readers of its task. Never waits, never throws. */
  publish(event: LiveEvent): void
  /** From now on. Ordered per publisher; a reader puts events of several publishers in order by their cursors. */
  subscribe(key: string, options?: SubscribeOptions): Subscription
  /** Ends a subscription: nothing more is handed to it. */
  unsubscribe(key: string, subscription: Subscription): void
  /** Makes this process the owner of the task's running turn, until the returned function is called. */
  own(key: string, owner: TurnOwner): () => void
  /** Asks the owner what the running turn has said; undefined when none is running or its owner is out of reach. */
  request(key: string): Promise<TurnPicture | undefined>
  /**
   * Asks those who have published a task's events lately for what came after a place: in order, without a gap, and as far
   * as it is still known. Also after the turn has ended. Empty when there is nothing, or nobody knows.
   */
  missed(key: string, after: Position): Promise<readonly LiveEvent[]>
  /** Tells the owner that a cancel was accepted. Lost when there is none. */
  cancel(key: string): void
  /** Ends every subscription, and what the bus needs of others. */
  close(): Promise<void>
}
