/** Which task a request means, and whether its caller may see it. The one place where that is decided. */
import { A2AError, taskNotFound } from '../a2a/errors.js'
import { mayBeTaskId } from '../a2a/ids.js'
import type { Engine, TaskReading } from '../engine/engine.js'
import type { TaskRef } from '../task/task-record.js'
import type { CallContext } from './call-context.js'

export function taskRef(ctx: CallContext, taskId: string): TaskRef {
  return { tenant: ctx.tenant, agentId: ctx.agent.id, taskId }
}

/**
 * The task, when it exists, is this caller's, and is a task at all.
 *
 * @throws A2AError TASK_NOT_FOUND the same for all three
 */
export async function findTask(engine: Engine, ctx: CallContext, taskId: string): Promise<TaskReading> {
  const reading = mayBeTaskId(taskId) ? await engine.read(taskRef(ctx, taskId)) : undefined
  if (reading === undefined || reading.owner !== ctx.principal || reading.answer !== undefined)
    throw taskNotFound(taskId)
  return reading
}

/** Refuses a caller that has no stream to be given. */
export function requireStreaming(ctx: CallContext): void {
  if (ctx.agent.streaming) return
  throw new A2AError('UNSUPPORTED_OPERATION', `Agent ${ctx.agent.id} does not support streaming`)
}
