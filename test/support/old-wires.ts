/**
 * Wires of older versions. What they send is translated by the product's own translators: what is on these wires is pinned by
 * the golden tests of the dialects.
 */
import { create, type DescService, fromJson, type JsonObject, type JsonValue, toJson } from '@bufbuild/protobuf'
import { createClient, type Transport } from '@connectrpc/connect'
import { A2AService as OldService } from '../../gen/a2a/v1/a2a_pb.js'
import { A2AService, type PartJson, type TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { partFromV1, taskPushConfigFromV1 } from '../../src/bindings/dialects/v0_3/json/from-v1.js'
import { eventToV1, taskPushConfigToV1, taskToV1 } from '../../src/bindings/dialects/v0_3/json/to-v1.js'
import * as protoFrom from '../../src/bindings/dialects/v0_3/proto/from-v1.js'
import * as protoTo from '../../src/bindings/dialects/v0_3/proto/to-v1.js'
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

interface OldMethod {
  readonly name: string
  request(request: JsonObject): JsonObject
  answer(answer: JsonValue): JsonValue
}

type Configuration = { readonly returnImmediately?: boolean; readonly taskPushNotificationConfig?: object } & JsonObject

function normal(operation: Operation, json: JsonValue): JsonObject {
  const { output } = A2AService.method[operation]
  return toJson(output, fromJson(output, json)) as JsonObject
}

function renamed(json: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [names[name] ?? name, value]))
}

const ROLES: Readonly<Record<string, string>> = { ROLE_USER: 'user', ROLE_AGENT: 'agent' }

function kindSend({ message, configuration, ...rest }: JsonObject): JsonObject {
  return {
    ...rest,
    ...(message === undefined ? {} : { message: kindMessage(message as JsonObject) }),
    ...(configuration === undefined ? {} : { configuration: kindConfiguration(configuration as Configuration) }),
  }
}

function kindMessage({ role, parts, ...rest }: JsonObject): JsonObject {
  return {
    kind: 'message',
    ...rest,
    ...(role === undefined ? {} : { role: ROLES[role as string] ?? role }),
    ...(parts === undefined ? {} : { parts: (parts as PartJson[]).map(kindPart) }),
  }
}

function kindPart(part: PartJson): JsonObject {
  return Object.keys(part).length === 0 ? {} : partFromV1(part)
}

function kindConfiguration({ returnImmediately, taskPushNotificationConfig, ...rest }: Configuration): JsonObject {
  return {
    ...rest,
    ...(returnImmediately === undefined ? {} : { blocking: !returnImmediately }),
    ...(taskPushNotificationConfig === undefined
      ? {}
      : {
          pushNotificationConfig: taskPushConfigFromV1(taskPushNotificationConfig).pushNotificationConfig as JsonObject,
        }),
  }
}

const same = (request: JsonObject) => request
const kindConfig = (answer: JsonValue) => taskPushConfigToV1(answer as JsonObject)
const configParams = (request: JsonObject) => renamed(request, { taskId: 'id', id: 'pushNotificationConfigId' })

/** The methods of 0.3 and 0.2.5 over JSON-RPC. */
export const KIND: Readonly<Partial<Record<Operation, OldMethod>>> = {
  sendMessage: { name: 'message/send', request: kindSend, answer: eventToV1 },
  sendStreamingMessage: { name: 'message/stream', request: kindSend, answer: eventToV1 },
  getTask: { name: 'tasks/get', request: same, answer: taskToV1 },
  cancelTask: { name: 'tasks/cancel', request: same, answer: taskToV1 },
  subscribeToTask: { name: 'tasks/resubscribe', request: same, answer: eventToV1 },
  createTaskPushNotificationConfig: {
    name: 'tasks/pushNotificationConfig/set',
    request: (request) => taskPushConfigFromV1(request as TaskPushNotificationConfigJson),
    answer: kindConfig,
  },
  getTaskPushNotificationConfig: {
    name: 'tasks/pushNotificationConfig/get',
    request: configParams,
    answer: kindConfig,
  },
  listTaskPushNotificationConfigs: {
    name: 'tasks/pushNotificationConfig/list',
    request: configParams,
    answer: (answer) => ({ configs: (answer as JsonObject[]).map(kindConfig) }),
  },
  deleteTaskPushNotificationConfig: {
    name: 'tasks/pushNotificationConfig/delete',
    request: configParams,
    answer: () => ({}),
  },
  getExtendedAgentCard: { name: 'agent/getAuthenticatedExtendedCard', request: same, answer: (answer) => answer },
}

