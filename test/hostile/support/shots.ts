/** One input as it goes over the wire, and how a request of each binding becomes one. */
import { type DescMethod, fromJson, type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import type { Form } from './forms.js'

export interface Shot {
  readonly version: '1.1' | '2'
  /** How its answer has to look. */
  readonly form: Form
  readonly method: string
  readonly path: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer | undefined
  /** What a binary answer is decoded as. */
  readonly rpc?: DescMethod
  /** The agent that it is sent to. Default: the one at the root. */
  readonly agent?: string
}

/** The same to another agent. */
export function toAgent(shot: Shot, agent: string): Shot {
  return { ...shot, agent, path: `/agents/${agent}${shot.path === '/' ? '' : shot.path}` }
}

export const METHODS: readonly DescMethod[] = A2AService.methods

export const JSON_BINDINGS = ['jsonrpc', 'rest', 'connect-json'] as const
export const BINARY_BINDINGS = ['connect', 'grpc', 'grpc-web'] as const
export const BINDINGS = [...JSON_BINDINGS, ...BINARY_BINDINGS] as const

export type JsonBinding = (typeof JSON_BINDINGS)[number]
export type BinaryBinding = (typeof BINARY_BINDINGS)[number]
export type Binding = (typeof BINDINGS)[number]

export function rpcPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`
}

/** Written out on purpose, as in `wires.ts`: path of an operation, and the fields that are taken from it. */
export const REST_PATHS: Readonly<
  Record<string, { readonly method: string; readonly path: (request: JsonObject) => string; readonly taken: string[] }>
> = {
  SendMessage: { method: 'POST', path: () => '/message:send', taken: [] },
  SendStreamingMessage: { method: 'POST', path: () => '/message:stream', taken: [] },
  GetTask: { method: 'GET', path: ({ id }) => `/tasks/${segment(id)}`, taken: ['id'] },
  ListTasks: { method: 'GET', path: () => '/tasks', taken: [] },
  CancelTask: { method: 'POST', path: ({ id }) => `/tasks/${segment(id)}:cancel`, taken: ['id'] },
  SubscribeToTask: { method: 'POST', path: ({ id }) => `/tasks/${segment(id)}:subscribe`, taken: ['id'] },
  CreateTaskPushNotificationConfig: {
    method: 'POST',
    path: ({ taskId }) => `/tasks/${segment(taskId)}/pushNotificationConfigs`,
    taken: ['taskId'],
  },
  GetTaskPushNotificationConfig: {
    method: 'GET',
    path: ({ taskId, id }) => `/tasks/${segment(taskId)}/pushNotificationConfigs/${segment(id)}`,
    taken: ['taskId', 'id'],
  },
  ListTaskPushNotificationConfigs: {
    method: 'GET',
    path: ({ taskId }) => `/tasks/${segment(taskId)}/pushNotificationConfigs`,
    taken: ['taskId'],
  },
  DeleteTaskPushNotificationConfig: {
    method: 'DELETE',
    path: ({ taskId, id }) => `/tasks/${segment(taskId)}/pushNotificationConfigs/${segment(id)}`,
    taken: ['taskId', 'id'],
  },
  GetExtendedAgentCard: { method: 'GET', path: () => '/extendedAgentCard', taken: [] },
}

function segment(value: JsonValue | undefined): string {
  return encodeURIComponent(typeof value === 'string' ? value.toWellFormed() : 'x')
}

export function restPath(method: DescMethod, request: JsonObject): string {
  return REST_PATHS[method.name]?.path(request) ?? '/'
}

export function hasRestBody(method: DescMethod): boolean {
  return REST_PATHS[method.name]?.method === 'POST'
}

const VERSION = { 'a2a-version': '1.0' }

/**
 * A request whose JSON text is given as it is.
 *
 * @param base what the path of REST is made of
 */
export function jsonShot(
  binding: JsonBinding,
  method: DescMethod,
  text: string | Buffer,
  base: JsonObject = {},
  version: Shot['version'] = '1.1',
): Shot {
  const bytes = Buffer.from(text as string)
  switch (binding) {
    case 'jsonrpc':
      return {
        version,
        form: 'jsonrpc',
        method: 'POST',
        path: '/',
        headers: { ...VERSION, 'content-type': 'application/json' },
        body: Buffer.concat([
          Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"${method.name}","params":`),
          bytes,
          Buffer.from('}'),
        ]),
      }
    case 'rest':
      return {
        version,
        form: 'rest',
        method: REST_PATHS[method.name]?.method ?? 'POST',
        path: restPath(method, base),
        headers: { ...VERSION, 'content-type': 'application/a2a+json' },
        body: bytes,
      }
    case 'connect-json': {
      const stream = method.methodKind !== 'unary'
      return {
        version,
        form: stream ? 'connect-stream' : 'connect',
        method: 'POST',
        path: rpcPath(method),
        headers: { ...VERSION, 'content-type': stream ? 'application/connect+json' : 'application/json' },
        body: stream ? envelope(bytes) : bytes,
      }
    }
  }
}

