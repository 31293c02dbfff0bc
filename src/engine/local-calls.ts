/** `ctx.call` to agents of the same installation: their tasks are begun, read and canceled through the engine. */
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type Position, START } from '../a2a/cursor.js'
import { A2AError, isA2AError } from '../a2a/errors.js'
import { uuidFrom } from '../a2a/ids.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import type { AgentAnswer, AgentCalls, OutgoingCall } from '../agent/agent-calls.js'
import type { AgentDefinition, AgentDirectory } from '../agent/agent-definition.js'
import { runTurn } from '../agent/run-turn.js'
import { SUSPEND_AFTER_MS } from '../agent/turn-times.js'
import type { Subscription } from '../bus/event-bus.js'
import { taskKey } from '../bus/live-event.js'
import { onAbort } from '../internal/abort.js'
import { type Clock, systemClock, timestamp } from '../internal/clock.js'
import { type Logger, withFields } from '../internal/logger.js'
import { reduce } from '../task/reduce.js'
import type { OpenAgentCall } from '../task/suspension.js'
import { newTaskRecord, type TaskRecord, type TaskRef } from '../task/task-record.js'
import { turnInput } from '../task/turn-input.js'
import type { Engine } from './engine.js'

export interface LocalCallsOptions {
  readonly agents: AgentDirectory
  readonly engine: Engine
  readonly logger: Logger
  /** Agents that are served elsewhere; without it, calls to a URL are refused. */
  readonly remote?: AgentCalls
  /** Default: the system's. */
  readonly clock?: Clock
  /** How long a handler waits in its process for another agent, in milliseconds. Default 30000. */
  readonly suspendAfterMs?: number | undefined
}

/** The longest pause between two looks at a task that is waited for, in milliseconds. */
const MAX_LOOK_MS = 5_000
const FIRST_LOOK_MS = 250

export class LocalCalls implements AgentCalls {
  private readonly options: LocalCallsOptions
  private readonly clock: Clock

  constructor(options: LocalCallsOptions) {
    this.options = options
    this.clock = options.clock ?? systemClock
  }

  async opening(call: OutgoingCall): Promise<OpenAgentCall | undefined> {
    if (isUrl(call.target)) return this.remote().opening(call)
    const { target, key, tenant, owner, contextId, taskId } = call
    if (this.agent(target).run === 'direct') return undefined
    return { target, key, tenant, owner, contextId, taskId: taskId ?? (await uuidFrom(key)), turn: 1 }
  }

  async begin(call: OutgoingCall): Promise<OpenAgentCall> {
    if (isUrl(call.target)) return this.remote().begin(call)
    const { target, key, tenant, owner, contextId, parts, metadata, from } = call
    const agent = this.agent(target)
    const id = await uuidFrom(key)
    const calledBy = from === undefined ? {} : { calledBy: { key: from, at: timestamp(this.clock) } }
    const open = { target, key, tenant, owner }
    const message = {
      messageId: id,
      role: 'ROLE_USER' as const,
      parts: [...parts],
      ...(metadata === undefined ? {} : { metadata }),
    }
    if (agent.run === 'direct') {
      return { ...open, taskId: '', turn: 0, contextId, message: { ...message, contextId } }
    }
    if (call.taskId !== undefined) {
      const { taskId } = call
      const task = await this.options.engine.read({ tenant, agentId: target, taskId })
      if (task === undefined || task.owner !== owner)
        throw new A2AError('TASK_NOT_FOUND', 'Task not found', { metadata: { taskId } })
      const { turn } = await this.options.engine.send(
        { tenant, agentId: target, taskId },
        {
          message: { ...message, taskId, contextId: task.task.contextId ?? '' },
          params: {},
          owner,
          idempotencyKey: key,
          ...calledBy,
        },
      )
      return { ...open, taskId, turn, contextId: task.task.contextId ?? '' }
    }
    await this.options.engine.start(
      {
        tenant,
        agentId: target,
        taskId: id,
        owner,
        contextId,
        message: { ...message, taskId: id, contextId },
        params: {},
        at: timestamp(this.clock),
        ...calledBy,
      },
      agent,
    )
    return { ...open, taskId: id, turn: 1, contextId }
  }

