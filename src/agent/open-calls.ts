/** The calls of a handler that are open: which are being done here, in which one the handler waits, and what may be kept. */
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Clock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import { utf8Bytes } from '../internal/utf8-bytes.js'
import { type CallKind, describeCall } from '../task/journal-entry.js'
import type { HandlerOrigin, OpenAgentCall, SuspendedHandler } from '../task/suspension.js'
import type { TurnInput } from '../task/turn-input.js'
import { fits, tooLarge, type Weight } from '../task/weight.js'
import type { AgentCalls } from './agent-calls.js'
import type { Question } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import { partsProblem } from './check-result.js'
import { fromCallError } from './durable-call-errors.js'
import { asHandlerFault } from './handler-fault.js'
import { illegal } from './handler-results.js'
import type { Journal, NewOutcome, OpenCall } from './journal.js'
import { notKeepable } from './journal-value.js'
import { currentStep } from './step-scope.js'

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
  /** Resolves when the turn is surely this attempt's own, or the signal aborts; undefined when it is. */
  owned(): Promise<void> | undefined
  /** The turn has ended, whatever the handler has left running. */
  isOver(): boolean
  /** What the task would come to with so many bytes more. */
  weightWith(bytes: number): Weight
  /** The silence that follows is no idleness, until the way back is called. */
  pause(): () => void
  /** Ends the turn: the handler waits, and nothing of it runs on. */
  suspend(handler: SuspendedHandler, question?: readonly PartJson[]): void
}

interface Suspending {
  readonly call: OpenCall
  readonly how: Pick<SuspendedHandler, 'until' | 'wakeMs' | 'remindMs'>
  readonly question: readonly PartJson[] | undefined
}

/** What to do about calls that come when the turn is over. */
export const AWAIT_IT = 'await it before the handler returns'

export class OpenCalls {
  private readonly host: DurableCallsHost
  /** Calls that are being done in this process. */
  private running = 0
  /** The call that the handler is about to wait in. */
  private suspending: Suspending | undefined
  /** Calls to other agents that have begun and have no answer. */
  readonly called = new Map<OpenCall, OpenAgentCall>()

  constructor(host: DurableCallsHost) {
    this.host = host
  }

  /** @throws A2AError it cannot be kept */
  kept(call: OpenCall, value: unknown): NewOutcome {
    const problem = notKeepable(value)
    if (problem !== undefined) {
      throw illegal(this.host.agent.id, `gave back a value from ${describeCall(call)} that ${problem}`)
    }
    if (value === undefined) return {}
    const json = JSON.stringify(value)
    const weight = this.host.weightWith(utf8Bytes(json))
    if (!fits(weight)) throw asHandlerFault(tooLarge(`What ${describeCall(call)} gave back`, weight))
    return { value: JSON.parse(json) as unknown }
  }

  /** @throws what is kept of what the call has thrown */
  valueGiven({ outcome, ...call }: OpenCall): unknown {
    if (outcome?.error !== undefined) throw fromCallError(call, outcome.error)
    return structuredClone(outcome?.value)
  }

  /** Does a call in this process, and keeps what comes of it. */
  process(call: OpenCall, work: () => Promise<NewOutcome>): Promise<void> {
    return this.busy(async () => this.host.journal.settle(call, await work()))
  }

  /** While this runs in the process, the handler is not left. */
  async busy<Value>(work: () => Promise<Value>): Promise<Value> {
    this.running += 1
    try {
      return await work()
    } finally {
      this.running -= 1
      this.host.journal.changed()
    }
  }

  /** Never resolves. Calls that are being done come to their end first; other agents go on meanwhile. */
  async suspend(call: OpenCall, how: Suspending['how'], question?: readonly PartJson[]): Promise<never> {
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

  /** @throws A2AError INVALID_AGENT_RESPONSE it is no message */
  partsOf(kind: CallKind, question: Question): readonly PartJson[] {
    if (typeof question === 'string') return [{ text: question }]
    const problem = partsProblem(question)
    if (problem !== undefined) throw illegal(this.host.agent.id, `called ctx.${kind} with a message ${problem}`)
    return question
  }

  /** @throws A2AError INVALID_AGENT_RESPONSE inside of a step, and when the turn is over */
  mayCall(kind: CallKind): void {
    const { agent } = this.host
    if (this.host.isOver()) throw illegal(agent.id, `called ctx.${kind} after its turn had ended; ${AWAIT_IT}`)
    const outer = currentStep()
    if (outer !== undefined) {
      throw illegal(
        agent.id,
        `called ctx.${kind} inside step ${JSON.stringify(outer)}; call it before or after the step`,
      )
    }
  }
}
