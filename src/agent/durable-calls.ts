/** The durable calls of `ctx`: what each of them does when the journal lets it through. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Duration, durationMs } from '../internal/duration.js'
import { type CallKind, describeCall, sameCall } from '../task/journal-entry.js'
import { CallsToAgents } from './agent-call.js'
import type { CallResult } from './agent-calls.js'
import type { AgentContext, AskOptions, CallOptions, Question, StepContext, StepOptions } from './agent-context.js'
import { ApprovalDenied, AskTimeout, toCallError } from './durable-call-errors.js'
import { isHandlerFault } from './handler-fault.js'
import { illegal } from './handler-results.js'
import { type IncomingMessage, incomingMessage } from './incoming-message.js'
import { type NewOutcome, type OpenCall, stopped } from './journal.js'
import { type DurableCallsHost, OpenCalls } from './open-calls.js'
import { type ReadAnswer, readApproval, readBySchema } from './read-answer.js'
import { type RetryPolicy, retryDelayMs, retryProblem, wholeRetryPolicy } from './retry-policy.js'
import { insideStep } from './step-scope.js'

export type Calls = Pick<AgentContext, CallKind>

const MIN_REMINDER_MS = 100
const MAX_NAME = 200

export class DurableCalls implements Calls {
  private readonly host: DurableCallsHost
  private readonly calls: OpenCalls
  private readonly toAgents: CallsToAgents

  constructor(host: DurableCallsHost) {
    this.host = host
    const calls = new OpenCalls(host)
    this.calls = calls
    this.toAgents = new CallsToAgents(host, calls)
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

  /** Something else that the handler waits for in this process: it is not left meanwhile, and then runs as far as it gets. */
  async besides<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await this.calls.busy(work)
    } finally {
      this.host.journal.stir()
    }
  }

  call = (agent: string | URL, message: Question, options: CallOptions = {}): Promise<CallResult> =>
    handled(this.toAgents.call(String(agent), message, options))

  private async runStep<Value>(
    name: string,
    work: (step: StepContext) => Value | Promise<Value>,
    options: StepOptions,
  ): Promise<Value> {
    this.calls.mayCall('step')
    if (typeof name !== 'string' || name === '' || name.length > MAX_NAME) {
      throw new TypeError(`the name of a step must be a string of 1 to ${MAX_NAME} characters`)
    }
    if (typeof work !== 'function') throw new TypeError(`step ${JSON.stringify(name)} needs a function`)
    const retry = wholeRetryPolicy(options.retry, 1)
    const badRetry = retryProblem(retry)
    if (badRetry !== undefined) throw new TypeError(`the retry of step ${JSON.stringify(name)}: ${badRetry}`)
    const call = await this.host.journal.begin('step', name)
    if (call.outcome === undefined) await this.calls.process(call, () => this.tries(call, work, retry))
    return this.calls.valueGiven(call) as Value
  }

  private async runApprove(question: Question, options: AskOptions): Promise<void> {
    if (!(await this.question('approve', question, options, readApproval))) throw new ApprovalDenied()
  }

  private async runSleep(duration: Duration): Promise<void> {
    this.calls.mayCall('sleep')
    const ms = durationMs(duration, 'the duration of ctx.sleep')
    const call = await this.host.journal.begin('sleep', '')
    if (call.outcome !== undefined) return
    const { resumed } = this.host.input
    if (resumed?.by === 'time' && sameCall(resumed.suspension.at, call)) {
      await this.host.journal.settle(call, {}, { durable: true })
    } else if (ms > this.host.suspendAfterMs) {
      await this.calls.suspend(call, { until: 'time', wakeMs: ms })
    } else {
      await this.calls.process(call, async () => {
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
    this.calls.mayCall(kind)
    const parts = this.calls.partsOf(kind, question)
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
    if (resumed === undefined || !sameCall(resumed.suspension.at, call)) return this.calls.suspend(call, how, parts)
    if (resumed.by === 'time') {
      await this.host.journal.settle(call, { error: toCallError(new AskTimeout()) }, { durable: true })
      return this.calls.valueGiven(call) as never
    }
    if (resumed.by === 'early') return this.calls.suspend(call, how, parts)
    const answer = await read(this.message(resumed.place ?? 0))
    if ('problem' in answer) return this.calls.suspend(call, how, [{ text: answer.problem }, ...parts])
    await this.host.journal.settle(call, { answer: resumed.place ?? 0 }, { durable: true })
    return answer.value
  }

  /** An answer that was accepted before. It is read again, so a schema may change what it makes of it. */
  private async readAgain<Value>(
    call: OpenCall,
    read: (answer: IncomingMessage) => Promise<ReadAnswer<Value>>,
  ): Promise<Value> {
    if (call.outcome?.answer === undefined) return this.calls.valueGiven(call) as never
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
    retry: Required<RetryPolicy>,
  ): Promise<NewOutcome> {
    const { signal, log, clock, input, origin } = this.host
    const idempotencyKey = `${input.taskId}/${origin.turn}/${call.name}/${call.ordinal}`
    for (let attempt = 1; ; attempt += 1) {
      // A process that was frozen for so long that another has the turn must not begin what that one has done.
      const owned = this.host.owned()
      if (owned !== undefined) await owned
      if (signal.aborted) return stopped(signal)
      try {
        return this.calls.kept(call, await insideStep(call.name, async () => work({ signal, attempt, idempotencyKey })))
      } catch (error) {
        if (signal.aborted) return stopped(signal)
        const last = attempt >= retry.maxAttempts || isHandlerFault(error)
        log.warn(
          { err: error, step: call.name, try: attempt },
          last ? 'step failed' : 'step failed, will be tried again',
        )
        if (last) return { error: toCallError(error) }
      }
      await clock.pause(retryDelayMs(retry, attempt), signal)
      if (signal.aborted) return stopped(signal)
    }
  }
}

/** The same promise; one that fails unseen, because its handler does not wait for it, does no harm to the process. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
