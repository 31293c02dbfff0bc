/** The service of 0.3, for gRPC and REST. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { A2AService } from '../../../../../gen/a2a/v1/a2a_pb.js'
import type {
  AgentCardJson,
  ListTaskPushNotificationConfigsResponseJson,
  StreamResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
} from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import type { A2AError } from '../../../../a2a/errors.js'
import type { StreamOperation, UnaryOperation } from '../../../../service/request-handler.js'
import {
  type Method,
  operationRequest,
  type ServiceVersion,
  type StreamMethod,
  type UnaryMethod,
} from '../../../method.js'
import { noExtendedCard, renameFields } from '../../errors.js'
import { field, isObject } from '../../fields.js'
import { sendToV1 as sendJsonToV1 } from '../json/to-v1.js'
import { protoCardFromV1 } from './card.js'
import { eventFromV1, pushConfigListFromV1, sendResultFromV1, taskFromV1, taskPushConfigFromV1 } from './from-v1.js'
import { configNameToV1, createPushToV1, getTaskToV1, listPushToV1, sendToV1, taskNameToV1 } from './to-v1.js'

interface Words<Operation> {
  readonly operation: Operation
  toV1(json: JsonObject): JsonObject
  error(error: A2AError): A2AError
  readonly other?: (json: JsonObject) => JsonObject | undefined
}

function requests({ operation, toV1, error, other }: Words<UnaryOperation | StreamOperation>) {
  return {
    request: (json: JsonObject) => operationRequest(operation, toV1(json)),
    error,
    ...(other === undefined
      ? {}
      : {
          otherRequest(json: JsonObject) {
            const request = other(json)
            return request && operationRequest(operation, request)
          },
        }),
  }
}

function unary(words: Words<UnaryOperation>, answer: (answer: JsonObject) => JsonValue): UnaryMethod {
  return { kind: 'unary', operation: words.operation, answer, ...requests(words) }
}

function stream(words: Words<StreamOperation>): StreamMethod {
  return {
    kind: 'stream',
    operation: words.operation,
    event: ({ event, last }) => eventFromV1(event as StreamResponseJson, last === true),
    errorIsEvent: false,
    ...requests(words),
  }
}

const message = {
  toV1: sendToV1,
  error: renameFields(
    [
      [/^message\.parts/, 'message.content'],
      [/^configuration\.taskPushNotificationConfig/, 'configuration.pushNotification'],
    ],
    [[/text, raw, url, data/, 'text, file.fileWithBytes, file.fileWithUri, data']],
  ),
  /** Some clients send the JSON of JSON-RPC over REST. */
  other(json: JsonObject) {
    const message = field(json, 'message') ?? field(json, 'request')
    if (!isObject(message) || !('kind' in message || 'parts' in message)) return undefined
    return sendJsonToV1({ ...json, message })
  },
}
const named = { error: renameFields([[/^(?:id|taskId)$/, 'name']]) }
const inTask = { error: renameFields([[/^taskId$/, 'parent']]) }

const task = (answer: JsonObject) => taskFromV1(answer as TaskJson)
const config = (answer: JsonObject) => taskPushConfigFromV1(answer as TaskPushNotificationConfigJson)

export const V0_3_SERVICE: ServiceVersion = {
  version: '0.3',
  service: A2AService,
  methods: new Map<string, Method>([
    ['SendMessage', unary({ operation: 'sendMessage', ...message }, sendResultFromV1)],
    ['SendStreamingMessage', stream({ operation: 'sendStreamingMessage', ...message })],
    ['GetTask', unary({ operation: 'getTask', toV1: getTaskToV1, ...named }, task)],
    ['CancelTask', unary({ operation: 'cancelTask', toV1: taskNameToV1, ...named }, task)],
    ['TaskSubscription', stream({ operation: 'subscribeToTask', toV1: taskNameToV1, ...named })],
    [
      'CreateTaskPushNotificationConfig',
      unary({ operation: 'createTaskPushNotificationConfig', toV1: createPushToV1, ...inTask }, config),
    ],
    [
      'GetTaskPushNotificationConfig',
      unary({ operation: 'getTaskPushNotificationConfig', toV1: configNameToV1, ...named }, config),
    ],
    [
      'ListTaskPushNotificationConfig',
      unary({ operation: 'listTaskPushNotificationConfigs', toV1: listPushToV1, ...inTask }, (answer) =>
        pushConfigListFromV1(answer as ListTaskPushNotificationConfigsResponseJson),
      ),
    ],
    [
      'DeleteTaskPushNotificationConfig',
      unary({ operation: 'deleteTaskPushNotificationConfig', toV1: configNameToV1, ...named }, () => ({})),
    ],
    [
      'GetAgentCard',
      unary({ operation: 'getExtendedAgentCard', toV1: () => ({}), error: noExtendedCard }, (answer) =>
        protoCardFromV1(answer as AgentCardJson),
      ),
    ],
  ]),
}
