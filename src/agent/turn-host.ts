/** What an engine gives to one attempt at a turn. */
import type { Clock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import type { JournalEntry } from '../task/journal-entry.js'
import type { StateReads } from '../task/state-home.js'
import type { StateRef, StateSnapshot } from '../task/state-record.js'
import type { AgentCalls } from './agent-calls.js'
import type { HandlerHost } from './handler-results.js'
import type { Journal } from './journal.js'
import type { EarlierAttempts } from './resume.js'
import type { TurnEvents, TurnEventsHost } from './turn-events.js'
import type { TurnState } from './turn-state.js'

export interface TurnHost extends TurnEventsHost, HandlerHost {
  readonly log: Logger
  /** What waits here goes by. Default: the system's. */
  readonly clock?: Clock
  /** An earlier attempt has shown that this is a task. */
  readonly taskShown: boolean
  /** What earlier attempts at this turn have shown; undefined for the first. */
  readonly before: EarlierAttempts | undefined
  /** The events of the attempt, as soon as there are any: for snapshots. */
  onEvents?(events: TurnEvents): void
  /** The turn is about to be shown as a task that is WORKING. */
  onBegin?(): void
  /** Makes what was said and journalled so far durable. Rejects when it could not be written. */
  checkpoint(): Promise<void>
  /**
   * The same, tried until it succeeds: before something is shown that the next attempt has to know of.
   *
   * @throws TurnStopped it could not be written before the turn was stopped
   */
  writeAhead(): Promise<void>
  /** False when the turn may be somebody else's by now: a checkpoint tells. Default: it never is. */
  holds?(): boolean
  /** How other agents are reached; undefined where they cannot be. */
  readonly agentCalls?: AgentCalls | undefined
  /** How long a handler may wait in the process before it is left, in milliseconds. Default 30000. */
  readonly suspendAfterMs?: number | undefined
  /** The journal as earlier attempts at this turn have left it. */
  readonly journalBefore: readonly JournalEntry[] | undefined
  /** The journal of the attempt, as soon as there is one: for checkpoints. */
  onJournal?(journal: Journal): void
  /** What the handler of an attempt has called whose state another turn had changed meanwhile. */
  readonly finished?: readonly JournalEntry[] | undefined
  /** Reads the agent's state; undefined where none is kept. */
  readonly readState?: ((ref: StateRef) => Promise<StateSnapshot>) | undefined
  /** What earlier attempts at this turn have read of it. */
  readonly stateBefore?: StateReads | undefined
  /** The state of the attempt, as soon as the handler uses it: for checkpoints. */
  onState?(state: TurnState): void
  /** Resolves when everything has run that can run without waiting for something outside of this process. */
  drained(): Promise<void>
}
