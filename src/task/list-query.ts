/** What ListTasks asks for, after validation, and its order: status time descending, then task id descending. */
import type { TaskJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/** Limits of A2A section 3.1.4. */
export const DEFAULT_PAGE_SIZE = 50
export const MAX_PAGE_SIZE = 100

/** How long a walk through the pages may take, in milliseconds: so long are places kept that tasks have left. */
export const MAX_WALK_MS = 3_600_000

export interface ListFilter {
  readonly tenant: string
  readonly agentId: string
  readonly owner: string
  readonly contextId?: string
  readonly state?: TaskStateJson
  /** Milliseconds since 1970; inclusive. */
  readonly statusTimeFrom?: number
}

/** Where a page ends, so that the next one begins behind it. */
export interface ListPlace {
  /**
   * The number of the latest change when the walk began. A task whose status changes during the walk is still listed at
   * the place it had then, so a walk never loses a task.
   */
  readonly asOf: number
  readonly statusTime: number
  readonly taskId: string
  /** Tasks that matched the filter when the walk began. */
  readonly totalSize: number
}

export interface ListQuery {
  readonly filter: ListFilter
  readonly pageSize: number
  readonly after?: ListPlace
  readonly includeArtifacts: boolean
  readonly historyLength?: number
}

export interface TaskPage {
  readonly tasks: readonly TaskJson[]
  /** Undefined on the last page. */
  readonly next?: ListPlace
  /** All tasks that matched the filter when the walk began. */
  readonly totalSize: number
}
