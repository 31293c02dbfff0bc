/** Every wire and version as one kind of client: ProtoJSON of 1.0 in, ProtoJSON of 1.0 or a {@link WireError} out. */
import {
  create,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  toJson,
} from '@bufbuild/protobuf'
import { createClient, type Transport } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node'
import { A2AService } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { observedWire } from './observations.js'
import { oldJsonRpcWire, oldRestWire, oldRpcWire } from './old-wires.js'
import {
  answers,
  base,
  type CallOptions,
  isEventStream,
  type Operation,
  rpcError,
  sseData,
  type Wire,
  WireError,
  wireError,
} from './wire.js'

export { type CallOptions, type Operation, sseData, type Wire, WireError } from './wire.js'

/** What the contract has to know of a wire: whose codes its errors have, which version it speaks, and in which words. */
export interface Traits {
  readonly kind: 'jsonrpc' | 'http' | 'grpc'
  readonly version: '1.0' | '0.3' | '0.2'
  /** `kind`: the JSON of 0.3; `proto`: its schema. */
  readonly words: 'v1' | 'kind' | 'proto'
}

const V1 = { version: '1.0', words: 'v1' } as const

export const WIRES = {
  jsonrpc: { kind: 'jsonrpc', ...V1 },
  rest: { kind: 'http', ...V1 },
  'connect-json': { kind: 'grpc', ...V1 },
  connect: { kind: 'grpc', ...V1 },
  grpc: { kind: 'grpc', ...V1 },
  'grpc-web': { kind: 'grpc', ...V1 },
  'jsonrpc-0.3': { kind: 'jsonrpc', version: '0.3', words: 'kind' },
  'rest-0.3': { kind: 'http', version: '0.3', words: 'proto' },
  'grpc-0.3': { kind: 'grpc', version: '0.3', words: 'proto' },
  'jsonrpc-0.2': { kind: 'jsonrpc', version: '0.2', words: 'kind' },
  'connect-json-0.3': { kind: 'grpc', version: '0.3', words: 'proto' },
  'connect-0.3': { kind: 'grpc', version: '0.3', words: 'proto' },
  'grpc-web-0.3': { kind: 'grpc', version: '0.3', words: 'proto' },
} satisfies Record<string, Traits>

export type WireName = keyof typeof WIRES

export const ALL_WIRE_NAMES = Object.keys(WIRES) as WireName[]

/** The service of 0.3 as on gRPC, in the frames of 1.0: each operation is tested there once. */
export const REFRAMED_WIRE_NAMES = ['connect-json-0.3', 'connect-0.3', 'grpc-web-0.3'] as const satisfies WireName[]

/** Those that differ in more than frames, where everything is tested. */
export const WIRE_NAMES = ALL_WIRE_NAMES.filter((name) => !(REFRAMED_WIRE_NAMES as readonly WireName[]).includes(name))

/** Those of 1.0, which alone have the cursor in the events' metadata. */
export const CURRENT_WIRE_NAMES = WIRE_NAMES.filter((name) => WIRES[name].version === '1.0')

const TRANSPORTS: Readonly<Record<string, (baseUrl: string) => Transport>> = {
  'connect-json': (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
  connect: (baseUrl) => createConnectTransport({ baseUrl, httpVersion: '2' }),
  grpc: (baseUrl) => createGrpcTransport({ baseUrl }),
  'grpc-web': (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
}

export function wireNamed(name: WireName, url: string): Wire {
  return observedWire(name, bareWire(name, url))
}

function bareWire(name: WireName, url: string): Wire {
  const { version } = WIRES[name]
  const transport = TRANSPORTS[name.replace(/-0\.3$/, '')]
  if (transport !== undefined) {
    return version === '0.3' ? oldRpcWire(name, transport, url) : connectWire(name, transport, url)
  }
  switch (name) {
    case 'jsonrpc':
      return jsonrpcWire(url)
    case 'rest':
      return restWire(url)
    case 'rest-0.3':
      return oldRestWire(url)
    default:
      return oldJsonRpcWire(name, url, version === '0.2' ? '/a2a' : '')
  }
}

/** Fields at their default are left out on binary wires: in normal form all wires are the same. */
function normal(desc: DescMessage, json: JsonValue): JsonObject {
  return toJson(desc, fromJson(desc, json, { ignoreUnknownFields: true })) as JsonObject
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
    if (!answers(answer, id)) throw new Error(`not an answer to ${id}: ${JSON.stringify(answer)}`)
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
