/** Methods of JSON-RPC by version and name. */
import type { JsonObject } from '@bufbuild/protobuf'
import { A2AError } from '../../a2a/errors.js'
import type { ProtocolVersion } from '../../a2a/service-params.js'
import { V0_3_METHODS } from '../dialects/v0_3/json/methods.js'
import { type Method, NATIVE, operationRequest } from '../method.js'

/** A method, or a choice that depends on what is asked. */
export type MethodEntry = Method | ((params: JsonObject) => Method)

/** By name. */
export type MethodTable = ReadonlyMap<string, MethodEntry>

/** In 1.0 the names are those of the RPCs (A2A section 9.1). */
const V1_METHODS: MethodTable = new Map(
  [...NATIVE.methods].map(([name, method]): [string, Method] => [
    name,
    { ...method, request: (params) => operationRequest(method.operation, params) },
  ]),
)

const TABLES: Readonly<Record<ProtocolVersion, MethodTable>> = {
  '1.0': V1_METHODS,
  '0.3': V0_3_METHODS,
  '0.2': V0_3_METHODS,
}

/** @throws A2AError METHOD_NOT_FOUND */
export function methodNamed(version: ProtocolVersion, name: string, params: JsonObject): Method {
  const entry = TABLES[version].get(name)
  if (entry === undefined) throw new A2AError('METHOD_NOT_FOUND', 'Method not found')
  return typeof entry === 'function' ? entry(params) : entry
}
