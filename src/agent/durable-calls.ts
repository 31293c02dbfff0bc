/** The durable calls of `ctx`: what each of them does when the journal lets it through. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { isA2AError } from '../a2a/errors.js'
import type { Clock } from '../internal/clock.js'
import { type Duration, durationMs } from '../internal/duration.js'
import type { Logger } from '../internal/logger.js'
import { type CallKind, describeCall, sameCall } from '../task/journal-entry.js'
import { tooLarge } from '../task/may-continue.js'
import type { HandlerOrigin, OpenAgentCall, SuspendedHandler, Suspension } from '../task/suspension.js'
import type { TurnInput } from '../task/turn-input.js'
import {
  type AgentCalls,
  type CallResult,
  callResult,
  type KeptAnswer,
  type KeptFailure,
  keptAnswer,
  type OutgoingCall,
} from './agent-calls.js'
import type { AgentContext, AskOptions, CallOptions, Question, StepContext, StepOptions } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import { ApprovalDenied, AskTimeout, cut, fromCallError, toCallError } from './durable-call-errors.js'
import { illegal } from './handler-results.js'
import { type IncomingMessage, incomingMessage } from './incoming-message.js'
import { type Journal, type NewOutcome, type OpenCall, stopped, stopReason } from './journal.js'
import { notKeepable } from './journal-value.js'
import { type ReadAnswer, readApproval, readBySchema } from './read-answer.js'
import { currentStep, insideStep } from './step-scope.js'

export interface DurableCallsHost {
  readonly agent: AgentDefinition
  readonly input: TurnInput
  readonly origin: HandlerOrigin
  readonly journal: Journal
  readonly signal: AbortSignal
  readonly log: Logger
  readonly clock: Clock
  /** How other agents are reached; undefined where they cannot be. */
  readonly agentCalls: AgentCalls | undefined
  /** How long the handler may wait in the process before it is left, in milliseconds. */
  readonly suspendAfterMs: number
  /** Whether the task may keep so many bytes more. */
  fits(bytes: number): boolean
  /** The silence that follows is no idleness, until the way back is called. */
  pause(): () => void
  /** Ends the turn: the handler waits, and nothing of it runs on. */
  suspend(handler: SuspendedHandler, question?: readonly PartJson[]): void
}

export type Calls = Pick<AgentContext, CallKind>

/** How long a handler may wait in the process, for a sleep or for another agent, before it is left, in milliseconds. */
export const SUSPEND_AFTER_MS = 30_000
const MIN_REMINDER_MS = 100
/** How long a handler that comes back to look for an answer waits for it, at most. */
const LOOK_AGAIN_MS = 500
/** The pauses between two looks, as parts of the wait before the first: they double from a sixth up to four times. */
const FIRST_PAUSE = 1 / 6
const MAX_PAUSE = 4
/** Pause between two tries to hand a message over. */
const CALL_RETRY_MS = 1_000
const MAX_NAME = 200

interface Suspending {
  readonly call: OpenCall
  readonly how: Pick<SuspendedHandler, 'until' | 'wakeMs' | 'remindMs'>
  readonly question: readonly PartJson[] | undefined
}

export class DurableCalls implements Calls {
  private readonly host: DurableCallsHost
  /** Calls that are being done in this process. */
  private running = 0
  /** The call that the handler is about to wait in. */
  private suspending: Suspending | undefined
  /** Calls to other agents that have begun and have no answer. */
  private readonly called = new Map<OpenCall, OpenAgentCall>()

  constructor(host: DurableCallsHost) {
    this.host = host
  }

  step = <Value>(
    name: string,
    work: (step: StepContext) => Value | Promise<Value>,
    options: StepOptions = {},
  ): Promise<Value> => handled(this.runStep(name, work, options))

