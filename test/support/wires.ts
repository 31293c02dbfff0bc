/** The six wires as one kind of client: ProtoJSON in, ProtoJSON or a {@link WireError} out. */
import {
  create,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  toJson,
} from '@bufbuild/protobuf'
import { Code, ConnectError, createClient, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { BadRequestSchema, ErrorInfoSchema } from '../../gen/google/rpc/error_details_pb.js'
import { A2AService } from '../../gen/lf/a2a/v1/a2a_pb.js'

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

export const WIRE_NAMES = ['jsonrpc', 'rest', 'connect-json', 'connect', 'grpc', 'grpc-web'] as const

export function wireNamed(name: (typeof WIRE_NAMES)[number], url: string): Wire {
  switch (name) {
    case 'jsonrpc':
      return jsonrpcWire(url)
    case 'rest':
      return restWire(url)
    case 'connect-json':
      return connectWire(
        name,
        (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
        url,
      )
    case 'connect':
      return connectWire(name, (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' }), url)
    case 'grpc':
      return connectWire(name, (baseUrl) => createGrpcTransport({ baseUrl }), url)
    case 'grpc-web':
      return connectWire(name, (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }), url)
  }
}

/** Fields at their default are left out on binary wires: in normal form all wires are the same. */
function normal(desc: DescMessage, json: JsonValue): JsonObject {
  return toJson(desc, fromJson(desc, json, { ignoreUnknownFields: true })) as JsonObject
}

function base(url: string, agent: string | undefined): string {
  return agent === undefined ? url : `${url}/agents/${agent}`
}

function methodOf(operation: Operation): DescMethod {
  return A2AService.method[operation]
}

function jsonrpcWire(url: string): Wire {
  let ids = 0
  const post = async (operation: Operation, params: JsonObject, options: CallOptions) => {
    ids += 1
    const id = ids
    const response = await fetch(base(url, options.agent), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...options.headers },
      body: JSON.stringify({ jsonrpc: '2.0', id, method: methodOf(operation).name, params }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    options.onHeaders?.(response.headers)
    return { response, id }
  }
  const resultOf = (operation: Operation, answer: JsonObject, id: number): JsonObject => {
    if (answer.jsonrpc !== '2.0' || answer.id !== id)
      throw new Error(`not an answer to ${id}: ${JSON.stringify(answer)}`)
    if (answer.error !== undefined) throw rpcError(answer.error as JsonObject)
    return normal(methodOf(operation).output, answer.result as JsonValue)
  }
  return {
    name: 'jsonrpc',
    async call(operation, request, options = {}) {
      const { response, id } = await post(operation, request, options)
      return resultOf(operation, (await response.json()) as JsonObject, id)
    },
    async *stream(operation, request, options = {}) {
      const { response, id } = await post(operation, request, options)
      if (!isEventStream(response)) {
        resultOf(operation, (await response.json()) as JsonObject, id)
        throw new Error('a stream answered with a plain result')
      }
      for await (const data of sseData(response, options.onId))
        yield resultOf(operation, JSON.parse(data) as JsonObject, id)
    },
  }
}

function rpcError({ message, code, data }: JsonObject): WireError {
  return new WireError(String(message), code as number, data as JsonObject[])
}

/** Written out on purpose: the paths are part of what is tested. */
const REST: Readonly<Record<Operation, (request: JsonObject) => { method: string; path: string; taken?: string[] }>> = {
  sendMessage: () => ({ method: 'POST', path: '/message:send' }),
  sendStreamingMessage: () => ({ method: 'POST', path: '/message:stream' }),
  getTask: ({ id }) => ({ method: 'GET', path: `/tasks/${segment(id)}`, taken: ['id'] }),
  listTasks: () => ({ method: 'GET', path: '/tasks' }),
  cancelTask: ({ id }) => ({ method: 'POST', path: `/tasks/${segment(id)}:cancel`, taken: ['id'] }),
  subscribeToTask: ({ id }) => ({ method: 'GET', path: `/tasks/${segment(id)}:subscribe`, taken: ['id'] }),
  createTaskPushNotificationConfig: ({ taskId }) => ({
    method: 'POST',
    path: `/tasks/${segment(taskId)}/pushNotificationConfigs`,
    taken: ['taskId'],
  }),
  getTaskPushNotificationConfig: ({ taskId, id }) => ({
    method: 'GET',
    path: `/tasks/${segment(taskId)}/pushNotificationConfigs/${segment(id)}`,
    taken: ['taskId', 'id'],
  }),
  listTaskPushNotificationConfigs: ({ taskId }) => ({
    method: 'GET',
    path: `/tasks/${segment(taskId)}/pushNotificationConfigs`,
    taken: ['taskId'],
  }),
  deleteTaskPushNotificationConfig: ({ taskId, id }) => ({
    method: 'DELETE',
    path: `/tasks/${segment(taskId)}/pushNotificationConfigs/${segment(id)}`,
    taken: ['taskId', 'id'],
  }),
  getExtendedAgentCard: () => ({ method: 'GET', path: '/extendedAgentCard' }),
}

function segment(value: JsonValue | undefined): string {
  return encodeURIComponent(String(value))
}

function restWire(url: string): Wire {
  const send = async (operation: Operation, request: JsonObject, options: CallOptions) => {
    const { method, path, taken = [] } = REST[operation](request)
    const rest = Object.entries(request).filter(([name]) => !taken.includes(name))
    const query =
      method === 'POST'
        ? ''
        : new URLSearchParams(rest.map(([name, value]): [string, string] => [name, String(value)])).toString()
    const response = await fetch(`${base(url, options.agent)}${path}${query === '' ? '' : `?${query}`}`, {
      method,
      headers: {
        'a2a-version': '1.0',
        ...(method === 'POST' ? { 'content-type': 'application/a2a+json' } : {}),
        ...options.headers,
      },
      ...(method === 'POST' ? { body: JSON.stringify(Object.fromEntries(rest)) } : {}),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    options.onHeaders?.(response.headers)
    if (!response.ok) {
      const { error } = (await response.json()) as { error: JsonObject }
      if (error.code !== response.status) throw new Error(`code ${error.code} in a ${response.status}`)
      throw new WireError(String(error.message), response.status, error.details as JsonObject[])
    }
    return response
  }
  return {
    name: 'rest',
    async call(operation, request, options = {}) {
      const response = await send(operation, request, options)
      return normal(methodOf(operation).output, (await response.json()) as JsonValue)
    },
    async *stream(operation, request, options = {}) {
      const response = await send(operation, request, options)
      if (!isEventStream(response)) throw new Error(`a stream answered with ${response.headers.get('content-type')}`)
      for await (const data of sseData(response, options.onId))
        yield normal(methodOf(operation).output, JSON.parse(data) as JsonValue)
    },
  }
}

function connectWire(name: string, transport: (baseUrl: string) => Transport, url: string): Wire {
  const clients = new Map<string, Record<string, (message: unknown, options: object) => unknown>>()
  const clientOf = (agent: string | undefined) => {
    const baseUrl = base(url, agent)
    const client = clients.get(baseUrl) ?? (createClient(A2AService, transport(baseUrl)) as never)
    clients.set(baseUrl, client)
    return client
  }
  const optionsOf = ({ headers, signal, onHeaders }: CallOptions) => ({
    headers: { 'a2a-version': '1.0', ...headers },
    ...(signal === undefined ? {} : { signal }),
    ...(onHeaders === undefined ? {} : { onHeader: onHeaders }),
  })
  return {
    name,
    async call(operation, request, options = {}) {
      const { input, output, localName } = methodOf(operation)
      try {
        const message = create(input, fromJson(input, request))
        const answer = await clientOf(options.agent)[localName]?.(message, optionsOf(options))
        return toJson(output, answer as never) as JsonObject
      } catch (error) {
        throw wireError(error, options)
      }
    },
    async *stream(operation, request, options = {}) {
      const { input, output, localName } = methodOf(operation)
      try {
        const message = create(input, fromJson(input, request))
        const events = clientOf(options.agent)[localName]?.(message, optionsOf(options)) as AsyncIterable<never>
        for await (const event of events) yield toJson(output, event) as JsonObject
      } catch (error) {
        throw wireError(error, options)
      }
    },
  }
}

function wireError(error: unknown, { onHeaders }: CallOptions): unknown {
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

function isEventStream(response: Response): boolean {
  return response.headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** The data of each event; comments and other fields are left out. */
export async function* sseData(
  response: Response,
  onId: (id: string) => void = () => {},
): AsyncGenerator<string, void, undefined> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text.slice(0, end).split('\n')
      text = text.slice(end + 2)
      const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart())
      const id = lines.find((line) => line.startsWith('id:'))
      if (id !== undefined) onId(id.slice(3).trimStart())
      if (data.length > 0) yield data.join('\n')
    }
  }
}
