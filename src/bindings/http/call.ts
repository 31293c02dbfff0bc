/** What the server has found out about a request before it reaches a binding, and the limits a binding keeps. */

import { A2AError } from '../../a2a/errors.js'
import { idProblem } from '../../a2a/ids.js'
import {
  EXTENSIONS_HEADER,
  IDEMPOTENCY_HEADER,
  LAST_EVENT_ID_HEADER,
  OLD_EXTENSIONS_HEADER,
  PROTOCOL_VERSION,
  type ProtocolVersion,
  parseExtensions,
  VERSION_HEADER,
} from '../../a2a/service-params.js'
import type { AgentDefinition } from '../../agent/agent-definition.js'
import type { CallContext, CallerIdentity } from '../../service/call-context.js'
import type { BodyLimits } from './body.js'
import { type HttpRequest, header } from './exchange.js'

export interface StreamLimits {
  /** Milliseconds of silence before a heartbeat comment is sent. */
  readonly heartbeatMs: number
  /** The longest a stream stays open, in milliseconds; then it is closed and can be resumed. */
  readonly maxStreamMs: number
  /** How long a reader may take nothing of what is sent, in milliseconds; then its stream is cut and can be resumed. */
  readonly stallMs: number
}

/** What a caller may set of its stream, within the limits. */
export interface StreamPace {
  readonly heartbeatMs?: number
  readonly maxStreamMs?: number
  /** Bytes that may wait for the reader before the stream does. */
  readonly bufferBytes?: number
}

/** The limits of a stream whose caller has set something. A stream never lives longer than the server allows. */
export function pacedLimits(limits: StreamLimits, pace?: StreamPace): StreamLimits & StreamPace {
  if (pace === undefined) return limits
  return { ...limits, ...pace, maxStreamMs: Math.min(limits.maxStreamMs, pace.maxStreamMs ?? limits.maxStreamMs) }
}

export interface BindingLimits extends BodyLimits, StreamLimits {}

/** One request on its way into a binding. */
export interface Call {
  /** The agent that the path names, or the default one. */
  readonly agent: AgentDefinition
  readonly agentFixed: boolean
  readonly caller: CallerIdentity
  /** The path without the prefix that named the agent, and without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Aborts when the peer has gone or the server stops. */
  readonly signal: AbortSignal
}

/**
 * @param version what the request speaks
 * @param read a header's or a metadata entry's value, by its lower-case name
 * @throws A2AError INVALID_PARAMS an idempotency key that cannot be used
 */
export function callContext(
  call: Call,
  version: ProtocolVersion,
  read: (name: string) => string | undefined,
  signal: AbortSignal,
  deadline?: number,
): CallContext {
  const idempotencyKey = read(IDEMPOTENCY_HEADER) || undefined
  const problem = idempotencyKey === undefined ? undefined : idProblem(idempotencyKey)
  if (problem !== undefined) {
    throw new A2AError('INVALID_PARAMS', `Invalid parameters: ${IDEMPOTENCY_HEADER} ${problem}`, {
      violations: [{ field: IDEMPOTENCY_HEADER, description: problem }],
    })
  }
  return {
    agent: call.agent,
    agentFixed: call.agentFixed,
    ...call.caller,
    version,
    extensions: parseExtensions(extensionNames(version, read)),
    idempotencyKey,
    lastEventId: read(LAST_EVENT_ID_HEADER) || undefined,
    signal,
    deadline,
  }
}

function extensionNames(version: ProtocolVersion, read: (name: string) => string | undefined): string | undefined {
  if (version === PROTOCOL_VERSION) return read(EXTENSIONS_HEADER)
  return [read(EXTENSIONS_HEADER), read(OLD_EXTENSIONS_HEADER)].filter((value) => value !== undefined).join(',')
}

/** The headers of an answer that say which extensions were active. */
export function extensionHeaders(version: ProtocolVersion, active: readonly string[]): Record<string, string> {
  if (active.length === 0) return {}
  const uris = active.join(', ')
  return version === PROTOCOL_VERSION
    ? { [EXTENSIONS_HEADER]: uris }
    : { [EXTENSIONS_HEADER]: uris, [OLD_EXTENSIONS_HEADER]: uris }
}

/** The version that an HTTP request asks for: a header, or a query parameter (A2A section 3.6.1). */
export function askedVersion(call: Call, req: HttpRequest): string | undefined {
  return header(req, VERSION_HEADER) ?? call.query.get('A2A-Version') ?? undefined
}

export function httpCallContext(call: Call, req: HttpRequest, version: ProtocolVersion): CallContext {
  return callContext(call, version, (name) => header(req, name), call.signal)
}
