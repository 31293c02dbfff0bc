/** Errors as google.rpc.Status under `error` (A2A section 11.6). */
import { WIRE_CODES } from '../../a2a/error-codes.js'
import { errorDetails } from '../../a2a/error-details.js'
import { toA2AError } from '../../a2a/errors.js'

export function httpStatus(thrown: unknown): number {
  return WIRE_CODES[toA2AError(thrown).reason].http
}

export function errorText(thrown: unknown): string {
  const error = toA2AError(thrown)
  const { http, grpc } = WIRE_CODES[error.reason]
  return JSON.stringify({ error: { code: http, status: grpc, message: error.message, details: errorDetails(error) } })
}
