/** GetTask (A2A section 3.1.3), CancelTask (3.1.5) and SubscribeToTask (3.1.6). */
import type {
  CancelTaskRequestJson,
  GetTaskRequestJson,
  SubscribeToTaskRequestJson,
  TaskJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { taskNotCancelable, taskNotFound, unsupportedOperation } from '../a2a/errors.js'
import { mayBeTaskId } from '../a2a/ids.js'
import { PROTOCOL_VERSION } from '../a2a/service-params.js'
import { isTerminal, stateOf } from '../a2a/state.js'
import { limitHistory } from '../a2a/task-view.js'
import { taskKey } from '../bus/live-event.js'
import type { Engine } from '../engine/engine.js'
import type { CallContext } from './call-context.js'
import { findSettledTask, findTask, requireStreaming, taskRef } from './find-task.js'
import { follow, waitFor } from './follow.js'
import { withSubscription } from './listen.js'
import type { ServiceLimits } from './ports.js'
import { resumePosition } from './resume.js'
import type { EventStream } from './stream-step.js'
import { untilTerminal } from './until.js'

export async function getTask(engine: Engine, ctx: CallContext, request: GetTaskRequestJson): Promise<TaskJson> {
  const { task } = await findTask(engine, ctx, request.id ?? '')
  return limitHistory(task, request.historyLength)
}

/** How long CancelTask waits for the handler to stop before it answers with the task as it is, in milliseconds. */
const CANCEL_WAIT_MS = 10_000

/**
 * Answers with the task once it is CANCELED. Canceling a task that was canceled answers the same again.
 *
 * @throws A2AError TASK_NOT_CANCELABLE it has ended otherwise
 */
export async function cancelTask(
  engine: Engine,
  limits: ServiceLimits,
  ctx: CallContext,
  request: CancelTaskRequestJson,
): Promise<TaskJson> {
  const taskId = request.id ?? ''
  if (!mayBeTaskId(taskId)) throw taskNotFound(taskId)
  const ref = taskRef(ctx, taskId)
  return withSubscription(engine, ref, { statesOnly: true }, async (subscription) => {
    const before = await findSettledTask(engine, ctx, taskId)
    if (isTerminal(stateOf(before.task))) return ended((await findTask(engine, ctx, taskId)).task)
    await engine.cancel(ref)
    const waitMs = Math.min(CANCEL_WAIT_MS, limits.blockingMs)
    const answer = await waitFor(engine, ref, { subscription, until: untilTerminal, waitMs, signal: ctx.signal })
    if ('message' in answer) throw taskNotFound(taskId)
    return isTerminal(stateOf(answer.task)) ? ended(answer.task) : answer.task
  })
}

function ended(task: TaskJson): TaskJson {
  const state = stateOf(task)
  if (state !== 'TASK_STATE_CANCELED') throw taskNotCancelable(task.id ?? '', state)
  return task
}

/**
 * First the Task as it is, then its events until it has ended. For a caller that hands back a cursor: what it has missed
 * instead of the Task, also of a task that has ended meanwhile.
 *
 * @throws A2AError UNSUPPORTED_OPERATION it has ended already; before 1.0 the Task is shown all the same
 */
export async function subscribeToTask(
  engine: Engine,
  ctx: CallContext,
  request: SubscribeToTaskRequestJson,
): Promise<EventStream> {
  requireStreaming(ctx)
  const taskId = request.id ?? ''
  if (!mayBeTaskId(taskId)) throw taskNotFound(taskId)
  const ref = taskRef(ctx, taskId)
  const key = taskKey(ref)
  const subscription = engine.bus.subscribe(key)
  try {
    const reading = await findTask(engine, ctx, taskId)
    const after = ctx.lastEventId === undefined ? undefined : resumePosition(ctx.lastEventId, ref, reading)
    const state = stateOf(reading.task)
    if (isTerminal(state) && after === undefined && ctx.version === PROTOCOL_VERSION) {
      throw unsupportedOperation(`Task has ended (${state}); get it instead`, { taskId, state })
    }
    return follow(engine, ref, {
      subscription,
      ...(after === undefined ? { first: reading } : { first: undefined, resume: { after, reading } }),
      until: untilTerminal,
      historyLength: undefined,
      signal: ctx.signal,
    })
  } catch (error) {
    engine.bus.unsubscribe(key, subscription)
    throw error
  }
}
