/** Removes a task that has ended, from Temporal and then from the store: the other way round it would be written down again. */
import type { ConnectionLike } from '@temporalio/client'
import { taskKey } from '../bus/live-event.js'
import type { TaskRef } from '../task/task-record.js'
import { deleteTask } from '../temporal/delete-task.js'
import type { TemporalParts } from './temporal-parts.js'

/**
 * @returns `running`: it goes on, and nothing was done
 * @throws A2AError UNAVAILABLE Temporal or the store does not answer; trying again is safe
 */
export async function removeTask(
  parts: Pick<TemporalParts<ConnectionLike>, 'client' | 'reachability' | 'store'>,
  task: TaskRef,
): Promise<'running' | 'absent' | 'removed'> {
  const key = taskKey(task)
  const found = await deleteTask(parts, key)
  if (found === 'running') return found
  const stored = await parts.store.reconciliation.forget(key)
  return stored || found === 'deleted' ? 'removed' : 'absent'
}
