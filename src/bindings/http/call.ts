/** What the server has found out about a request before it reaches a binding, and the limits a binding keeps. */

import { A2AError } from '../../a2a/errors.js'
import { idProblem } from '../../a2a/ids.js'
import {
  EXTENSIONS_HEADER,
  IDEMPOTENCY_HEADER,
  LAST_EVENT_ID_HEADER,
  parseExtensions,
  VERSION_HEADER,
} from '../../a2a/service-params.js'
import type { AgentDefinition } from '../../agent/agent-definition.js'
import type { CallContext } from '../../service/call-context.js'
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

export interface BindingLimits extends BodyLimits, StreamLimits {}

/** One request on its way into a binding. */
export interface Call {
  /** The agent that the path names, or the default one. */
  readonly agent: AgentDefinition
  readonly agentFixed: boolean
  readonly principal: string
  readonly tenant: string
  /** The path without the prefix that named the agent, and without the query. */
  readonly path: string
  readonly query: URLSearchParams
  /** Aborts when the peer has gone or the server stops. */
  readonly signal: AbortSignal
}

/**
 * @param read a header's or a metadata entry's value, by its lower-case name
 * @throws A2AError INVALID_PARAMS an idempotency key that cannot be used
 */
export function callContext(
  call: Call,
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
    principal: call.principal,
    tenant: call.tenant,
    version: read(VERSION_HEADER),
    extensions: parseExtensions(read(EXTENSIONS_HEADER)),
    idempotencyKey,
    lastEventId: read(LAST_EVENT_ID_HEADER) || undefined,
    signal,
    deadline,
  }
}

/** For HTTP: headers, and the version also as a query parameter (A2A section 3.6.1). */
export function httpCallContext(call: Call, req: HttpRequest): CallContext {
  const read = (name: string) =>
    header(req, name) ?? (name === VERSION_HEADER ? (call.query.get('A2A-Version') ?? undefined) : undefined)
  return callContext(call, read, call.signal)
}
