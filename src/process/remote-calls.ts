/** `ctx.call` to agents at a URL, with the client that any caller may use. */

import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type A2AErrorReason, isA2AError } from '../a2a/errors.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import type { AgentAnswer, AgentCalls, OutgoingCall } from '../agent/agent-calls.js'
import type { AgentClient } from '../client/agent-client.js'
import { connect } from '../client/connect.js'
import type { Run } from '../client/run/run.js'
import { uuidOf } from '../engine/local-calls.js'
import { Lru } from '../internal/lru.js'
import type { OpenAgentCall } from '../task/suspension.js'

/** Clients that are kept, so that a card is not fetched for every call. */
const MAX_CLIENTS = 100
/** The longest an agent may take to accept a message, in milliseconds. */
const ACCEPT_MS = 30_000
/** The longest one look at a task may take, in milliseconds. */
const LOOK_MS = 10_000
/** Calls that have begun and wait for nobody yet. */
const MAX_BEGUN = 1_000
/** There is no answer now, but there may be one later. */
const NOT_NOW: ReadonlySet<A2AErrorReason> = new Set<A2AErrorReason>([
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
])

export class RemoteCalls implements AgentCalls {
  private readonly clients = new Lru<string, Promise<AgentClient>>(MAX_CLIENTS)
  private readonly begun = new Lru<string, Run>(MAX_BEGUN)

  async begin({ target, key, tenant, owner, parts, metadata, taskId }: OutgoingCall): Promise<OpenAgentCall> {
    const client = await this.client(target)
    const id = await uuidOf(key)
    const run = await client.stream(
      { parts, messageId: id, ...(metadata === undefined ? {} : { metadata }) },
      { idempotencyKey: id, timeoutMs: ACCEPT_MS, ...(taskId === undefined ? {} : { taskId }) },
    )
    const { message } = run
    if (message === undefined) this.begun.set(key, run)
    return {
      target,
      key,
      tenant,
      owner,
      contextId: run.contextId ?? '',
      taskId: run.taskId ?? '',
      turn: 0,
      ...(message === undefined ? {} : { reply: message }),
    }
  }

  async answer(
    { target, key, taskId, reply }: OpenAgentCall,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<AgentAnswer | undefined> {
    if (reply !== undefined) return { message: reply }
    const client = await this.client(target)
    const until = Date.now() + waitMs
    // A run that was just begun shows what comes of its message; the task itself may not know of the message yet.
    const begun = this.begun.get(key)
    this.begun.delete(key)
    try {
      if (begun === undefined) {
        const task = await client.getTask({ id: taskId }, { signal, timeoutMs: LOOK_MS })
        if (isAnswered(task)) return { task }
      }
      const leftMs = until - Date.now()
      if (leftMs <= 0) return undefined
      const { task, message } = await (begun ?? client.resume(taskId)).result({ signal, timeoutMs: leftMs })
      if (message !== undefined) return { message }
      return task !== undefined && isAnswered(task) ? { task } : undefined
    } catch (error) {
      if (signal.aborted || (isA2AError(error) && NOT_NOW.has(error.reason))) return undefined
      throw error
    }
  }

  async cancel({ target, taskId }: OpenAgentCall): Promise<void> {
    if (taskId === '') return
    const client = await this.client(target)
    try {
      await client.cancelTask({ id: taskId }, { timeoutMs: ACCEPT_MS })
    } catch (error) {
      if (!isA2AError(error) || error.reason !== 'TASK_NOT_CANCELABLE') throw error
    }
  }

  private client(target: string): Promise<AgentClient> {
    const known = this.clients.get(target)
    if (known !== undefined) return known
    const made = connect(target)
    this.clients.set(target, made)
    // One that could not be reached may be there the next time.
    made.catch(() => this.clients.delete(target))
    return made
  }
}

function isAnswered(task: TaskJson): boolean {
  return isTerminal(stateOf(task)) || isInterrupted(stateOf(task))
}
