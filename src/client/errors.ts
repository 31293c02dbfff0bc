/** What other sides say of an error, on any wire, as the one `A2AError` of this package. */
import type { JsonValue } from '@bufbuild/protobuf'
import { ERROR_DOMAIN, GRPC_CODES, type GrpcCodeName, WIRE_CODES } from '../a2a/error-codes.js'
import { A2AError, type A2AErrorOptions, type A2AErrorReason, type FieldViolation, isA2AError } from '../a2a/errors.js'

/** What a peer has said, as far as it could be read. */
export interface PeerError {
  readonly message?: string
  /** `google.rpc` details as ProtoJSON Any objects. */
  readonly details?: JsonValue
  /** Used when the details name no reason. */
  readonly fallback: A2AErrorReason
  readonly retryAfterMs?: number
  /** Of HTTP; absent where the error did not come as one. */
  readonly status?: number
}

export function peerError({ message, details, fallback, retryAfterMs, status }: PeerError): A2AError {
  const list = Array.isArray(details) ? details : []
  const info = list.find((detail) => typeOf(detail) === 'google.rpc.ErrorInfo')
  const bad = list.find((detail) => typeOf(detail) === 'google.rpc.BadRequest')
  const options: A2AErrorOptions = {
    metadata: stringsOf(fieldOf(info, 'metadata')),
    violations: violationsOf(fieldOf(bad, 'fieldViolations')),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  const reason = reasonOf(info) ?? fallback
  const text = message === undefined || message === '' ? fallback : message
  const refuses = retryAfterMs !== undefined && REFUSALS.has(reason) && (status === undefined || REFUSING.has(status))
  return refuses ? new Refusal(reason, text, options) : new A2AError(reason, text, options)
}

/** The peer says that it did not take the request, and when to try again. */
class Refusal extends A2AError {}

const REFUSALS: ReadonlySet<A2AErrorReason> = new Set<A2AErrorReason>(['UNAVAILABLE', 'RATE_LIMITED'])
/** With any other status, such as a proxy's 502 and 504, the request may have been taken. */
const REFUSING: ReadonlySet<number> = new Set([429, 503])

/** The side that was called could not be reached, or the connection broke: nobody knows what has become of the call. */
export function connectionLost(url: string, cause: unknown): A2AError {
  return new A2AError('UNAVAILABLE', `No connection to ${originOf(url)}: ${causeText(cause)}`, { cause })
}

/** The peer's answer is not what the protocol says. */
export function invalidAnswer(what: string, cause?: unknown): A2AError {
  return new A2AError('INVALID_AGENT_RESPONSE', `Not a valid A2A answer: ${what}`, { cause })
}

export function tooLarge(what: string, bytes: number, limit: string): A2AError {
  return new A2AError('PAYLOAD_TOO_LARGE', `${what} is larger than ${bytes} bytes (limits.${limit})`)
}

/** True for what may be gone a moment later: the same call can be made again, where that is safe. */
export function isTransient(error: unknown): error is A2AError {
  return isA2AError(error) && TRANSIENT.has(error.reason)
}

const TRANSIENT: ReadonlySet<A2AErrorReason> = new Set<A2AErrorReason>([
  'UNAVAILABLE',
  'RATE_LIMITED',
  'REQUEST_TIMEOUT',
])

/** True when the peer did not take the request. Without its saying so, a lost call may have been taken. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal
}

/** The peer does not take the credentials of the call. */
export function isUnauthenticated(error: unknown): boolean {
  return isA2AError(error) && error.reason === 'UNAUTHENTICATED'
}

const BY_JSONRPC: ReadonlyMap<number, A2AErrorReason> = firstBy((reason) => WIRE_CODES[reason].jsonrpc).set(
  WIRE_CODES.INTERNAL.jsonrpc,
  'INTERNAL',
)
const BY_HTTP: ReadonlyMap<number, A2AErrorReason> = new Map<number, A2AErrorReason>([
  [400, 'INVALID_REQUEST'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'METHOD_NOT_FOUND'],
  [405, 'METHOD_NOT_ALLOWED'],
  [408, 'REQUEST_TIMEOUT'],
  [413, 'PAYLOAD_TOO_LARGE'],
  [415, 'UNSUPPORTED_MEDIA_TYPE'],
  [425, 'UNAVAILABLE'],
  [429, 'RATE_LIMITED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  // A proxy's; a server of A2A names its own deadline in the details.
  [504, 'UNAVAILABLE'],
])
const BY_GRPC: Readonly<Record<GrpcCodeName, A2AErrorReason>> = {
  INVALID_ARGUMENT: 'INVALID_PARAMS',
  DEADLINE_EXCEEDED: 'DEADLINE_EXCEEDED',
  NOT_FOUND: 'TASK_NOT_FOUND',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  RESOURCE_EXHAUSTED: 'RATE_LIMITED',
  FAILED_PRECONDITION: 'UNSUPPORTED_OPERATION',
  UNIMPLEMENTED: 'METHOD_NOT_FOUND',
  INTERNAL: 'INTERNAL',
  UNAVAILABLE: 'UNAVAILABLE',
  UNAUTHENTICATED: 'UNAUTHENTICATED',
}

export function reasonOfJsonRpc(code: unknown): A2AErrorReason {
  return BY_JSONRPC.get(Number(code)) ?? 'INTERNAL'
}

export function reasonOfHttp(status: number): A2AErrorReason {
  return BY_HTTP.get(status) ?? (status >= 500 ? 'INTERNAL' : 'INVALID_REQUEST')
}

/** @param code a number of google.rpc.Code */
export function reasonOfGrpc(code: number): A2AErrorReason {
  const name = (Object.keys(GRPC_CODES) as GrpcCodeName[]).find((each) => GRPC_CODES[each] === code)
  return name === undefined ? 'INTERNAL' : BY_GRPC[name]
}

/** Older names of reasons that are meant. */
const ALIASES: Readonly<Record<string, A2AErrorReason>> = { INTERNAL_ERROR: 'INTERNAL' }

function reasonOf(info: JsonValue | undefined): A2AErrorReason | undefined {
  const reason = fieldOf(info, 'reason')
  if (typeof reason !== 'string' || fieldOf(info, 'domain') !== ERROR_DOMAIN) return undefined
  return Object.hasOwn(WIRE_CODES, reason) ? (reason as A2AErrorReason) : ALIASES[reason]
}

function firstBy(codeOf: (reason: A2AErrorReason) => number): Map<number, A2AErrorReason> {
  const map = new Map<number, A2AErrorReason>()
  for (const reason of Object.keys(WIRE_CODES) as A2AErrorReason[]) {
    if (!map.has(codeOf(reason))) map.set(codeOf(reason), reason)
  }
  return map
}

function typeOf(detail: JsonValue | undefined): string {
  return String(fieldOf(detail, '@type')).replace(/^.*\//, '')
}

function fieldOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined
}

function stringsOf(value: JsonValue | undefined): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => isString(entry[1])))
}

function violationsOf(value: JsonValue | undefined): FieldViolation[] {
  if (!Array.isArray(value)) return []
  return value.map((item) => ({
    field: String(fieldOf(item, 'field') ?? ''),
    description: String(fieldOf(item, 'description') ?? ''),
  }))
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url
}

function causeText(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  return inner instanceof Error ? inner.message : String(inner)
}
