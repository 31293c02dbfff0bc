/** `ctx.call`: hands a message to another agent, and waits for what comes of it, in the process and out of it. */
import { isA2AError } from '../a2a/errors.js'
import { taskKey } from '../bus/live-event.js'
import { wellFormed } from '../internal/well-formed.js'
import type { OpenAgentCall, Suspension } from '../task/suspension.js'
import {
  type AgentCalls,
  type CallResult,
  callResult,
  type KeptAnswer,
  type KeptFailure,
  keptAnswer,
  type OutgoingCall,
} from './agent-calls.js'
import type { CallOptions, Question } from './agent-context.js'
import { cut, refusal } from './durable-call-errors.js'
import { illegal } from './handler-results.js'
import { type NewOutcome, type OpenCall, stopped, stopReason } from './journal.js'
import type { DurableCallsHost, OpenCalls } from './open-calls.js'

/** How long a handler that comes back to look for an answer waits for it, at most. */
const LOOK_AGAIN_MS = 500
/** The pauses between two looks, as parts of the wait before the first: they double from a sixth up to four times. */
const FIRST_PAUSE = 1 / 6
const MAX_PAUSE = 4
/** Pause between two tries to hand a message over. */
const CALL_RETRY_MS = 1_000

export class CallsToAgents {
  private readonly host: DurableCallsHost
  private readonly calls: OpenCalls

  constructor(host: DurableCallsHost, calls: OpenCalls) {
    this.host = host
    this.calls = calls
  }

  async call(target: string, message: Question, options: CallOptions): Promise<CallResult> {
    this.calls.mayCall('call')
    const call = await this.host.journal.begin('call', target)
    if (call.outcome === undefined) await this.callAgent(call, message, options)
    return callResult(this.calls.valueGiven(call) as KeptAnswer)
  }

  private async callAgent(call: OpenCall, message: Question, { taskId, metadata }: CallOptions): Promise<void> {
    const { agent, agentCalls, input, origin, signal } = this.host
    if (agentCalls === undefined)
      throw illegal(agent.id, 'called ctx.call, but no other agent can be reached from here')
    const outgoing: OutgoingCall = {
      target: call.name,
      key: `${input.tenant}/${input.agentId}/${input.taskId}/${origin.turn}/${call.ordinal}/${call.name}`,
      parts: wellFormed(this.calls.partsOf('call', message)),
      contextId: input.task.contextId ?? '',
      owner: input.owner,
      tenant: input.tenant,
      from: taskKey(input),
      ...(taskId === undefined ? {} : { taskId }),
      ...(metadata === undefined ? {} : { metadata: wellFormed(metadata) }),
    }
    try {
      const open = call.open ?? (await this.calls.busy(() => this.handOver(call, agentCalls, outgoing)))
      this.calls.called.set(call, open)
      const again = this.lookedBefore(outgoing.key)
      const { suspendAfterMs } = this.host
      const waitMs = again === undefined ? suspendAfterMs : Math.min(LOOK_AGAIN_MS, suspendAfterMs)
      const resume = this.host.pause()
      const answer = await agentCalls.answer(open, { waitMs, signal })
      resume()
      signal.throwIfAborted()
      if (answer === undefined) {
        const pauseMs = again?.wakeMs === undefined ? suspendAfterMs * FIRST_PAUSE : again.wakeMs * 2
        const wakeMs = Math.ceil(Math.min(pauseMs, suspendAfterMs * MAX_PAUSE))
        return await this.calls.suspend(call, { until: 'time', wakeMs })
      }
      const kept = keptAnswer(call.name, answer)
      this.calls.called.delete(call)
      await this.calls.process(call, async () =>
        'value' in kept ? this.calls.kept(call, kept.value) : failedCall(kept),
      )
    } catch (error) {
      await this.afterCallError(call, agentCalls, error)
    }
  }

  /** The suspension in which the handler has left this call to wait for it, when it comes back by time. */
  private lookedBefore(key: string): Suspension | undefined {
    const { resumed } = this.host.input
    const { suspension } = resumed ?? {}
    const open = suspension?.at.kind === 'call' && suspension.called?.some((each) => each.key === key)
    return resumed?.by === 'time' && open ? suspension : undefined
  }

  /** What an agent does not take, it would not take again. */
  private async afterCallError(call: OpenCall, agentCalls: AgentCalls, error: unknown): Promise<void> {
    const { signal, log, journal } = this.host
    if (signal.aborted) {
      const { open } = call
      if (stopReason(signal) === 'canceled' && open !== undefined) {
        await agentCalls
          .cancel(open)
          .catch((cause: unknown) => log.warn({ err: cause }, 'called task was not canceled'))
      }
      return stopped(signal)
    }
    if (!isA2AError(error) || call.outcome !== undefined) throw error
    this.calls.called.delete(call)
    await this.calls.busy(() => journal.settle(call, { error: refusal(error) }))
  }

  /** Once it is written down that the agent has the message, it is never sent again. */
  private async handOver(call: OpenCall, agentCalls: AgentCalls, outgoing: OutgoingCall): Promise<OpenAgentCall> {
    const opening = await agentCalls.opening(outgoing)
    if (opening !== undefined) await this.host.journal.opening(call, opening)
    const open = await this.send(agentCalls, outgoing)
    await this.host.journal.opened(call, open)
    return open
  }

  private async send(agentCalls: AgentCalls, outgoing: OutgoingCall): Promise<OpenAgentCall> {
    const { signal, log, clock } = this.host
    for (;;) {
      try {
        return await agentCalls.begin(outgoing)
      } catch (error) {
        signal.throwIfAborted()
        if (!isA2AError(error) || error.reason !== 'UNAVAILABLE') throw error
        log.warn({ err: error, agent: outgoing.target }, 'agent cannot be reached, will be tried again')
      }
      await clock.pause(CALL_RETRY_MS, signal)
      signal.throwIfAborted()
    }
  }
}

function failedCall({ failure, said }: { failure: KeptFailure; said: string }): NewOutcome {
  return { error: { name: 'CalledTaskError', message: cut(said), code: failure.state, details: failure } }
}