export function oldJsonRpcWire(name: string, url: string, path: string): Wire {
  let ids = 0
  const post = async (operation: Operation, request: JsonObject, options: CallOptions) => {
    const method = methodOf(KIND, operation)
    ids += 1
    const id = `r${ids}`
    const response = await fetch(`${base(url, options.agent)}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...options.headers },
      body: JSON.stringify({ jsonrpc: '2.0', id, method: method.name, params: method.request(request) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    options.onHeaders?.(response.headers)
    const read = (answer: JsonObject) => {
      if (!answers(answer, id)) throw new Error(`not an answer to ${id}: ${JSON.stringify(answer)}`)
      if (answer.error !== undefined) throw rpcError(answer.error as JsonObject)
      return normal(operation, method.answer(answer.result as JsonValue))
    }
    return { response, read }
  }
  return {
    name,
    async call(operation, request, options = {}) {
      if (operation === 'listTasks') return listTasks(url, request, options)
      const { response, read } = await post(operation, request, options)
      return read((await response.json()) as JsonObject)
    },
    async *stream(operation, request, options = {}) {
      const { response, read } = await post(operation, request, options)
      if (!isEventStream(response)) {
        read((await response.json()) as JsonObject)
        throw new Error('a stream answered with a plain result')
      }
      for await (const data of sseData(response, options.onId)) yield read(JSON.parse(data) as JsonObject)
    },
  }
}

/** There is no such method before 1.0; what a test wants to see all the same, it sees through 1.0. */
async function listTasks(url: string, request: JsonObject, { agent }: CallOptions): Promise<JsonObject> {
  const response = await fetch(base(url, agent), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ListTasks', params: request }),
  })
  return normal('listTasks', ((await response.json()) as { result: JsonObject }).result)
}

function methodOf(table: Readonly<Partial<Record<Operation, OldMethod>>>, operation: Operation): OldMethod {
  const method = table[operation]
  if (method === undefined) throw new Error(`${operation} is younger than this version`)
  return method
}

function protoSend({ message, configuration, ...rest }: JsonObject): JsonObject {
  const { returnImmediately, taskPushNotificationConfig, ...others } = (configuration ?? {}) as Configuration
  return {
    ...rest,
    ...(message === undefined ? {} : { message: protoMessage(message as JsonObject) }),
    ...(configuration === undefined
      ? {}
      : {
          configuration: {
            ...others,
            blocking: returnImmediately !== true,
            ...(taskPushNotificationConfig === undefined
              ? {}
              : {
                  pushNotification: protoFrom.taskPushConfigFromV1(taskPushNotificationConfig)
                    .pushNotificationConfig as JsonObject,
                }),
          },
        }),
  }
}

function protoMessage({ parts, referenceTaskIds: _, ...rest }: JsonObject): JsonObject {
  if (parts === undefined) return rest
  return {
    ...rest,
    content: (parts as PartJson[]).map((part) => (Object.keys(part).length === 0 ? {} : protoFrom.partFromV1(part))),
  }
}

const taskName = ({ id, metadata: _, ...rest }: JsonObject) => ({
  ...rest,
  ...(id === undefined ? {} : { name: `tasks/${id}` }),
})
const configName = ({ taskId, id }: JsonObject) => ({ name: `tasks/${taskId}/pushNotificationConfigs/${id}` })
const event = (answer: JsonValue) => protoTo.eventToV1(answer as JsonObject)
const task = (answer: JsonValue) => protoTo.taskToV1(answer as JsonObject)
const protoConfig = (answer: JsonValue) => protoTo.taskPushConfigToV1(answer as JsonObject)
const asIs = (answer: JsonValue) => answer

/** The RPCs of 0.3. */
export const PROTO: Readonly<Partial<Record<Operation, OldMethod>>> = {
  sendMessage: { name: 'SendMessage', request: protoSend, answer: event },
  sendStreamingMessage: { name: 'SendStreamingMessage', request: protoSend, answer: event },
  getTask: { name: 'GetTask', request: taskName, answer: task },
  cancelTask: { name: 'CancelTask', request: taskName, answer: task },
  subscribeToTask: { name: 'TaskSubscription', request: taskName, answer: event },
  createTaskPushNotificationConfig: {
    name: 'CreateTaskPushNotificationConfig',
    request: (request) => ({
      parent: `tasks/${request.taskId}`,
      configId: request.id ?? '',
      config: protoFrom.taskPushConfigFromV1(request as TaskPushNotificationConfigJson),
    }),
    answer: protoConfig,
  },
  getTaskPushNotificationConfig: { name: 'GetTaskPushNotificationConfig', request: configName, answer: protoConfig },
  listTaskPushNotificationConfigs: {
    name: 'ListTaskPushNotificationConfig',
    request: ({ taskId, pageSize, pageToken }) => ({
      parent: `tasks/${taskId}`,
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(pageToken === undefined ? {} : { pageToken }),
    }),
    answer: (answer) => {
      const { configs = [], ...rest } = answer as { configs?: JsonObject[] } & JsonObject
      return { ...rest, configs: configs.map(protoConfig) }
    },
  },
  deleteTaskPushNotificationConfig: { name: 'DeleteTaskPushNotificationConfig', request: configName, answer: asIs },
  getExtendedAgentCard: { name: 'GetAgentCard', request: () => ({}), answer: asIs },
}

/** Method, path below the agent, and the fields of the request that are in neither body nor query. */
export const PATHS: Readonly<
  Record<string, (request: JsonObject) => readonly [method: string, path: string, taken?: string]>
> = {
  SendMessage: () => ['POST', '/v1/message:send'],
  SendStreamingMessage: () => ['POST', '/v1/message:stream'],
  GetTask: ({ name }) => ['GET', `/v1/${escaped(name)}`, 'name'],
  CancelTask: ({ name }) => ['POST', `/v1/${escaped(name)}:cancel`, 'name'],
  TaskSubscription: ({ name }) => ['GET', `/v1/${escaped(name)}:subscribe`, 'name'],
  CreateTaskPushNotificationConfig: ({ parent }) => [
    'POST',
    `/v1/${escaped(parent)}/pushNotificationConfigs`,
    'parent',
  ],
  GetTaskPushNotificationConfig: ({ name }) => ['GET', `/v1/${name}`, 'name'],
  ListTaskPushNotificationConfig: ({ parent }) => ['GET', `/v1/${escaped(parent)}/pushNotificationConfigs`, 'parent'],
  DeleteTaskPushNotificationConfig: ({ name }) => ['DELETE', `/v1/${name}`, 'name'],
  GetAgentCard: () => ['GET', '/v1/card'],
}

function escaped(name: JsonValue | undefined): string {
  return `tasks/${encodeURIComponent(
    String(name)
      .toWellFormed()
      .replace(/^tasks\//, ''),
  )}`
}

export function oldRestWire(url: string): Wire {
  const send = async (operation: Operation, request: JsonObject, options: CallOptions) => {
    const old = methodOf(PROTO, operation)
    const json = old.request(request)
    const [method, path, taken] = PATHS[old.name]?.(json) ?? ['GET', '/']
    const rest = Object.entries(json).filter(([name]) => name !== taken)
    const query =
      method === 'POST'
        ? ''
        : new URLSearchParams(rest.map(([name, value]): [string, string] => [name, String(value)])).toString()
    const response = await fetch(`${base(url, options.agent)}${path}${query === '' ? '' : `?${query}`}`, {
      method,
      headers: { ...(method === 'POST' ? { 'content-type': 'application/json' } : {}), ...options.headers },
      ...(method === 'POST' ? { body: JSON.stringify(Object.fromEntries(rest)) } : {}),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    options.onHeaders?.(response.headers)
    if (!response.ok) {
      const { message, data } = (await response.json()) as JsonObject
      throw new WireError(String(message), response.status, data as JsonObject[])
    }
    const read = (answer: JsonValue) => {
      const { output } = OldService.method[localName(old.name)]
      return normal(operation, old.answer(toJson(output, fromJson(output, answer))))
    }
    return { response, read }
  }
  return {
    name: 'rest-0.3',
    async call(operation, request, options = {}) {
      if (operation === 'listTasks') return listTasks(url, request, options)
      const { response, read } = await send(operation, request, options)
      return read((await response.json()) as JsonValue)
    },
    async *stream(operation, request, options = {}) {
      const { response, read } = await send(operation, request, options)
      if (!isEventStream(response)) throw new Error(`a stream answered with ${response.headers.get('content-type')}`)
      for await (const data of sseData(response, options.onId)) yield read(JSON.parse(data) as JsonValue)
    },
  }
}

function localName(name: string): keyof typeof OldService.method {
  return `${name[0]?.toLowerCase()}${name.slice(1)}` as keyof typeof OldService.method
}

/** gRPC, gRPC-Web and Connect. */
export function oldRpcWire(wireName: string, transport: (baseUrl: string) => Transport, url: string): Wire {
  const clients = new Map<string, Record<string, (message: unknown, options: object) => unknown>>()
  const invoke = (
    operation: Operation,
    request: JsonObject,
    { agent, headers = {}, signal, onHeaders }: CallOptions,
  ) => {
    const baseUrl = base(url, agent)
    const client = clients.get(baseUrl) ?? (createClient(OldService as DescService, transport(baseUrl)) as never)
    clients.set(baseUrl, client)
    const old = methodOf(PROTO, operation)
    const { input, output, localName: name } = OldService.method[localName(old.name)]
    const message = create(input, fromJson(input, old.request(request)) as never)
    const read = (answer: unknown) => normal(operation, old.answer(toJson(output, answer as never) as JsonValue))
    const options = {
      headers,
      ...(signal === undefined ? {} : { signal }),
      ...(onHeaders === undefined ? {} : { onHeader: onHeaders }),
    }
    return { answer: client[name]?.(message, options), read }
  }
  return {
    name: wireName,
    async call(operation, request, options = {}) {
      if (operation === 'listTasks') return listTasks(url, request, options)
      try {
        const { answer, read } = invoke(operation, request, options)
        return read(await answer)
      } catch (error) {
        throw wireError(error, options)
      }
    },
    async *stream(operation, request, options = {}) {
      try {
        const { answer, read } = invoke(operation, request, options)
        for await (const event of answer as AsyncIterable<unknown>) yield read(event)
      } catch (error) {
        throw wireError(error, options)
      }
    },
  }
}
