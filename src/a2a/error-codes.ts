/**
 * Which code an error reason has on which wire: one row per reason.
 *
 * The first nine rows are the table of A2A v1.0.1, section 5.4; the codes of the rest are JSON-RPC 2.0's own and, for
 * gRPC and HTTP, the usual ones of google.rpc.Code.
 */
import type { A2AErrorReason } from './errors.js'

/** Names of google.rpc.Code that occur here, with their numbers. */
export const GRPC_CODES = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

export type GrpcCodeName = keyof typeof GRPC_CODES

export interface WireCodes {
  readonly jsonrpc: number
  readonly grpc: GrpcCodeName
  readonly http: number
}

export const WIRE_CODES: Readonly<Record<A2AErrorReason, WireCodes>> = {
  TASK_NOT_FOUND: { jsonrpc: -32001, grpc: 'NOT_FOUND', http: 404 },
  TASK_NOT_CANCELABLE: { jsonrpc: -32002, grpc: 'FAILED_PRECONDITION', http: 400 },
  PUSH_NOTIFICATION_NOT_SUPPORTED: { jsonrpc: -32003, grpc: 'FAILED_PRECONDITION', http: 400 },
  UNSUPPORTED_OPERATION: { jsonrpc: -32004, grpc: 'FAILED_PRECONDITION', http: 400 },
  CONTENT_TYPE_NOT_SUPPORTED: { jsonrpc: -32005, grpc: 'INVALID_ARGUMENT', http: 400 },
  INVALID_AGENT_RESPONSE: { jsonrpc: -32006, grpc: 'INTERNAL', http: 500 },
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: { jsonrpc: -32007, grpc: 'FAILED_PRECONDITION', http: 400 },
  EXTENSION_SUPPORT_REQUIRED: { jsonrpc: -32008, grpc: 'FAILED_PRECONDITION', http: 400 },
  VERSION_NOT_SUPPORTED: { jsonrpc: -32009, grpc: 'FAILED_PRECONDITION', http: 400 },
  PARSE_ERROR: { jsonrpc: -32700, grpc: 'INVALID_ARGUMENT', http: 400 },
  INVALID_REQUEST: { jsonrpc: -32600, grpc: 'INVALID_ARGUMENT', http: 400 },
  METHOD_NOT_FOUND: { jsonrpc: -32601, grpc: 'UNIMPLEMENTED', http: 404 },
  METHOD_NOT_ALLOWED: { jsonrpc: -32601, grpc: 'UNIMPLEMENTED', http: 405 },
  INVALID_PARAMS: { jsonrpc: -32602, grpc: 'INVALID_ARGUMENT', http: 400 },
  UNSUPPORTED_MEDIA_TYPE: { jsonrpc: -32600, grpc: 'INVALID_ARGUMENT', http: 415 },
  PAYLOAD_TOO_LARGE: { jsonrpc: -32600, grpc: 'RESOURCE_EXHAUSTED', http: 413 },
  REQUEST_TIMEOUT: { jsonrpc: -32600, grpc: 'DEADLINE_EXCEEDED', http: 408 },
  UNAUTHENTICATED: { jsonrpc: -32603, grpc: 'UNAUTHENTICATED', http: 401 },
  PERMISSION_DENIED: { jsonrpc: -32603, grpc: 'PERMISSION_DENIED', http: 403 },
  RATE_LIMITED: { jsonrpc: -32603, grpc: 'RESOURCE_EXHAUSTED', http: 429 },
  UNAVAILABLE: { jsonrpc: -32603, grpc: 'UNAVAILABLE', http: 503 },
  DEADLINE_EXCEEDED: { jsonrpc: -32603, grpc: 'DEADLINE_EXCEEDED', http: 504 },
  INTERNAL: { jsonrpc: -32603, grpc: 'INTERNAL', http: 500 },
}

/** The domain of every google.rpc.ErrorInfo we send (A2A v1.0.1, section 5.4). */
export const ERROR_DOMAIN = 'a2a-protocol.org'
