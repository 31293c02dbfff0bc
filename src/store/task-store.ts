/**
 * The read model of tasks in SQL: a copy that serves lists and ended tasks. It decides nothing, and losing it loses lists,
 * not tasks.
 */
import type { ListQuery, TaskPage } from '../task/list-query.js'
import type { TaskRecord } from '../task/task-record.js'

/** What is written of a task: enough of its record to show it again. */
export type Projection = Pick<
  TaskRecord,
  'tenant' | 'agentId' | 'taskId' | 'owner' | 'requestHash' | 'revision' | 'task' | 'position' | 'answer'
> & { readonly createdAt?: string }

export interface TaskStore {
  /**
   * Notes a task's new state. Returns at once and never throws: it is written soon, in any order, and only when it is newer
   * than what is there.
   */
  project(projection: Projection): void
  /** Resolves when everything noted so far is written. */
  flush(): Promise<void>
  /** The record of an ended task; undefined when it is not there, or has not ended as far as is known. */
  ended(key: string): Promise<TaskRecord | undefined>
  /** @throws A2AError UNAVAILABLE the database does not answer */
  list(query: ListQuery): Promise<TaskPage>
  /** Keys of tasks that have not ended, those that were not looked at for longest first. */
  open(limit: number): Promise<string[]>
  /** They were compared with the truth just now. */
  checked(keys: readonly string[]): Promise<void>
  /** Removes a task that does not exist any more. */
  forget(key: string): Promise<void>
  close(): Promise<void>
}
