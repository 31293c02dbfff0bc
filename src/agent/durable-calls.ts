/** The durable calls of `ctx`: what each of them does when the journal lets it through. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { isA2AError } from '../a2a/errors.js'
import { sleep } from '../internal/abort.js'
import { type Duration, durationMs } from '../internal/duration.js'
import type { Logger } from '../internal/logger.js'
import { type CallKind, describeCall, sameCall } from '../task/journal-entry.js'
import { tooLarge } from '../task/may-continue.js'
import type { HandlerOrigin, SuspendedHandler } from '../task/suspension.js'
import type { TurnInput } from '../task/turn-input.js'
import type { AgentContext, AskOptions, Question, StepContext, StepOptions } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import { ApprovalDenied, AskTimeout, fromCallError, toCallError } from './durable-call-errors.js'
import { illegal } from './handler-results.js'
import { type IncomingMessage, incomingMessage } from './incoming-message.js'
import type { Journal, NewOutcome, OpenCall } from './journal.js'
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
  /** Whether the task may keep so many bytes more. */
  fits(bytes: number): boolean
  /** The silence that follows is no idleness, until the way back is called. */
  pause(): () => void
  /** Ends the turn: the handler waits, and nothing of it runs on. */
  suspend(handler: SuspendedHandler, question?: readonly PartJson[]): void
}

export type Calls = Pick<AgentContext, Exclude<CallKind, 'call'>>

/** Sleeps up to here are waited for in the process. */
const MAX_WAKE_SLEEP_MS = 30_000
const MIN_REMINDER_MS = 100
const MAX_NAME = 200

export class DurableCalls implements Calls {
  private readonly host: DurableCallsHost
  /** Calls that are being done in this process. */
  private running = 0
  /** The call that the handler is about to wait in. */
  private suspending: OpenCall | undefined

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
    } else if (ms > MAX_WAKE_SLEEP_MS) {
      await this.suspend(call, { until: 'time', wakeMs: ms })
    } else {
      await this.process(call, async () => {
        const resume = this.host.pause()
        await sleep(ms, this.host.signal)
        resume()
        this.host.signal.throwIfAborted()
        return {}
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
    const { signal, log, input, origin } = this.host
    const { maxAttempts = 1, initialIntervalMs = 500, maxIntervalMs = 30_000 } = retry ?? {}
    const idempotencyKey = `${input.taskId}/${origin.turn}/${call.name}/${call.ordinal}`
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.kept(call, await insideStep(call.name, async () => work({ signal, attempt, idempotencyKey })))
      } catch (error) {
        signal.throwIfAborted()
        const last = attempt >= maxAttempts || isA2AError(error)
        log.warn(
          { err: error, step: call.name, try: attempt },
          last ? 'step failed' : 'step failed, will be tried again',
        )
        if (last) return { error: toCallError(error) }
      }
      await sleep(Math.min(initialIntervalMs * 2 ** (attempt - 1), maxIntervalMs), signal)
      signal.throwIfAborted()
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
  private async process(call: OpenCall, work: () => Promise<NewOutcome>): Promise<void> {
    this.running += 1
    try {
      await this.host.journal.settle(call, await work())
    } finally {
      this.running -= 1
      this.host.journal.changed()
    }
  }

  /** Never resolves. Calls that are being done come to their end first. */
  private async suspend(
    call: OpenCall,
    how: Pick<SuspendedHandler, 'until' | 'wakeMs' | 'remindMs'>,
    question?: readonly PartJson[],
  ): Promise<never> {
    const { agent, journal, origin } = this.host
    const what = `called ctx.${call.kind} while`
    if (this.suspending !== undefined) {
      throw illegal(agent.id, `${what} ctx.${this.suspending.kind} waits; only one of them may wait at a time`)
    }
    if (agent.answers === 'message')
      throw illegal(agent.id, `${what} it declares answers: 'message'; only a task can wait`)
    this.suspending = call
    await journal.idle(() => this.running === 0)
    const { kind, name, ordinal } = call
    const at = { kind, name, ordinal }
    this.host.suspend({ origin, journal: journal.snapshot ?? [], at, ...how }, question)
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

/** The same promise; one that fails unseen, because its handler does not wait for it, does no harm to the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}

/** What an agent has in their place whose turns are not written down while they run. */
export function refusedCalls({ id, run }: AgentDefinition): Calls {
  const refuse = (kind: CallKind) => async (): Promise<never> => {
    throw illegal(id, `called ctx.${kind}, but it declares run: '${run}'; only run: 'durable' has it`)
  }
  return { step: refuse('step'), ask: refuse('ask'), approve: refuse('approve'), sleep: refuse('sleep') }
}
