/** What versions differ in on REST besides their words: media types, and the bodies of errors. */
import { WIRE_CODES } from '../../a2a/error-codes.js'
import { errorDetails } from '../../a2a/error-details.js'
import type { A2AError } from '../../a2a/errors.js'
import { PROTOCOL_VERSION, type ProtocolVersion } from '../../a2a/service-params.js'

export interface RestForm {
  /** Of an answer, for a header Accept. */
  mediaType(accept: string): string
  errorText(error: A2AError): string
}

/** google.rpc.Status under `error` (A2A section 11.6). */
const V1_FORM: RestForm = {
  /** `application/a2a+json`, unless the caller takes only `application/json`. */
  mediaType(accept) {
    const plain =
      accept.includes('application/json') && !accept.includes('application/a2a+json') && !accept.includes('*/*')
    return plain ? 'application/json' : 'application/a2a+json'
  },
  errorText(error) {
    const { http, grpc } = WIRE_CODES[error.reason]
    return JSON.stringify({ error: { code: http, status: grpc, message: error.message, details: errorDetails(error) } })
  },
}

/** 0.3 left the body of an error open. Its libraries have settled on the object of JSON-RPC, and so on its codes. */
const OLD_FORM: RestForm = {
  mediaType: () => 'application/json',
  errorText(error) {
    const { jsonrpc } = WIRE_CODES[error.reason]
    return JSON.stringify({ code: jsonrpc, message: error.message, data: errorDetails(error) })
  },
}

export function restForm(version: ProtocolVersion): RestForm {
  return version === PROTOCOL_VERSION ? V1_FORM : OLD_FORM
}

export function httpStatus(error: A2AError): number {
  return WIRE_CODES[error.reason].http
}
