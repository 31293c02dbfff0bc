/**
 * The read model of tasks in SQL: a copy that serves lists and ended tasks. It decides nothing, and losing it loses lists
 * and tasks that Temporal has forgotten, no running task.
 */
import type { LargeValueStore } from '../task/large-values.js'
import type { ListQuery, TaskPage } from '../task/list-query.js'
import type { TaskRecord } from '../task/task-record.js'
import type { UnseenMessages } from '../task/turn-input.js'
import type { PushStore } from './push-store.js'

/** What is written of a task: enough of its record to show it again. */
export type Projection = Pick<
  TaskRecord,
  'tenant' | 'agentId' | 'taskId' | 'owner' | 'requestHash' | 'revision' | 'task' | 'position' | 'answer'
> & {
  readonly createdAt?: string
  /** Messages at the beginning of the history that come without their parts. */
  readonly unseen?: Pick<UnseenMessages, 'count'>
}

/** What it gives is whole; what it is given may have references in place of large values. */
export interface TaskStore extends LargeValueStore {
  /**
   * Notes a task's new state. Returns at once and never throws: it is written soon, in any order, and only when it is newer
   * than what is there.
   *
   * @returns false when too much waits already: it is left out, and {@link reconcile} finds it
   */
  project(projection: Projection): boolean
  /**
   * Resolves when everything noted so far is written.
   *
   * @throws A2AError UNAVAILABLE
   */
  flush(): Promise<void>
  /**
   * The record of an ended task; undefined when it is not there, or has not ended as far as is known.
   *
   * @throws A2AError UNAVAILABLE the database does not answer
   */
  ended(key: string): Promise<TaskRecord | undefined>
  /** `elses`: it is not this owner's, whether it has ended or not. Nothing of its content was read. */
  ended(key: string, owner: string | undefined): Promise<TaskRecord | 'elses' | undefined>
  /** @throws A2AError UNAVAILABLE */
  list(query: ListQuery): Promise<TaskPage>
  /** Webhooks of tasks. */
  readonly push: PushStore
  /** What {@link reconcile} and {@link forgetEndedTasks} need; it throws when the database does not answer. */
  readonly reconciliation: Reconciliation
  /** Writes what is outstanding, if that is possible, and lets go of the database. */
  close(): Promise<void>
}

/** A task that has ended, and when: milliseconds since 1970. */
export interface EndedTask {
  readonly key: string
  readonly endedAt: number
}

export interface Reconciliation {
  /**
   * Takes the next round of comparing upon this process, for `leaseMs`: the others of the installation leave it alone.
   *
   * @returns up to where the store has been compared, milliseconds since 1970 by Temporal's clock, 0 when it never was;
   *   undefined when it is not this process's turn
   */
  begin(leaseMs: number): Promise<number | undefined>
  /** The round goes on for `leaseMs` more. */
  hold(leaseMs: number): Promise<void>
  /** The round is over; the next may begin after `pauseMs`. What came before `until` is compared. */
  end(pauseMs: number, until: number): Promise<void>
  /** Those of the keys whose tasks have not ended as far as is known here, or are not here at all. */
  notEnded(keys: readonly string[]): Promise<string[]>
  /** Those of the keys that are not here at all. */
  absent(keys: readonly string[]): Promise<string[]>
  /** Takes tasks that have not ended to be compared, those that were not looked at for longest first. */
  takeOpen(limit: number): Promise<string[]>
  /**
   * Tasks that ended before `time`, milliseconds since 1970, those that ended first before others. Not one whose webhooks
   * have still something to be told.
   *
   * @param after the last one of the page before
   */
  endedBefore(time: number, limit: number, after?: EndedTask): Promise<EndedTask[]>
  /**
   * Removes a task that does not exist any more, with its webhooks and what they were told.
   *
   * @returns whether it was there
   */
  forget(key: string): Promise<boolean>
  /**
   * Removes some of the large values that no task needs any more.
   *
   * @param until up to when the store has been compared: what came later may belong to tasks that are not here yet
   * @param spanMs how far back it is looked, in milliseconds. Default: to the beginning
   * @returns how many pieces; 0 when there are no more
   */
  forgetLargeValues(until: number, spanMs?: number): Promise<number>
}
