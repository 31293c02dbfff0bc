/** The A2A services of all versions that are served on Connect, gRPC and gRPC-Web, RPC by RPC. */
import type { DescMethod } from '@bufbuild/protobuf'
import type { ProtocolVersion } from '../../a2a/service-params.js'
import { V0_3_SERVICE } from '../dialects/v0_3/proto/methods.js'
import { type Method, NATIVE, type StreamMethod, type UnaryMethod } from '../method.js'

export interface RpcMethod<Kind extends Method = Method> {
  readonly version: ProtocolVersion
  readonly rpc: DescMethod
  readonly method: Kind
}

export const A2A_SERVICES = [NATIVE.service, V0_3_SERVICE.service]

const RPCS: readonly RpcMethod[] = [NATIVE, V0_3_SERVICE].flatMap(({ version, service, methods }) =>
  service.methods.map((rpc) => {
    const method = methods.get(rpc.name)
    if (method === undefined) throw new TypeError(`${service.typeName}: nothing answers ${rpc.name}`)
    return { version, rpc, method }
  }),
)

/** By path. */
export const UNARY_RPCS: ReadonlyMap<string, RpcMethod<UnaryMethod>> = new Map(
  RPCS.filter(isUnary).map((each) => [`/${each.rpc.parent.typeName}/${each.rpc.name}`, each]),
)

export const STREAM_RPCS: readonly RpcMethod<StreamMethod>[] = RPCS.filter(isStream)

function isUnary(each: RpcMethod): each is RpcMethod<UnaryMethod> {
  return each.method.kind === 'unary'
}

function isStream(each: RpcMethod): each is RpcMethod<StreamMethod> {
  return each.method.kind === 'stream'
}
