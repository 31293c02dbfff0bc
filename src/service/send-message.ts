/** SendMessage (A2A section 3.1.1) and SendStreamingMessage (3.1.2). */
import type { SendMessageRequestJson, SendMessageResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { stateOf } from '../a2a/state.js'
import { limitHistory } from '../a2a/task-view.js'
import { taskKey } from '../bus/live-event.js'
import type { Logger } from '../internal/logger.js'
import { prepareMessage } from './accept-message.js'
import { answerDirectly } from './answer-directly.js'
import type { CallContext } from './call-context.js'
import { requireStreaming } from './find-task.js'
import { follow, waitFor } from './follow.js'
import { withSubscription } from './listen.js'
import type { ServiceLimits } from './ports.js'
import type { PushParts } from './push-configs.js'
import { type EventStream, onlyStep } from './stream-step.js'
import { untilAnswered, untilBegun, untilStreamed } from './until.js'

interface SendParts extends PushParts {
  readonly limits: ServiceLimits
  readonly logger: Logger
}

/** Time that is left for the answer itself when a caller has set a deadline. */
const ANSWER_MS = 100

/**
 * Waits until the task has ended or waits for its caller, unless `returnImmediately`: then it answers after the durable
 * acceptance. When the time is over, the answer is the task as it is.
 */
export async function sendMessage(
  parts: SendParts,
  ctx: CallContext,
  request: SendMessageRequestJson,
): Promise<SendMessageResponseJson> {
  const { engine, secrets, limits, logger } = parts
  if (ctx.agent.run === 'direct')
    return { message: await answerDirectly({ secrets, logger, streamed: false }, ctx, request) }
  const delivery = await prepareMessage(parts, ctx, request, { streamed: false })
  const historyLength = request.configuration?.historyLength
  const immediate = request.configuration?.returnImmediately === true && ctx.agent.answers !== 'message'
  // Whether it is a task at all is known with the agent's first result.
  const undecided = immediate && ctx.agent.answers === 'either'
  return withSubscription(engine, delivery.ref, { statesOnly: !undecided }, async (subscription) => {
    const { turn, reading } = await delivery.deliver()
    if (reading?.answer !== undefined) return { message: reading.answer }
    if (immediate && (!undecided || turn > 1)) {
      const task = reading?.task ?? (await engine.read(delivery.ref))?.task ?? {}
      return { task: limitHistory(task, historyLength) }
    }
    const until = undecided ? untilBegun(turn) : untilAnswered(turn)
    if (reading !== undefined && until(stateOf(reading.task), reading.position)) {
      return { task: limitHistory(reading.task, historyLength) }
    }
    const waitMs = Math.min(limits.blockingMs, Math.max(0, (ctx.deadline ?? Infinity) - Date.now() - ANSWER_MS))
    const answer = await waitFor(engine, delivery.ref, { subscription, until, waitMs, signal: ctx.signal })
    return 'message' in answer ? answer : { task: limitHistory(answer.task, historyLength) }
  })
}

/** First the Task, then its events until it ends or waits for input; or the one Message of the agent. */
export async function sendStreamingMessage(
  parts: SendParts,
  ctx: CallContext,
  request: SendMessageRequestJson,
): Promise<EventStream> {
  const { engine, secrets, logger } = parts
  requireStreaming(ctx)
  if (ctx.agent.run === 'direct') {
    return onlyStep({ event: { message: await answerDirectly({ secrets, logger, streamed: true }, ctx, request) } })
  }
  const delivery = await prepareMessage(parts, ctx, request, { streamed: true })
  const key = taskKey(delivery.ref)
  const subscription = engine.bus.subscribe(key)
  try {
    const { turn, reading } = await delivery.deliver()
    if (reading?.answer !== undefined) {
      engine.bus.unsubscribe(key, subscription)
      return onlyStep({ event: { message: reading.answer } })
    }
    const undecided = ctx.agent.answers !== 'task' && reading !== undefined && reading.position.seq === 0
    const first = undecided ? undefined : (reading ?? (await engine.read(delivery.ref)))
    return follow(engine, delivery.ref, {
      subscription,
      first,
      ...(undecided ? { unseen: reading } : {}),
      until: untilStreamed(turn),
      historyLength: request.configuration?.historyLength,
      signal: ctx.signal,
    })
  } catch (error) {
    engine.bus.unsubscribe(key, subscription)
    throw error
  }
}
