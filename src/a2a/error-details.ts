/** The details of an error as ProtoJSON Any objects: the same list on JSON-RPC, REST and, converted, on gRPC and Connect. */
import { ERROR_DOMAIN } from './error-codes.js'
import type { A2AError } from './errors.js'

export interface ErrorInfoJson {
  readonly '@type': 'type.googleapis.com/google.rpc.ErrorInfo'
  readonly reason: string
  readonly domain: string
  readonly metadata: Readonly<Record<string, string>>
}

export interface BadRequestJson {
  readonly '@type': 'type.googleapis.com/google.rpc.BadRequest'
  readonly fieldViolations: readonly { readonly field: string; readonly description: string }[]
}

export function errorInfo(error: A2AError): ErrorInfoJson {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: error.reason,
    domain: ERROR_DOMAIN,
    metadata: error.metadata,
  }
}

/** ErrorInfo always, BadRequest where single fields are to blame. */
export function errorDetails(error: A2AError): (ErrorInfoJson | BadRequestJson)[] {
  if (error.violations.length === 0) return [errorInfo(error)]
  return [
    errorInfo(error),
    { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [...error.violations] },
  ]
}