  ask = (question: Question, options: AskOptions & { schema?: StandardSchemaV1 } = {}): Promise<never> => {
    const { schema } = options
    const read = async (answer: IncomingMessage) =>
      schema === undefined ? { value: answer } : readBySchema(schema, answer)
    return handled(this.question('ask', question, options, read)) as Promise<never>
  }

  approve = (question: Question, options: AskOptions = {}): Promise<void> => handled(this.runApprove(question, options))

  sleep = (duration: Duration): Promise<void> => handled(this.runSleep(duration))

  call = (agent: string | URL, message: Question, options: CallOptions = {}): Promise<CallResult> =>
    handled(this.runCall(String(agent), message, options))

  private async runStep<Value>(
    name: string,
    work: (step: StepContext) => Value | Promise<Value>,
    options: StepOptions,
  ): Promise<Value> {
    this.mayCall('step')
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME) {
      throw new TypeError(`the name of a step must be a string of 1 to ${MAX_NAME} characters`)
    }
    if (typeof work !== 'function') throw new TypeError(`step ${JSON.stringify(name)} needs a function`)
    const call = await this.host.journal.begin('step', name)
    if (call.outcome === undefined) await this.process(call, () => this.tries(call, work, options))
    return this.valueGiven(call) as Value
  }

  private async runApprove(question: Question, options: AskOptions): Promise<void> {
    if (!(await this.question('approve', question, options, readApproval))) throw new ApprovalDenied()
  }

  private async runSleep(duration: Duration): Promise<void> {
    this.mayCall('sleep')
    const ms = durationMs(duration, 'the duration of ctx.sleep')
    const call = await this.host.journal.begin('sleep', '')
    if (call.outcome !== undefined) return
    const { resumed } = this.host.input
    if (resumed?.by === 'time' && sameCall(resumed.suspension.at, call)) {
      await this.host.journal.settle(call, {}, { durable: true })
    } else if (ms > this.host.suspendAfterMs) {
      await this.suspend(call, { until: 'time', wakeMs: ms })
    } else {
      await this.process(call, async () => {
        const resume = this.host.pause()
        await this.host.clock.pause(ms, this.host.signal)
        resume()
        return this.host.signal.aborted ? stopped(this.host.signal) : {}
      })
    }
  }

  private async question<Value>(
    kind: 'ask' | 'approve',
    question: Question,
    { timeout, reminder }: AskOptions,
    read: (answer: IncomingMessage) => Promise<ReadAnswer<Value>>,
  ): Promise<Value> {
    this.mayCall(kind)
    const parts = typeof question === 'string' ? [{ text: question }] : question
    const wakeMs = timeout === undefined ? undefined : durationMs(timeout, `the timeout of ctx.${kind}`)
    const remindMs = reminder === undefined ? undefined : durationMs(reminder, `the reminder of ctx.${kind}`)
    if (remindMs !== undefined && remindMs < MIN_REMINDER_MS) {
      throw new TypeError(`the reminder of ctx.${kind} must be at least ${MIN_REMINDER_MS} ms`)
    }
    const how = {
      until: 'answer' as const,
      ...(wakeMs === undefined ? {} : { wakeMs }),
      ...(remindMs === undefined ? {} : { remindMs }),
    }
    const call = await this.host.journal.begin(kind, '')
    if (call.outcome !== undefined) return this.readAgain(call, read)
    const { resumed } = this.host.input
    if (resumed === undefined || !sameCall(resumed.suspension.at, call)) return this.suspend(call, how, parts)
    if (resumed.by === 'time') {
      await this.host.journal.settle(call, { error: toCallError(new AskTimeout()) }, { durable: true })
      return this.valueGiven(call) as never
    }
    if (resumed.by === 'early') return this.suspend(call, how, parts)
    const answer = await read(this.message(resumed.place ?? 0))
    if ('problem' in answer) return this.suspend(call, how, [{ text: answer.problem }, ...parts])
    await this.host.journal.settle(call, { answer: resumed.place ?? 0 }, { durable: true })
    return answer.value
  }

  /** An answer that was accepted before. It is read again, so a schema may change what it makes of it. */
  private async readAgain<Value>(
    call: OpenCall,
    read: (answer: IncomingMessage) => Promise<ReadAnswer<Value>>,
  ): Promise<Value> {
    if (call.outcome?.answer === undefined) return this.valueGiven(call) as never
    const answer = await read(this.message(call.outcome.answer))
    if ('value' in answer) return answer.value
    throw illegal(this.host.agent.id, `does not take the answer any more that it took to ${describeCall(call)}`)
  }

  private message(place: number): IncomingMessage {
    return incomingMessage(this.host.input.task.history?.[place] ?? {})
  }

  private async tries<Value>(
    call: OpenCall,
    work: (step: StepContext) => Value | Promise<Value>,
    { retry }: StepOptions,
  ): Promise<NewOutcome> {
    const { signal, log, clock, input, origin } = this.host
    const { maxAttempts = 1, initialIntervalMs = 500, maxIntervalMs = 30_000 } = retry ?? {}
    const idempotencyKey = `${input.taskId}/${origin.turn}/${call.name}/${call.ordinal}`
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.kept(call, await insideStep(call.name, async () => work({ signal, attempt, idempotencyKey })))
      } catch (error) {
        if (signal.aborted) return stopped(signal)
        const last = attempt >= maxAttempts || isA2AError(error)
        log.warn(
          { err: error, step: call.name, try: attempt },
          last ? 'step failed' : 'step failed, will be tried again',
        )
        if (last) return { error: toCallError(error) }
      }
      await clock.pause(Math.min(initialIntervalMs * 2 ** (attempt - 1), maxIntervalMs), signal)
      if (signal.aborted) return stopped(signal)
    }
  }

  /** @throws A2AError it cannot be kept */
  private kept(call: OpenCall, value: unknown): NewOutcome {
    const problem = notKeepable(value)
    if (problem !== undefined) {
      throw illegal(this.host.agent.id, `gave back a value from ${describeCall(call)} that ${problem}`)
    }
    if (value === undefined) return {}
    const json = JSON.stringify(value)
    if (!this.host.fits(json.length)) throw tooLarge(`What ${describeCall(call)} gave back`)
    return { value: JSON.parse(json) as unknown }
  }

  private valueGiven({ outcome, ...call }: OpenCall): unknown {
    if (outcome?.error !== undefined) throw fromCallError(call, outcome.error)
    return structuredClone(outcome?.value)
  }

  /** Does a call in this process, and keeps what comes of it. */
  private process(call: OpenCall, work: () => Promise<NewOutcome>): Promise<void> {
    return this.busy(async () => this.host.journal.settle(call, await work()))
  }

  private async runCall(target: string, message: Question, options: CallOptions): Promise<CallResult> {
    this.mayCall('call')
    const call = await this.host.journal.begin('call', target)
    if (call.outcome === undefined) await this.callAgent(call, message, options)
    return callResult(this.valueGiven(call) as KeptAnswer)
  }

  private async callAgent(call: OpenCall, message: Question, { taskId, metadata }: CallOptions): Promise<void> {
    const { agent, agentCalls, input, origin, signal } = this.host
    if (agentCalls === undefined)
      throw illegal(agent.id, 'called ctx.call, but no other agent can be reached from here')
    const outgoing: OutgoingCall = {
      target: call.name,
      key: `${input.tenant}/${input.agentId}/${input.taskId}/${origin.turn}/${call.ordinal}/${call.name}`,
      parts: typeof message === 'string' ? [{ text: message }] : message,
      contextId: input.task.contextId ?? '',
      owner: input.owner,
      tenant: input.tenant,
      ...(taskId === undefined ? {} : { taskId }),
      ...(metadata === undefined ? {} : { metadata }),
    }
    try {
      const open = call.open ?? (await this.busy(() => this.handOver(call, agentCalls, outgoing)))
      this.called.set(call, open)
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
        return await this.suspend(call, { until: 'time', wakeMs })
      }
      const kept = keptAnswer(call.name, answer)
      this.called.delete(call)
      await this.process(call, async () => ('value' in kept ? this.kept(call, kept.value) : failedCall(kept)))
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
    const open = this.called.get(call)
    if (signal.aborted) {
      if (stopReason(signal) === 'canceled' && open !== undefined) {
        await agentCalls
          .cancel(open)
          .catch((cause: unknown) => log.warn({ err: cause }, 'called task was not canceled'))
      }
      return stopped(signal)
    }
    if (!isA2AError(error) || call.outcome !== undefined) throw error
    this.called.delete(call)
    await this.busy(() => journal.settle(call, { error: toCallError(error) }))
  }

  /** Once it is written down that the agent has the message, it is never sent again. */
  private async handOver(call: OpenCall, agentCalls: AgentCalls, outgoing: OutgoingCall): Promise<OpenAgentCall> {
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

  /** While this runs in the process, the handler is not left. */
  private async busy<Value>(work: () => Promise<Value>): Promise<Value> {
    this.running += 1
    try {
      return await work()
    } finally {
      this.running -= 1
      this.host.journal.changed()
    }
  }

  /** Never resolves. Calls that are being done come to their end first; other agents go on meanwhile. */
  private async suspend(call: OpenCall, how: Suspending['how'], question?: readonly PartJson[]): Promise<never> {
    const { agent, journal, origin } = this.host
    const what = `called ctx.${call.kind} while`
    const before = this.suspending
    if (before !== undefined && before.call.kind !== 'call' && call.kind !== 'call') {
      throw illegal(agent.id, `${what} ctx.${before.call.kind} waits; only one of them may wait at a time`)
    }
    if (agent.answers === 'message') {
      throw illegal(agent.id, `${what} it declares answers: 'message'; only a task can wait`)
    }
    // Whoever waits for an answer or a time of its own decides how the handler goes on.
    if (before === undefined || before.call.kind === 'call') this.suspending = { call, how, question }
    if (before !== undefined) return new Promise<never>(() => {})
    await journal.idle(() => this.running === 0)
    const last = this.suspending ?? { call, how, question }
    const { kind, name, ordinal } = last.call
    const called = [...this.called.values()]
    this.host.suspend(
      {
        origin,
        journal: journal.snapshot ?? [],
        at: { kind, name, ordinal },
        ...last.how,
        ...(called.length === 0 ? {} : { called }),
      },
      last.question,
    )
    return new Promise<never>(() => {})
  }

  private mayCall(kind: CallKind): void {
    const { agent } = this.host
    const outer = currentStep()
    if (outer !== undefined) {
      throw illegal(
        agent.id,
        `called ctx.${kind} inside step ${JSON.stringify(outer)}; call it before or after the step`,
      )
    }
  }
}

function failedCall({ failure, said }: { failure: KeptFailure; said: string }): NewOutcome {
  return { error: { name: 'CalledTaskError', message: cut(said), code: failure.state, details: failure } }
}

/** The same promise; one that fails unseen, because its handler does not wait for it, does no harm to the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

const refused = new WeakMap<AgentDefinition, Calls>()

/** What an agent has in their place whose turns are not written down while they run. */
export function refusedCalls(agent: AgentDefinition): Calls {
  let calls = refused.get(agent)
  if (calls === undefined) {
    const { id, run } = agent
    const refuse = (kind: CallKind) => async (): Promise<never> => {
      throw illegal(id, `called ctx.${kind}, but it declares run: '${run}'; only run: 'durable' has it`)
    }
    calls = {
      step: refuse('step'),
      ask: refuse('ask'),
      approve: refuse('approve'),
      sleep: refuse('sleep'),
      call: refuse('call'),
    }
    refused.set(agent, calls)
  }
  return calls
}
