/** Errors of HTTP itself, and of A2A's REST binding (A2A section 11.6). */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { GRPC_CODES, type GrpcCodeName } from '../../a2a/error-codes.js'
import type { A2AError, A2AErrorReason } from '../../a2a/errors.js'
import { peerError, reasonOfGrpc, reasonOfHttp } from '../errors.js'
import { retryAfterMs } from '../http/retry-after.js'

/** What a status says alone: that of a proxy, or of a server before its agent. */
export function statusError(status: number, headers: Headers): A2AError {
  return peerError({ message: `HTTP status ${status}`, fallback: reasonOfHttp(status), status, ...retryIn(headers) })
}

/**
 * What a response that is no success says.
 *
 * @param json the body; anything that is no error of A2A is that of a proxy, whose text says nothing to a caller
 */
export function httpError(response: Response, json?: JsonValue): A2AError {
  const error = rpcStatusIn(json)
  if (error === undefined) return statusError(response.status, response.headers)
  return peerError({
    message: typeof error.message === 'string' ? error.message : '',
    ...(error.details === undefined ? {} : { details: error.details }),
    fallback: reasonByName(error.status) ?? reasonOfHttp(response.status),
    ...statusIn(response),
    ...retryIn(response.headers),
  })
}

/** Nothing for an error that came as an event of a stream. */
export function statusIn({ ok, status }: Response): { status?: number } {
  return ok ? {} : { status }
}

export function retryIn(headers: Headers): { retryAfterMs?: number } {
  const ms = retryAfterMs(headers)
  return ms === undefined ? {} : { retryAfterMs: ms }
}

/** An error that came as an event of a stream, or undefined for an event. */
export function errorEvent(json: JsonValue, response: Response): A2AError | undefined {
  return rpcStatusIn(json) === undefined ? undefined : httpError(response, json)
}

/** `google.rpc.Status` under `error`. */
function rpcStatusIn(json: JsonValue | undefined): JsonObject | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const { error } = json
  return typeof error === 'object' && error !== null && !Array.isArray(error) ? error : undefined
}

function reasonByName(status: JsonValue | undefined): A2AErrorReason | undefined {
  return typeof status === 'string' && Object.hasOwn(GRPC_CODES, status)
    ? reasonOfGrpc(GRPC_CODES[status as GrpcCodeName])
    : undefined
}