  async answer(
    call: OpenAgentCall,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<AgentAnswer | undefined> {
    if (isUrl(call.target)) return this.remote().answer(call, options)
    if (call.message !== undefined) return this.direct(call, options.signal)
    const { engine } = this.options
    const ref = refOf(call)
    const until = this.clock.now() + options.waitMs
    const subscription = engine.bus.subscribe(taskKey(ref), { statesOnly: true })
    try {
      for (let lookMs = FIRST_LOOK_MS; !options.signal.aborted; lookMs = Math.min(lookMs * 2, MAX_LOOK_MS)) {
        const answer = await this.look(call, ref)
        const leftMs = until - this.clock.now()
        if (answer !== undefined || leftMs <= 0) return answer
        await this.news(subscription, Math.min(leftMs, lookMs), options.signal)
        while (subscription.poll() !== undefined) {}
      }
      return undefined
    } finally {
      engine.bus.unsubscribe(taskKey(ref), subscription)
    }
  }

  async cancel(call: OpenAgentCall): Promise<void> {
    if (isUrl(call.target)) return this.remote().cancel(call)
    if (call.message !== undefined) return
    await this.options.engine.cancel(refOf(call))
  }

  /**
   * A turn of a task has ended. When it has called, and was left because that took long, its handler looks at once in place
   * of at its time. Nothing depends on it.
   */
  async ended({ calledBy, position, task }: TaskRecord): Promise<void> {
    const { engine, logger, suspendAfterMs = SUSPEND_AFTER_MS } = this.options
    if (calledBy === undefined || !isAnswered(task, position)) return
    const tookMs = Date.parse(task.status?.timestamp ?? '') - Date.parse(calledBy.at)
    // Before that, the handler waits in its process and hears of it there. Clocks differ a little.
    if (tookMs < suspendAfterMs / 2) return
    await engine.wake(calledBy.key).catch((error: unknown) => {
      logger.debug({ err: error }, 'a caller could not be told of its answer; it looks by itself')
    })
  }

  /** Resolves when the bus has brought something, the time is over, or the signal aborts. */
  private async news(subscription: Subscription, ms: number, signal: AbortSignal): Promise<void> {
    let stop = () => {}
    let off = () => {}
    const over = new Promise<void>((resolve) => {
      stop = this.clock.timer(resolve, ms)
      off = onAbort(signal, resolve)
    })
    await Promise.race(subscription.outcome === undefined ? [subscription.readable(), over] : [over])
    stop()
    off()
  }

  /** The answer when there is one now. */
  private async look(call: OpenAgentCall, ref: TaskRef): Promise<AgentAnswer | undefined> {
    const reading = await this.options.engine.read(ref).catch((error: unknown) => {
      if (isA2AError(error) && error.reason === 'UNAVAILABLE') return 'later' as const
      throw error
    })
    if (reading === 'later') return undefined
    if (reading === undefined) {
      throw new A2AError('TASK_NOT_FOUND', 'Task not found', { metadata: { taskId: ref.taskId } })
    }
    if (reading.answer !== undefined) return { message: reading.answer }
    const { position, task } = reading
    const answered = position.turn >= call.turn && isAnswered(task, position)
    return answered || isTerminal(stateOf(task)) ? { task } : undefined
  }

  /** An agent without tasks answers in this process, as it does for any caller. */
  private async direct(call: OpenAgentCall, signal: AbortSignal): Promise<AgentAnswer> {
    const { target, tenant, owner, contextId, message = {} } = call
    const at = timestamp(this.clock)
    const fresh = newTaskRecord({ tenant, agentId: target, taskId: '', owner, contextId, message, params: {}, at })
    const [taken] = fresh.inbox
    const input = turnInput(reduce(fresh, { type: 'turnStarted', at }), taken)
    const log = withFields(this.options.logger, { agentId: target })
    const result = await runTurn(this.agent(target), input, {
      attempt: START.attempt,
      signal,
      log,
      graceMs: 0,
      taskShown: false,
      before: undefined,
      writeAhead: async () => {},
      journalBefore: undefined,
      publish: () => {},
      now: () => timestamp(this.clock),
      clock: this.clock,
      newId: () => globalThis.crypto.randomUUID(),
      checkpoint: async () => {},
      drained: async () => {},
      breathe: () => new Promise((resolve) => setTimeout(resolve, 0)),
    })
    return { message: result.answer ?? {} }
  }

  private agent(id: string): AgentDefinition {
    const agent = this.options.agents.get(id)
    if (agent !== undefined) return agent
    throw new A2AError('INVALID_AGENT_RESPONSE', `ctx.call: no agent ${JSON.stringify(id)} is served here`)
  }

  private remote(): AgentCalls {
    if (this.options.remote !== undefined) return this.options.remote
    throw new A2AError('INVALID_AGENT_RESPONSE', 'ctx.call: agents at a URL cannot be called from here')
  }
}

export function isUrl(target: string): boolean {
  return /^https?:\/\//.test(target)
}

function refOf({ tenant, target, taskId }: OpenAgentCall): TaskRef {
  return { tenant, agentId: target, taskId }
}

/** The task has ended, or asks for something. */
function isAnswered(task: TaskJson, position: Position): boolean {
  const state = stateOf(task)
  return position.ended && (isTerminal(state) || isInterrupted(state))
}
