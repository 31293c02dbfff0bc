/** Errors as JSON-RPC error objects (A2A section 9.5). */
import { WIRE_CODES } from '../../a2a/error-codes.js'
import { errorDetails } from '../../a2a/error-details.js'
import { type A2AErrorReason, toA2AError } from '../../a2a/errors.js'
import type { RpcId } from './envelope.js'

export function errorText(id: RpcId, thrown: unknown): string {
  const error = toA2AError(thrown)
  const { jsonrpc } = WIRE_CODES[error.reason]
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    error: { code: jsonrpc, message: error.message, data: errorDetails(error) },
  })
}

/** What HTTP itself has to say: these keep their HTTP status, every other error is an answer like any other, with 200. */
const HTTP_LEVEL: ReadonlySet<A2AErrorReason> = new Set<A2AErrorReason>([
  'UNSUPPORTED_MEDIA_TYPE',
  'PAYLOAD_TOO_LARGE',
  'REQUEST_TIMEOUT',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'RATE_LIMITED',
  'UNAVAILABLE',
])

export function httpStatus(thrown: unknown): number {
  const { reason } = toA2AError(thrown)
  return HTTP_LEVEL.has(reason) ? WIRE_CODES[reason].http : 200
}
