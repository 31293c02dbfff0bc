/** Methods of JSON-RPC by version and name. */
import type { JsonObject } from '@bufbuild/protobuf'
import { A2AError } from '../../a2a/errors.js'
import type { ProtocolVersion } from '../../a2a/service-params.js'
import { V0_2_METHODS } from '../dialects/v0_2/methods.js'
import { V0_3_METHODS } from '../dialects/v0_3/json/methods.js'
import { chosen, type Method, type MethodEntry, NATIVE, operationRequest } from '../method.js'

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
  '0.2': V0_2_METHODS,
}

/** @throws A2AError METHOD_NOT_FOUND */
export function methodNamed(version: ProtocolVersion, name: string, params: JsonObject): Method {
  const entry = TABLES[version].get(name)
  if (entry === undefined) throw new A2AError('METHOD_NOT_FOUND', 'Method not found')
  return chosen(entry, params)
}