/** A request of a binary binding whose message is given as bytes. */
export function binaryShot(
  binding: BinaryBinding,
  method: DescMethod,
  message: Uint8Array,
  version: Shot['version'] = '2',
): Shot {
  const stream = method.methodKind !== 'unary'
  const types = {
    connect: stream ? 'application/connect+proto' : 'application/proto',
    grpc: 'application/grpc+proto',
    'grpc-web': 'application/grpc-web+proto',
  }
  return {
    version,
    form: binding === 'connect' ? (stream ? 'connect-stream' : 'connect') : binding,
    method: 'POST',
    path: rpcPath(method),
    headers: {
      ...VERSION,
      'content-type': types[binding],
      ...(binding === 'grpc' ? { te: 'trailers' } : {}),
    },
    body: binding === 'connect' && !stream ? Buffer.from(message) : envelope(message),
    rpc: method,
  }
}

/** A request that is fine, on any binding. */
export function goodShot(
  binding: Binding,
  method: DescMethod,
  request: JsonObject,
  version: Shot['version'] = '1.1',
): Shot {
  if (binding === 'jsonrpc' || binding === 'connect-json' || (binding === 'rest' && hasRestBody(method))) {
    return jsonShot(binding, method, JSON.stringify(request), request, version)
  }
  if (binding !== 'rest') return binaryShot(binding, method, encode(method, request), version)
  const taken = REST_PATHS[method.name]?.taken ?? []
  const query = Object.entries(request).filter(([name]) => !taken.includes(name))
  const text = new URLSearchParams(query.map(([name, value]): [string, string] => [name, String(value)])).toString()
  return {
    version,
    form: 'rest',
    method: REST_PATHS[method.name]?.method ?? 'GET',
    path: `${restPath(method, request)}${text === '' ? '' : `?${text}`}`,
    headers: VERSION,
  }
}

export function encode(method: DescMethod, request: JsonObject): Uint8Array {
  return toBinary(method.input, fromJson(method.input, request))
}

/** The five bytes before a message on gRPC, gRPC-Web and Connect streams. */
export function envelope(data: Uint8Array, flags = 0, length = data.length): Buffer {
  const head = Buffer.alloc(5)
  head[0] = flags
  head.writeUInt32BE(length >>> 0, 1)
  return Buffer.concat([head, data])
}

/** The shot as HTTP/1.1 bytes. */
export function h1Bytes({ method, path, headers, body }: Shot, port: number): Buffer {
  const all: Record<string, string> = { host: `127.0.0.1:${port}`, ...headers }
  if (body !== undefined && !('content-length' in all) && !('transfer-encoding' in all)) {
    all['content-length'] = String(body.length)
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'),
    body ?? Buffer.alloc(0),
  ])
}
