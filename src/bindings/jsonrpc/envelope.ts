/** JSON-RPC 2.0 envelopes: reading requests, writing answers. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { A2AError } from '../../a2a/errors.js'

export type RpcId = string | number | null

export interface RpcRequest {
  readonly id: RpcId
  /** False for what JSON-RPC calls a notification. */
  readonly hasId: boolean
  readonly method: string
  readonly params: JsonObject
}

/** Longest id that is echoed, in UTF-16 units. */
const MAX_ID_LENGTH = 256

/**
 * @throws A2AError INVALID_REQUEST no request object; A2A has no batches
 */
export function readEnvelope(json: JsonValue): RpcRequest {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(Array.isArray(json) ? 'batches are not supported' : 'must be an object')
  }
  if (json.jsonrpc !== '2.0') throw invalid('jsonrpc must be "2.0"')
  const { id = null, method, params } = json
  if (!isId(id)) throw wrongId()
  if (typeof method !== 'string' || method === '') throw invalid('method must be a string')
  if (params !== undefined && (typeof params !== 'object' || params === null || Array.isArray(params))) {
    throw new A2AError('INVALID_PARAMS', 'Invalid parameters: params must be an object', {
      violations: [{ field: 'params', description: 'must be an object' }],
    })
  }
  return { id, hasId: json.id !== undefined, method, params: params ?? {} }
}

export function wrongId(): A2AError {
  return invalid(`id must be a string of at most ${MAX_ID_LENGTH} characters, an integer or null`)
}

/** The id to answer with, also when the rest of the request is wrong; null when there is none that can be used. */
export function idOf(json: JsonValue | undefined): RpcId {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  const { id } = json
  return isId(id) ? id : null
}

export function resultText(id: RpcId, result: JsonValue): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${JSON.stringify(result)}}`
}

function isId(id: JsonValue | undefined): id is RpcId {
  if (typeof id === 'string') return id.length <= MAX_ID_LENGTH
  return id === null || Number.isSafeInteger(id)
}

function invalid(what: string): A2AError {
  return new A2AError('INVALID_REQUEST', `Request payload validation error: ${what}`)
}
