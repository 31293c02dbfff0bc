/** What all wires of the tests have in common. */
import { type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js'
import type { A2AService } from '../../gen/lf/a2a/v1/a2a_pb.js'

export type Operation = keyof (typeof A2AService)['method']

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Path of the agent. Default: the root. */
  readonly agent?: string
  /** Of an answer, and of an error that has some; on gRPC the trailers. */
  readonly onHeaders?: (headers: Headers) => void
  /** The `id:` of each server-sent event that has one; never called on other wires. */
  readonly onId?: (id: string) => void
}

export interface Wire {
  readonly name: string
  call(operation: Operation, request: JsonObject, options?: CallOptions): Promise<JsonObject>
  stream(operation: Operation, request: JsonObject, options?: CallOptions): AsyncGenerator<JsonObject, void, undefined>
}

export class WireError extends Error {
  readonly reason: string
  /** The code of the wire itself: a number of JSON-RPC, an HTTP status, a name of gRPC. */
  readonly code: number | string
  readonly domain: string
  readonly metadata: Readonly<Record<string, string>>
  readonly fields: readonly string[]

  constructor(message: string, code: number | string, details: readonly JsonObject[]) {
    super(message)
    const info = details.find((detail) => String(detail['@type']).endsWith('google.rpc.ErrorInfo')) ?? {}
    const bad = details.find((detail) => String(detail['@type']).endsWith('google.rpc.BadRequest')) ?? {}
    this.code = code
    this.reason = String(info.reason)
    this.domain = String(info.domain)
    this.metadata = (info.metadata ?? {}) as Record<string, string>
    this.fields = ((bad.fieldViolations ?? []) as { field: string }[]).map(({ field }) => field)
  }
}

export function base(url: string, agent: string | undefined): string {
  return agent === undefined ? url : `${url}/agents/${agent}`
}

/** A refusal that came before the request was read has null in place of the id. */
export function answers({ jsonrpc, id, error }: JsonObject, to: JsonValue): boolean {
  return jsonrpc === '2.0' && (id === to || (id === null && error !== undefined))
}

export function rpcError({ message, code, data }: JsonObject): WireError {
  return new WireError(String(message), code as number, data as JsonObject[])
}

export function wireError(error: unknown, { onHeaders }: CallOptions): unknown {
  if (!(error instanceof ConnectError)) return error
  onHeaders?.(error.metadata)
  const infos = error.findDetails(ErrorInfoSchema).map((info) => ({
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    ...(toJson(ErrorInfoSchema, info) as JsonObject),
  }))
  const bad = error.findDetails(BadRequestSchema).map((detail) => ({
    '@type': 'type.googleapis.com/google.rpc.BadRequest',
    ...(toJson(BadRequestSchema, detail) as JsonObject),
  }))
  return new WireError(error.rawMessage, Code[error.code] ?? error.code, [...infos, ...bad])
}

export function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** The data of each event; comments and other fields are left out. */
export async function* sseData(
  response: Response,
  onId: (id: string) => void = () => {},
): AsyncGenerator<string, void, undefined> {
  let events: string[] = []
  let chunks: string[] = []
  const onEvent = ({ id, data }: EventSourceMessage) => {
    if (id !== undefined) onId(id)
    events.push(data)
  }
  const parser = createParser({ onEvent })
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const text = decoder.decode(chunk, { stream: true })
    chunks.push(text)
    // A large event comes in many chunks: they are joined once.
    if (!text.includes('\n')) continue
    parser.feed(chunks.join(''))
    chunks = []
    const ready = events
    events = []
    yield* ready
  }
}
