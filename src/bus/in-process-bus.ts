/** The default bus: fan-out inside this process. */
import type { Position } from '../a2a/cursor.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'
import { BoundedQueue } from '../internal/bounded-queue.js'
import type { TurnPicture } from '../task/turn-picture.js'
import type { EventBus, SubscribeOptions, Subscription, TurnOwner } from './event-bus.js'
import type { LiveEvent } from './live-event.js'
import { RecentEvents } from './recent-events.js'

/** Bounds of one reader's queue. */
export const MAX_QUEUED_EVENTS = 1024
export const MAX_QUEUED_BYTES = 1_048_576
/** A larger event counts no more than this: its readers share it, and a task has few of them. */
const MAX_COUNTED_BYTES = MAX_QUEUED_BYTES / 8

interface Reader {
  readonly queue: Subscription
  readonly statesOnly: boolean
}

/** The bus of one process. */
export class InProcessBus implements EventBus {
  readonly hearsOthers = false
  private readonly readers = new Map<string, Set<Reader>>()
  private readonly owners = new Map<string, TurnOwner>()
  private readonly recent = new RecentEvents()

  publish(event: LiveEvent): void {
    this.recent.add(event)
    const readers = this.readers.get(event.key)
    if (readers === undefined) return
    const state = showsState(event)
    for (const reader of readers) if (state || !reader.statesOnly) reader.queue.push(event)
  }

  subscribe(key: string, { statesOnly = false }: SubscribeOptions = {}): Subscription {
    const queue = new BoundedQueue<LiveEvent>(MAX_QUEUED_EVENTS, MAX_QUEUED_BYTES, ({ bytes }) =>
      Math.min(bytes, MAX_COUNTED_BYTES),
    )
    const readers = this.readers.get(key)
    if (readers === undefined) this.readers.set(key, new Set([{ queue, statesOnly }]))
    else readers.add({ queue, statesOnly })
    return queue
  }

  unsubscribe(key: string, subscription: Subscription): void {
    subscription.close()
    const readers = this.readers.get(key)
    if (readers === undefined) return
    for (const reader of readers) if (reader.queue === subscription) readers.delete(reader)
    if (readers.size === 0) this.readers.delete(key)
  }

  own(key: string, owner: TurnOwner): () => void {
    this.owners.set(key, owner)
    return () => {
      if (this.owners.get(key) === owner) this.owners.delete(key)
    }
  }

  async request(key: string): Promise<TurnPicture | undefined> {
    return this.owners.get(key)?.picture()
  }

  async missed(key: string, after: Position): Promise<readonly LiveEvent[]> {
    return this.recent.after(key, after)
  }

  cancel(key: string): void {
    this.owners.get(key)?.cancelHint()
  }

  /** Wakes the readers of a task, or all: something may have been lost on the way here. */
  nudge(key?: string): void {
    const woken = key === undefined ? [...this.readers.values()] : [this.readers.get(key) ?? []]
    for (const readers of woken) for (const { queue } of readers) queue.nudge()
  }

  async close(): Promise<void> {
    for (const readers of this.readers.values()) for (const { queue } of readers) queue.close()
    this.readers.clear()
    this.owners.clear()
    this.recent.clear()
  }

  /** How many readers are open, for tests and metrics. */
  get readerCount(): number {
    let count = 0
    for (const readers of this.readers.values()) count += readers.size
    return count
  }
}

function showsState({ kind, event }: LiveEvent): boolean {
  if (kind === 'end') return true
  const state = event.statusUpdate?.status?.state
  return isTerminal(state) || isInterrupted(state)
}
