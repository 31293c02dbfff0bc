/** Canceling so that it can be done again: after a lost answer, or by somebody who does not know that it was done. */
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { isA2AError } from '../../a2a/errors.js'
import { withinOneDeadline } from '../call-scope.js'
import type { Caller } from '../caller.js'
import type { CallOptions } from '../options.js'

/** @throws A2AError TASK_NOT_CANCELABLE the task has ended in another way */
export function cancelTask(caller: Caller, id: string, options: CallOptions): Promise<TaskJson> {
  return withinOneDeadline(options, async (within) => {
    try {
      return await caller.unary('cancelTask', { id }, within)
    } catch (error) {
      if (!isA2AError(error) || error.reason !== 'TASK_NOT_CANCELABLE') throw error
      const task = await caller.unary('getTask', { id }, within)
      if (task.status?.state !== 'TASK_STATE_CANCELED') throw error
      return task
    }
  })
}
