/** How many tasks a worker keeps in memory while they wait. */

/** Memory of a task that is kept ready to go on, in bytes, roughly. */
const CACHED_TASK_BYTES = 400_000
const MAX_CACHED_TASKS = 500

/**
 * Tasks whose workflow is kept ready to go on; any other is made anew out of its history, in some milliseconds. Most tasks that
 * are kept wait, perhaps for weeks: so no more than a tenth of the heap, and never many.
 */
export function mostCachedTasks(heapBytes: number): number {
  return Math.max(10, Math.min(MAX_CACHED_TASKS, Math.floor(heapBytes / 10 / CACHED_TASK_BYTES)))
}
