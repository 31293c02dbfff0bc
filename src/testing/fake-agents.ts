/** Other agents that a test stands in for, and how the handler under test reaches them. */

import { A2AError } from '../a2a/errors.js'
import type { AgentCalls, OutgoingCall } from '../agent/agent-calls.js'
import { type AgentDefinition, agent, type Handler } from '../agent/agent-definition.js'
import type { IncomingMessage } from '../agent/incoming-message.js'
import type { OpenAgentCall } from '../task/suspension.js'
import type { TaskRef } from '../task/task-record.js'

/** An agent that a test stands in for. */
export interface FakeAgent {
  /** What it was sent, oldest first. */
  readonly messages: readonly IncomingMessage[]
}

export class FakeAgents {
  private readonly agents: Map<string, AgentDefinition>
  /** Ids by what `ctx.call` names. */
  private readonly ids = new Map<string, string>()
  /** Calls that are waited for, by their keys. */
  private readonly awaited = new Map<string, number>()

  /** @param agents that are served together; fakes are added to them */
  constructor(agents: Map<string, AgentDefinition>) {
    this.agents = agents
  }

  add(target: string, answer: string | Handler): FakeAgent {
    const id = this.ids.get(target) ?? (isUrl(target) ? `fake-${this.ids.size + 1}` : target)
    const messages: IncomingMessage[] = []
    const handler: Handler = (message, ctx) => {
      if (!messages.some(({ messageId }) => messageId === message.messageId)) messages.push(message)
      return typeof answer === 'string' ? answer : answer(message, ctx)
    }
    this.agents.set(id, agent({ id, retry: { maxAttempts: 1 } }, handler))
    this.ids.set(target, id)
    return { messages }
  }

  /** Whether all that the task's turn waits for is another agent. */
  isAwaitedBy({ tenant, agentId, taskId }: TaskRef): boolean {
    const prefix = `${tenant}/${agentId}/${taskId}/`
    return [...this.awaited.keys()].some((key) => key.startsWith(prefix))
  }

  /** What stands between the handlers and the engine that runs the agents. */
  wrap(calls: AgentCalls): AgentCalls {
    return {
      opening: (call) => calls.opening({ ...call, target: this.idOf(call) }),
      begin: (call) => calls.begin({ ...call, target: this.idOf(call) }),
      answer: async (call, options) => {
        this.count(call, 1)
        try {
          return await calls.answer(call, options)
        } finally {
          this.count(call, -1)
        }
      },
      cancel: (call) => calls.cancel(call),
    }
  }

  private count({ key }: OpenAgentCall, by: number): void {
    const count = (this.awaited.get(key) ?? 0) + by
    if (count === 0) this.awaited.delete(key)
    else this.awaited.set(key, count)
  }

  private idOf({ target }: OutgoingCall): string {
    const id = this.ids.get(target) ?? target
    if (this.agents.has(id)) return id
    const name = JSON.stringify(target)
    throw new A2AError('INVALID_AGENT_RESPONSE', `ctx.call: the test knows no agent ${name}; add t.fake(${name}, …)`)
  }
}

function isUrl(target: string): boolean {
  return /^https?:\/\//.test(target)
}
