/** `ctx.call` to agents at a URL: through the client, once per key, and waited for over as many connections as it takes. */
import { A2AError, isA2AError } from '../a2a/errors.js'
import { uuidFrom } from '../a2a/ids.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'
import type { AgentAnswer, AgentCalls, OutgoingCall } from '../agent/agent-calls.js'
import type { AgentClient } from '../client/agent-client.js'
import { connect } from '../client/connect.js'
import type { ConnectOptions } from '../client/options.js'
import type { Run } from '../client/run/run.js'
import { sleep } from '../internal/abort.js'
import { Lru } from '../internal/lru.js'
import type { OpenAgentCall } from '../task/suspension.js'

export interface RemoteCallsOptions {
  /** How an agent is connected to: credentials above all. Default: without. */
  readonly connectOptions?: ((url: string) => ConnectOptions) | undefined
}

/** Clients that are kept. */
const MAX_CLIENTS = 100
/** Milliseconds without success after which a call is the caller's to try again: it has a journal, this has not. */
const GIVE_UP_MS = 10_000
/** Milliseconds in which an agent has to take a message. */
const TAKE_MS = 60_000
/** Milliseconds in which an agent has to say how a task is. */
const ONE_LOOK_MS = 10_000
/** Milliseconds between two looks at a task that still shows the question that was answered. */
const LOOK_MS = 500

export class RemoteCalls implements AgentCalls {
  private readonly options: RemoteCallsOptions
  private readonly clients = new Lru<string, Promise<AgentClient>>(MAX_CLIENTS)

  constructor(options: RemoteCallsOptions = {}) {
    this.options = options
  }

  /** The agent gives its task an id of its own, unless the call continues one. */
  async opening({ target, key, tenant, owner, taskId, contextId }: OutgoingCall): Promise<OpenAgentCall | undefined> {
    return taskId === undefined ? undefined : { target, key, tenant, owner, contextId, taskId, turn: 0 }
  }

  async begin(call: OutgoingCall): Promise<OpenAgentCall> {
    const { target, key, tenant, owner, parts, metadata, taskId } = call
    const bot = await this.client(target)
    const open = { target, key, tenant, owner, turn: 0 }
    const question = taskId === undefined ? undefined : questionIn(await seen(bot, taskId))
    const content = { parts, ...(metadata === undefined ? {} : { metadata }), messageId: await uuidFrom(key) }
    const more = taskId === undefined ? {} : { taskId }
    const run = await bot.stream(content, { ...more, idempotencyKey: key, timeoutMs: TAKE_MS })
    try {
      const { message, contextId = '' } = run
      if (message !== undefined) return { ...open, taskId: '', contextId, message }
      if (run.taskId === undefined) throw new A2AError('INVALID_AGENT_RESPONSE', `${target} answered without a task`)
      return { ...open, taskId: run.taskId, contextId, ...(question === undefined ? {} : { question }) }
    } finally {
      run.close()
    }
  }

  async answer(
    call: OpenAgentCall,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<AgentAnswer | undefined> {
    if (call.message !== undefined) return { message: call.message }
    const until = Date.now() + waitMs
    try {
      const bot = await this.client(call.target)
      // However short the wait is, the task is looked at once.
      const task = await bot.getTask({ id: call.taskId }, { signal, timeoutMs: ONE_LOOK_MS })
      if (isAnswer({ state: task.status?.state, task }, call)) return { task }
      while (!signal.aborted && Date.now() < until) {
        const run = bot.resume(call.taskId)
        const timeoutMs = Math.max(1, until - Date.now())
        for await (const _ of run.events({ signal, timeoutMs })) if (isAnswer(run, call)) break
        if (isAnswer(run, call)) return { task: run.task ?? {} }
        await sleep(Math.min(LOOK_MS, Math.max(0, until - Date.now())), signal)
        if (Date.now() >= until) return undefined
      }
      return undefined
    } catch (error) {
      if (signal.aborted || (isA2AError(error) && LATER.has(error.reason))) return undefined
      throw error
    }
  }

  async cancel({ target, taskId, message }: OpenAgentCall): Promise<void> {
    if (message !== undefined) return
    const bot = await this.client(target)
    await bot.cancelTask({ id: taskId }).catch((error: unknown) => {
      if (!isA2AError(error) || !OVER.has(error.reason)) throw error
    })
  }

  /** One that could not be made is not kept. */
  private client(url: string): Promise<AgentClient> {
    const known = this.clients.get(url)
    if (known !== undefined) return known
    const options = this.options.connectOptions?.(url) ?? {}
    const made = connect(url, { ...options, retry: { giveUpMs: GIVE_UP_MS, ...options.retry } })
    made.catch(() => this.clients.delete(url))
    this.clients.set(url, made)
    return made
  }
}

/** Nothing is known yet; the caller looks again. */
const LATER: ReadonlySet<string> = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'DEADLINE_EXCEEDED', 'REQUEST_TIMEOUT'])
/** There is nothing left to cancel. */
const OVER: ReadonlySet<string> = new Set(['TASK_NOT_CANCELABLE', 'TASK_NOT_FOUND', 'UNSUPPORTED_OPERATION'])

function isAnswer({ state, task }: Pick<Run, 'state' | 'task'>, { question }: OpenAgentCall): boolean {
  if (isTerminal(state)) return true
  return isInterrupted(state) && (question === undefined || questionIn(task) !== question)
}

/** What the task asks now, so that it is not taken for what it asks after the answer. */
function questionIn(task: Run['task']): string | undefined {
  return task?.status?.message?.messageId
}

function seen(bot: AgentClient, id: string): Promise<NonNullable<Run['task']>> {
  return bot.getTask({ id, historyLength: 0 })
}
