/** One wire to one agent, as the rest of the client sees it: ProtoJSON in, ProtoJSON or an `A2AError` out. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { A2AService, StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/** How this client can speak to an agent. */
export type TransportName = 'connect' | 'grpc' | 'jsonrpc' | 'rest'

type Methods = (typeof A2AService)['method']

export type StreamOperation = {
  [Name in keyof Methods]: Methods[Name]['methodKind'] extends 'server_streaming' ? Name : never
}[keyof Methods]

export type UnaryOperation = Exclude<keyof Methods, StreamOperation>

/** What goes with a request besides the request. */
export interface WireCall {
  /** Lower-case names; sent as HTTP headers or gRPC metadata. */
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Of a stream: its first event may take any time, since what was asked for cannot be asked for again. */
  readonly patient?: boolean
}

/** One event of a stream. */
export interface StreamItem {
  readonly event: StreamResponseJson
  /** SSE `id:`, where the wire has it. */
  readonly id?: string
}

/**
 * Every method rejects with an `A2AError`, or with the reason of the call's signal. What a peer sent is checked as far
 * as the client relies on it.
 */
export interface Transport {
  readonly name: TransportName
  /** The A2A version that is spoken. */
  readonly protocolVersion: '1.0' | '0.3'
  readonly url: string
  unary(operation: UnaryOperation, request: JsonObject, call: WireCall): Promise<JsonObject>
  /** Ends when the peer closes the stream; rejects when it breaks. */
  stream(operation: StreamOperation, request: JsonObject, call: WireCall): AsyncGenerator<StreamItem, void, undefined>
  /** Lets go of connections that the transport holds itself. */
  close?(): void
}
