/** Errors as ConnectError with google.rpc details: the same list on Connect, gRPC and gRPC-Web. */
import { type Code, ConnectError } from '@connectrpc/connect'
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js'
import { ERROR_DOMAIN, GRPC_CODES, WIRE_CODES } from '../../a2a/error-codes.js'
import { toA2AError } from '../../a2a/errors.js'
import { errorHeaders } from '../http/error-headers.js'
import { type Method, translated } from '../method.js'

export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown
  const error = toA2AError(thrown)
  const info = { reason: error.reason, domain: ERROR_DOMAIN, metadata: { ...error.metadata } }
  const violations = error.violations.map(({ field, description }) => ({ field, description }))
  const code: Code = GRPC_CODES[WIRE_CODES[error.reason].grpc]
  return new ConnectError(error.message, code, errorHeaders(error), [
    { desc: ErrorInfoSchema, value: info },
    ...(violations.length === 0 ? [] : [{ desc: BadRequestSchema, value: { fieldViolations: violations } }]),
  ])
}

/** The same in the words of the method's version. */
export function connectErrorOf(method: Method, thrown: unknown): ConnectError {
  return thrown instanceof ConnectError ? thrown : toConnectError(translated(method, thrown))
}
