/** A handler that waits inside a call while nothing of it runs: what is kept of it, and what continues it. */
import { type CallKey, type JournalEntry, sameCall } from './journal-entry.js'
import type { TaskRecord, TurnParams } from './task-record.js'

/** The message that a handler was called with, so that it can be called with the same again. */
export interface HandlerOrigin {
  /** Turn in which the handler was first called. */
  readonly turn: number
  /** Index of the message in the task's history. */
  readonly place: number
  readonly params: TurnParams
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
}

/** The same in the record of its task. Times are ISO 8601, UTC. */
export interface Suspension extends SuspendedHandler {
  readonly wakeAt?: string
  readonly remindAt?: string
}

/** How a suspended handler goes on. */
export interface ResumedHandler {
  readonly suspension: Suspension
  /** `answer`: by a message. `early`: by one that was sent before the question was shown. `time`: by the clock. */
  readonly by: 'answer' | 'early' | 'time'
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

function later(at: string, ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(Date.parse(at) + ms).toISOString()
}
