/**
 * The one error type that callers of an agent ever see, on every wire.
 *
 * The list of reasons is closed; which code a reason has on which wire is the table in `error-codes.ts`. The `cause` is
 * for our own log and is never sent.
 */

/**
 * A2A's own errors first (A2A v1.0.1, section 3.3.2), then the standard ones of JSON-RPC, HTTP and gRPC.
 */
export type A2AErrorReason =
  | 'TASK_NOT_FOUND'
  | 'TASK_NOT_CANCELABLE'
  | 'PUSH_NOTIFICATION_NOT_SUPPORTED'
  | 'UNSUPPORTED_OPERATION'
  | 'CONTENT_TYPE_NOT_SUPPORTED'
  | 'INVALID_AGENT_RESPONSE'
  | 'EXTENDED_AGENT_CARD_NOT_CONFIGURED'
  | 'EXTENSION_SUPPORT_REQUIRED'
  | 'VERSION_NOT_SUPPORTED'
  | 'PARSE_ERROR'
  | 'INVALID_REQUEST'
  | 'METHOD_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'INVALID_PARAMS'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'PAYLOAD_TOO_LARGE'
  | 'REQUEST_TIMEOUT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'RATE_LIMITED'
  | 'UNAVAILABLE'
  | 'DEADLINE_EXCEEDED'
  | 'INTERNAL'

/** One field that is wrong, in dotted ProtoJSON form such as `message.parts[0]`. */
export interface FieldViolation {
  readonly field: string
  readonly description: string
}

export interface A2AErrorOptions {
  /** Facts a program may use; sent as the metadata of google.rpc.ErrorInfo. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Sent as google.rpc.BadRequest. */
  readonly violations?: readonly FieldViolation[]
  /** When a retry may help, in milliseconds; sent as Retry-After where the wire has it. */
  readonly retryAfterMs?: number
  /** Logged, never sent. */
  readonly cause?: unknown
}

/** An error is sent in headers on some wires, so it may never grow with what it is about. */
const MAX_MESSAGE = 1_024
const MAX_VALUE = 256
const MAX_VIOLATIONS = 20

function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max).toWellFormed()}...`
}

const BRAND = Symbol.for('temporal-a2a.A2AError')

/** An error that the caller is told of: `reason` is one of a closed list, from which every protocol’s own code follows. */
export class A2AError extends Error {
  override readonly name = 'A2AError'
  readonly reason: A2AErrorReason
  readonly metadata: Readonly<Record<string, string>>
  readonly violations: readonly FieldViolation[]
  readonly retryAfterMs: number | undefined
  readonly [BRAND] = true

  /** @param message for people; it is sent, so it must hold nothing internal */
  constructor(reason: A2AErrorReason, message: string, options: A2AErrorOptions = {}) {
    super(shortened(message, MAX_MESSAGE), options.cause === undefined ? undefined : { cause: options.cause })
    this.reason = reason
    this.metadata = Object.fromEntries(
      Object.entries(options.metadata ?? {}).map(([key, value]) => [key, shortened(value, MAX_VALUE)]),
    )
    this.violations = (options.violations ?? []).slice(0, MAX_VIOLATIONS)
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Also true for an A2AError of another copy of this package, where `instanceof` is not. */
export function isA2AError(value: unknown): value is A2AError {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** Anything that was thrown, as an error that may be sent: what is no A2AError becomes INTERNAL with a neutral text. */
export function toA2AError(thrown: unknown): A2AError {
  return isA2AError(thrown) ? thrown : new A2AError('INTERNAL', 'Internal error', { cause: thrown })
}

/** Unknown, purged or not this caller's: the three are one answer (A2A section 3.3.2). */
export function taskNotFound(taskId: string): A2AError {
  return new A2AError('TASK_NOT_FOUND', 'Task not found', { metadata: { taskId } })
}

export function taskNotCancelable(taskId: string, state: string): A2AError {
  return new A2AError('TASK_NOT_CANCELABLE', `Task cannot be canceled: it has ended (${state})`, {
    metadata: { taskId, state },
  })
}

export function unsupportedOperation(message: string, metadata: Readonly<Record<string, string>> = {}): A2AError {
  return new A2AError('UNSUPPORTED_OPERATION', message, { metadata })
}

/** A stream that ends before its task does; whoever reads it may go on at once. */
export function endedEarly(why: string): A2AError {
  const metadata = { resumable: 'true' }
  return new A2AError('UNAVAILABLE', `${why}; subscribe to the task to go on`, { metadata, retryAfterMs: 0 })
}

export function invalidParams(violations: readonly FieldViolation[]): A2AError {
  const fields = violations
    .map(({ field, description }) => (field === '' ? description : `${field}: ${description}`))
    .join('; ')
  return new A2AError('INVALID_PARAMS', `Invalid parameters: ${fields}`, { violations })
}

export function unavailable(message: string, cause?: unknown): A2AError {
  return new A2AError('UNAVAILABLE', message, { retryAfterMs: 1000, cause })
}
