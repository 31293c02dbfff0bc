/** What durable calls throw into a handler: the same the first time and after every replay. */
import { type A2AError, type A2AErrorReason, isA2AError } from '../a2a/errors.js'
import { type CallError, type CallKey, describeCall } from '../task/journal-entry.js'
import { CalledTaskError, type KeptFailure } from './agent-calls.js'
import { handlerFault, isHandlerFault, refusedElsewhere } from './handler-fault.js'

/** Characters of a message that are kept. */
const MAX_MESSAGE = 4_096

/** A step has failed, in all its tries. What it threw is in the log; after a replay only this is left of it. */
export class StepError extends Error {
  override readonly name: string = 'StepError'
  /** Name of the step. */
  readonly step: string
  /** Name of the class of what was thrown. */
  readonly errorName: string
  /** `code` of what was thrown, or `reason` of an A2AError, when it had one. */
  readonly code: string | number | undefined

  constructor(step: string, { name, message, code }: CallError) {
    super(message)
    this.step = step
    this.errorName = name
    this.code = code
  }
}

/** Nobody has answered a question in time. */
export class AskTimeout extends Error {
  override readonly name = 'AskTimeout'

  constructor() {
    super('no answer came in time')
  }
}

/** The caller has said no. Uncaught, it ends the task REJECTED. */
export class ApprovalDenied extends Error {
  override readonly name = 'ApprovalDenied'

  constructor() {
    super('the approval was denied')
  }
}

/** A handler that was called again made other calls, or in another order, than the journal of its task holds. */
export class ChangedOrderError extends Error {
  override readonly name = 'ChangedOrderError'
  /** What the handler has called before, in the order of the beginnings. */
  readonly recorded: readonly string[]
  /** What it has called this time. */
  readonly called: readonly string[]

  constructor(recorded: readonly CallKey[], called: readonly CallKey[]) {
    const before = recorded.map(describeCall)
    const now = called.map(describeCall)
    super(
      `the handler's durable calls have changed since it was called before, so it cannot be continued. Before: ${list(before)}. Now: ${list(now)}.`,
    )
    this.recorded = before
    this.called = now
  }
}

function list(calls: readonly string[]): string {
  return calls.length === 0 ? 'none' : calls.join(', ')
}

export function toCallError(thrown: unknown): CallError {
  if (isHandlerFault(thrown)) return refusal(thrown)
  if (isA2AError(thrown)) return { name: thrown.name, message: cut(thrown.message), code: thrown.reason }
  if (!(thrown instanceof Error)) return { name: typeof thrown, message: cut(String(thrown)) }
  const { code } = thrown as { code?: unknown }
  return {
    name: thrown.name,
    message: cut(thrown.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
  }
}

/** What is given to the handler as it is, now and after every replay. */
export function refusal({ name, message, reason }: A2AError): CallError {
  return { name, message: cut(message), reason }
}

export function fromCallError(call: CallKey, error: CallError): Error {
  if (error.reason !== undefined) {
    const refuse = call.kind === 'call' && URL.canParse(call.name) ? refusedElsewhere : handlerFault
    return refuse(error.reason as A2AErrorReason, error.message)
  }
  if (call.kind === 'call') return new CalledTaskError(error.message, error.details as KeptFailure)
  return call.kind === 'ask' || call.kind === 'approve' ? new AskTimeout() : new StepError(call.name, error)
}

export function cut(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE).toWellFormed()}...`
}
