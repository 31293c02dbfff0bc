/** A handler that waits inside a call while nothing of it runs: what is kept of it, and what continues it. */
import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type CallKey, type JournalEntry, sameCall } from './journal-entry.js'
import type { StateReads } from './state-home.js'
import type { TaskRecord, TurnParams } from './task-record.js'

/** The message that a handler was called with, so that it can be called with the same again. */
export interface HandlerOrigin {
  /** Turn in which the handler was first called. */
  readonly turn: number
  /** Index of the message in the task's history. */
  readonly place: number
  readonly params: TurnParams
}

/** A call to another agent that has not been answered yet: all that is needed to ask for the answer, or to cancel it. */
export interface OpenAgentCall {
  /** Id of an agent that is served here, or the URL of one that is served elsewhere. */
  readonly target: string
  /** Makes a repeat find what the first one began. */
  readonly key: string
  readonly tenant: string
  readonly owner: string
  readonly contextId: string
  /** Empty for an agent that has no tasks. */
  readonly taskId: string
  /** The turn of that task that handles the message. */
  readonly turn: number
  /** The message itself, for an agent that has no tasks; of an agent at a URL, the message that it has answered with. */
  readonly message?: MessageJson
  /** Id of the question that the message answers, at a URL: until another one is asked, it is still the old one. */
  readonly question?: string
}

/** What a handler has read of its state before one of its waits: what it wrote then is kept already. */
export interface StateStage {
  /** The call that it waited in. */
  readonly until: CallKey
  readonly reads: StateReads
}

/** What a turn leaves behind whose handler waits: from here the next turn goes on. */
export interface SuspendedHandler {
  readonly origin: HandlerOrigin
  readonly journal: readonly JournalEntry[]
  /** The call that it waits in. */
  readonly at: CallKey
  /** `answer`: the next message continues it. `time`: only time does, and messages wait. */
  readonly until: 'answer' | 'time'
  /** Milliseconds after which it goes on by itself; undefined: never. */
  readonly wakeMs?: number
  /** Milliseconds between two reminders of the question; undefined: none. */
  readonly remindMs?: number
  /** Calls to other agents that are open meanwhile. */
  readonly called?: readonly OpenAgentCall[]
  /** Its state up to here, when it has used any; oldest first. */
  readonly state?: readonly StateStage[]
}

/** The same in the record of its task. Times are ISO 8601, UTC. */
export interface Suspension extends SuspendedHandler {
  readonly wakeAt?: string
  readonly remindAt?: string
}

/** How a suspended handler goes on. */
export interface ResumedHandler {
  readonly suspension: Suspension
  /**
   * `answer`: by a message. `early`: by one that was sent before the question was shown. `time`: by the clock.
   * `canceled`: it does not go on, but the agents that it has called are to be canceled.
   */
  readonly by: 'answer' | 'early' | 'time' | 'canceled'
  /** Index in the task's history of the message that continues it. */
  readonly place?: number
}

/** @param before what the turn went on from: a question that is asked again keeps its time */
export function suspend(before: Suspension | undefined, handler: SuspendedHandler, at: string): Suspension {
  const again = handler.until === 'answer' && before !== undefined && sameCall(before.at, handler.at)
  const wakeAt = again ? before.wakeAt : later(at, handler.wakeMs)
  const remindAt = later(at, handler.remindMs)
  return {
    ...handler,
    ...(wakeAt === undefined ? {} : { wakeAt }),
    ...(remindAt === undefined ? {} : { remindAt }),
  }
}

/** The question was asked once more: the next reminder. */
export function reminded(suspension: Suspension, at: string): Suspension {
  const remindAt = later(at, suspension.remindMs)
  return { ...suspension, ...(remindAt === undefined ? {} : { remindAt }) }
}

/** `remind`: the question is asked once more. `wake`: the handler goes on without a message. */
export interface Alarm {
  readonly type: 'remind' | 'wake'
  /** ISO 8601, UTC. */
  readonly at: string
}

/** What happens next by time alone; undefined when nothing does. */
export function nextAlarm({ suspended, position, cancelRequested }: TaskRecord): Alarm | undefined {
  if (suspended === undefined || !position.ended || cancelRequested) return undefined
  const { wakeAt, remindAt } = suspended
  if (remindAt !== undefined && (wakeAt === undefined || remindAt < wakeAt)) return { type: 'remind', at: remindAt }
  return wakeAt === undefined ? undefined : { type: 'wake', at: wakeAt }
}

/** Its handler waits for another agent, and looks for the answer by time: so it may look earlier, too. */
export function waitsForCall(record: TaskRecord): boolean {
  return record.suspended?.at.kind === 'call' && nextAlarm(record)?.type === 'wake'
}

/** The task is being canceled while its handler waits for other agents: a turn of its own cancels them first. */
export function hasCallsToCancel({ suspended, position, cancelRequested }: TaskRecord): boolean {
  return cancelRequested && position.ended && (suspended?.called?.length ?? 0) > 0
}

function later(at: string, ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(Date.parse(at) + ms).toISOString()
}
