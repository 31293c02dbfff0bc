/** The three protocols of a Connect server, told apart by the media type of a request. */
import { contentType, type HttpRequest } from '../http/exchange.js'

export interface RpcWire {
  readonly protocol: 'connect' | 'grpc' | 'grpc-web'
  readonly json: boolean
  /** Messages lie in frames of their own; without, the body is the message. */
  readonly framed: boolean
  /** Media type of an answer. */
  readonly type: string
  /** How the message is compressed, and how an answer may be. */
  readonly encodingHeader: string
  readonly acceptHeader: string
}

const CONNECT = { encodingHeader: 'content-encoding', acceptHeader: 'accept-encoding', framed: false } as const
const CONNECT_STREAM = {
  encodingHeader: 'connect-content-encoding',
  acceptHeader: 'connect-accept-encoding',
  framed: true,
} as const
const GRPC = { encodingHeader: 'grpc-encoding', acceptHeader: 'grpc-accept-encoding', framed: true } as const

const WIRES: readonly RpcWire[] = [
  { protocol: 'connect', type: 'application/json', json: true, ...CONNECT },
  { protocol: 'connect', type: 'application/proto', json: false, ...CONNECT },
  { protocol: 'connect', type: 'application/connect+json', json: true, ...CONNECT_STREAM },
  { protocol: 'connect', type: 'application/connect+proto', json: false, ...CONNECT_STREAM },
  { protocol: 'grpc', type: 'application/grpc+proto', json: false, ...GRPC },
  { protocol: 'grpc', type: 'application/grpc+json', json: true, ...GRPC },
  { protocol: 'grpc-web', type: 'application/grpc-web+proto', json: false, ...GRPC },
  { protocol: 'grpc-web', type: 'application/grpc-web+json', json: true, ...GRPC },
]

const BY_TYPE: ReadonlyMap<string, RpcWire> = new Map(
  WIRES.flatMap((wire) => [
    [wire.type, wire] as const,
    ...(wire.type.startsWith('application/grpc') && !wire.json
      ? [[wire.type.replace('+proto', ''), wire] as const]
      : []),
  ]),
)

/** Undefined for a media type that a method of this kind is not called with. */
export function wireOf(req: HttpRequest, streaming: boolean): RpcWire | undefined {
  const wire = BY_TYPE.get(contentType(req))
  return wire?.protocol === 'connect' && wire.framed !== streaming ? undefined : wire
}

/** What a method of this kind can be called with, for the header Accept-Post. */
export function typesFor(streaming: boolean): string {
  return WIRES.filter(({ protocol, framed }) => protocol !== 'connect' || framed === streaming)
    .map(({ type }) => type)
    .join(', ')
}
