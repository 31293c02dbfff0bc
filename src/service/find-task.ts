/** Which task a request means, and whether its caller may see it. The one place where that is decided. */
import { A2AError, taskNotFound, unavailable } from '../a2a/errors.js'
import { mayBeTaskId } from '../a2a/ids.js'
import type { Engine, TaskReading } from '../engine/engine.js'
import { sleep } from '../internal/abort.js'
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
  return visible(ctx, taskId, mayBeTaskId(taskId) ? await engine.read(taskRef(ctx, taskId), ctx.principal) : undefined)
}

function visible(ctx: CallContext, taskId: string, reading: TaskReading | undefined): TaskReading {
  if (reading === undefined || reading.owner !== ctx.principal || reading.answer !== undefined)
    throw taskNotFound(taskId)
  return reading
}

/**
 * How long a task may take to become settled, in milliseconds: a workflow task that was lost with its worker is given to
 * another after the 10 s of its timeout.
 */
const SETTLE_MS = 15_000
/** Pauses between two looks, in milliseconds. */
const FIRST_PAUSE_MS = 5
const MAX_PAUSE_MS = 320

/**
 * As {@link findTask}, for a caller that wants to change the task: the turn that has ended is over for the task too, so that
 * what is asked comes after what the caller was shown. Only how the task stands: it is not to be shown.
 *
 * @throws A2AError UNAVAILABLE nobody has gone on with the task
 */
export async function findSettledTask(engine: Engine, ctx: CallContext, taskId: string): Promise<TaskReading> {
  const end = performance.now() + SETTLE_MS
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    const reading = visible(
      ctx,
      taskId,
      mayBeTaskId(taskId) ? await engine.outline(taskRef(ctx, taskId), ctx.principal) : undefined,
    )
    if (reading.unsettled !== true) return reading
    if (performance.now() > end || ctx.signal.aborted) throw unavailable('The task is between two states; try again')
    await sleep(pauseMs, ctx.signal)
  }
}

/** Refuses a caller that has no stream to be given. */
export function requireStreaming(ctx: CallContext): void {
  if (ctx.agent.streaming) return
  throw new A2AError('UNSUPPORTED_OPERATION', `Agent ${ctx.agent.id} does not support streaming`)
}
