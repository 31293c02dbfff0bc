/** JSON-RPC of A2A 0.3, and so of 0.2: other methods, and objects that are told apart by `kind`. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type {
  SendMessageConfigurationJson,
  SendMessageRequestJson,
  TaskPushNotificationConfigJson,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../../a2a/errors.js'
import { EXTENSIONS_HEADER, OLD_EXTENSIONS_HEADER } from '../../a2a/service-params.js'
import { compact, pick } from '../../bindings/dialects/fields.js'
import { messageFromV1, taskPushConfigFromV1 } from '../../bindings/dialects/v0_3/json/from-v1.js'
import { eventToV1, taskPushConfigToV1, taskToV1 } from '../../bindings/dialects/v0_3/json/to-v1.js'
import { checkAnswer, checkEvent } from '../answers.js'
import { readCardJson } from '../card/read-card.js'
import { invalidAnswer } from '../errors.js'
import type { StreamOperation, Transport, UnaryOperation, WireCall } from '../transport.js'
import { createJsonRpc, type HttpTransportOptions } from './jsonrpc.js'

export function jsonRpcV03Transport(options: HttpTransportOptions): Transport {
  const rpc = createJsonRpc(options)
  return {
    name: 'jsonrpc',
    protocolVersion: '0.3',
    url: options.url,
    async unary(operation, request, call) {
      const { method, params, result } = METHODS[operation]
      if (method === undefined) {
        throw new A2AError('UNSUPPORTED_OPERATION', `A2A 0.3 has no operation ${operation}`)
      }
      const answer = await rpc.call(method, params(request), older(call))
      return checkAnswer(operation, await result(answer))
    },
    async *stream(operation, request, call) {
      const { method, params } = STREAMS[operation]
      for await (const { result, id } of rpc.stream(operation, method, params(request), older(call))) {
        yield { event: checkEvent(eventToV1(result ?? null)), ...(id === undefined ? {} : { id }) }
      }
    },
  }
}

function older({ headers: { [EXTENSIONS_HEADER]: extensions, ...headers }, ...call }: WireCall): WireCall {
  return { ...call, headers: extensions === undefined ? headers : { ...headers, [OLD_EXTENSIONS_HEADER]: extensions } }
}

interface Method {
  /** Undefined for an operation that is younger. */
  readonly method: string | undefined
  params(request: JsonObject): JsonObject
  result(answer: JsonValue | undefined): JsonValue | Promise<JsonValue>
}

const taskResult = (answer: JsonValue | undefined) => taskToV1(answer ?? null)
const configResult = (answer: JsonValue | undefined) => taskPushConfigToV1(objectIn(answer))
/** In the methods of webhooks `id` is the task. */
const configParams = (request: JsonObject) => compact({ id: request.taskId, pushNotificationConfigId: request.id })

const METHODS: Readonly<Record<UnaryOperation, Method>> = {
  sendMessage: { method: 'message/send', params: sendParams, result: (answer) => eventToV1(answer ?? null) },
  getTask: { method: 'tasks/get', params: (request) => pick(request, ['id', 'historyLength']), result: taskResult },
  listTasks: { method: undefined, params: (request) => request, result: objectIn },
  cancelTask: { method: 'tasks/cancel', params: (request) => pick(request, ['id', 'metadata']), result: taskResult },
  createTaskPushNotificationConfig: {
    method: 'tasks/pushNotificationConfig/set',
    params: (request) => taskPushConfigFromV1(request as TaskPushNotificationConfigJson),
    result: configResult,
  },
  getTaskPushNotificationConfig: {
    method: 'tasks/pushNotificationConfig/get',
    params: configParams,
    result: configResult,
  },
  listTaskPushNotificationConfigs: {
    method: 'tasks/pushNotificationConfig/list',
    params: configParams,
    result: (answer) => ({ configs: Array.isArray(answer) ? answer.map(configResult) : null }),
  },
  deleteTaskPushNotificationConfig: {
    method: 'tasks/pushNotificationConfig/delete',
    params: configParams,
    result: () => ({}),
  },
  getExtendedAgentCard: {
    method: 'agent/getAuthenticatedExtendedCard',
    params: () => ({}),
    result: async (answer) => (await readCardJson(objectIn(answer))) as JsonObject,
  },
}

const STREAMS: Readonly<Record<StreamOperation, { method: string; params(request: JsonObject): JsonObject }>> = {
  sendStreamingMessage: { method: 'message/stream', params: sendParams },
  subscribeToTask: { method: 'tasks/resubscribe', params: (request) => pick(request, ['id']) },
}

function sendParams(request: JsonObject): JsonObject {
  const { message = {}, configuration, metadata } = request as SendMessageRequestJson & JsonObject
  return compact({
    message: messageFromV1(message),
    configuration: configuration && configurationParams(configuration),
    metadata,
  })
}

/** `blocking` is always said: what its absence means differs between servers. */
function configurationParams(configuration: SendMessageConfigurationJson): JsonObject {
  const { acceptedOutputModes, historyLength, returnImmediately, taskPushNotificationConfig } = configuration
  return compact({
    acceptedOutputModes,
    historyLength,
    blocking: returnImmediately !== true,
    pushNotificationConfig:
      taskPushNotificationConfig && taskPushConfigFromV1(taskPushNotificationConfig).pushNotificationConfig,
  })
}

function objectIn(answer: JsonValue | undefined): JsonObject {
  if (typeof answer === 'object' && answer !== null && !Array.isArray(answer)) return answer
  throw invalidAnswer('the result is no object')
}
