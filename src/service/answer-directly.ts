/** Agents with `run: 'direct'`: the handler answers within the request, and nothing is kept. */
import type { MessageJson, SendMessageRequestJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, taskNotFound } from '../a2a/errors.js'
import { type AgentContext, TurnStopped } from '../agent/agent-context.js'
import { AnswerCollector } from '../agent/answer.js'
import { failureText } from '../agent/failed-turn.js'
import { faultText } from '../agent/handler-fault.js'
import { eachResult, illegal } from '../agent/handler-results.js'
import { IdleTimeout } from '../agent/idle-timeout.js'
import { incomingMessage } from '../agent/incoming-message.js'
import { refusedCalls } from '../agent/refused-calls.js'
import { skillOf } from '../agent/skills.js'
import { onAbort } from '../internal/abort.js'
import { systemClock } from '../internal/clock.js'
import { type Logger, withFields } from '../internal/logger.js'
import { checkMessage, turnParams } from './accept-message.js'
import type { CallContext } from './call-context.js'
import type { Secrets } from './ports.js'

interface DirectParts {
  readonly logger: Logger
  /** The caller reads the answer as a stream. */
  readonly streamed: boolean
}

/**
 * @throws A2AError TASK_NOT_FOUND the message names a task, and such an agent has none
 * @throws A2AError INTERNAL the handler failed
 */
export async function answerDirectly(
  { secrets, ...parts }: DirectParts & { readonly secrets: Secrets },
  ctx: CallContext,
  request: SendMessageRequestJson,
): Promise<MessageJson> {
  const message = request.message ?? {}
  checkMessage(ctx.agent, message)
  if ((message.taskId ?? '') !== '') throw taskNotFound(message.taskId ?? '')
  const call = new DirectCall(ctx, request, message.contextId || secrets.newTaskId(), parts)
  try {
    const { parts, metadata } = await call.answer()
    return {
      messageId: secrets.newTaskId(),
      contextId: call.contextId,
      role: 'ROLE_AGENT',
      parts: [...parts],
      ...(metadata === undefined ? {} : { metadata }),
    }
  } catch (thrown) {
    const error = call.idleFailure ?? thrown
    if (faultText(error) !== undefined) throw error
    throw new A2AError('INTERNAL', failureText(error), { cause: error })
  } finally {
    call.end()
  }
}

/** One call of the handler, and what the handler sees of it. Signal and deadline are made only when they are needed. */
class DirectCall {
  readonly contextId: string
  private readonly ctx: CallContext
  private readonly request: SendMessageRequestJson
  private readonly parts: DirectParts
  private idle: IdleTimeout | undefined
  private release: (() => void) | undefined

  constructor(ctx: CallContext, request: SendMessageRequestJson, contextId: string, parts: DirectParts) {
    this.ctx = ctx
    this.request = request
    this.contextId = contextId
    this.parts = parts
  }

  async answer(): Promise<AnswerCollector['content']> {
    const { agent } = this.ctx
    const collected = new AnswerCollector(agent)
    const returned = agent.handler(incomingMessage(this.request.message ?? {}), this.context())
    if (typeof returned === 'string') {
      collected.take(returned, true)
    } else {
      const host = {
        signal: this.signal,
        graceMs: 0,
        breathe: () => new Promise<void>((resolve) => setTimeout(resolve, 0)),
      }
      await eachResult(returned, host, (given, last) => {
        this.idle?.progress()
        collected.take(given, last)
      })
    }
    return collected.content
  }

  /** The handler was stopped because it made no progress. */
  get idleFailure(): Error | undefined {
    return this.idle?.failure(this.ctx.agent.id)
  }

  end(): void {
    this.release?.()
  }

  /** Aborts when the caller has gone, the agent's deadline has passed or it makes no progress. */
  private get signal(): AbortSignal {
    if (this.idle !== undefined) return this.idle.signal
    const stop = new AbortController()
    const stopDeadline = systemClock.timer(() => stop.abort(new TurnStopped('deadline')), this.ctx.agent.deadlineMs)
    const off = onAbort(this.ctx.signal, () => stop.abort(new TurnStopped('canceled')))
    const idle = new IdleTimeout(stop.signal, this.ctx.agent.idleTimeoutMs)
    this.idle = idle
    this.release = () => {
      stopDeadline()
      off()
      idle.release()
    }
    return idle.signal
  }

  private context(): AgentContext {
    const call = this
    const { agent, principal, tenant, roles = [] } = this.ctx
    const {
      metadata = {},
      acceptedOutputModes = [],
      extensions = [],
    } = turnParams(this.ctx, this.request, this.parts.streamed)
    return {
      get signal() {
        return call.signal
      },
      taskId: '',
      contextId: this.contextId,
      task: { contextId: this.contextId },
      skill: skillOf(agent, this.request.message ?? {}, []),
      history: [],
      metadata,
      acceptedOutputModes,
      streamed: this.parts.streamed,
      extensions,
      attempt: 1,
      resume: undefined,
      turn: 1,
      caller: { principal, tenant, roles },
      get log() {
        return withFields(call.parts.logger, { agentId: agent.id, contextId: call.contextId })
      },
      ...refusedCalls(agent),
      emit: () => Promise.reject(illegal(agent.id, `emitted an event, but it declares answers: 'message'`)),
    }
  }
}
