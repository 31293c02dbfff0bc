/** The JSON-RPC methods of 0.3 (A2A 0.3.0, section 7). */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type {
  AgentCardJson,
  ListTaskPushNotificationConfigsResponseJson,
  StreamResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
} from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import { type A2AError, taskNotFound } from '../../../../a2a/errors.js'
import type { StreamOperation, UnaryOperation } from '../../../../service/request-handler.js'
import { type Method, operationRequest, type StreamMethod, type UnaryMethod } from '../../../method.js'
import { noExtendedCard, renameFields } from '../../errors.js'
import { compact, field, pick } from '../../fields.js'
import { cardFromV1 } from '../card.js'
import { eventFromV1, sendResultFromV1, taskFromV1, taskPushConfigFromV1 } from './from-v1.js'
import { sendToV1, taskPushConfigToV1 } from './to-v1.js'

type Entry = Method | ((params: JsonObject) => Method)

function unary(
  operation: UnaryOperation,
  toV1: (params: JsonObject) => JsonObject,
  fromV1: (answer: JsonObject) => JsonValue,
  error: (error: A2AError) => A2AError = (same) => same,
): UnaryMethod {
  return {
    kind: 'unary',
    operation,
    request: (params) => operationRequest(operation, toV1(params)),
    answer: fromV1,
    error,
  }
}

function stream(
  operation: StreamOperation,
  toV1: (params: JsonObject) => JsonObject,
  errorIsEvent: boolean,
  error: (error: A2AError) => A2AError = (same) => same,
): StreamMethod {
  return {
    kind: 'stream',
    operation,
    request: (params) => operationRequest(operation, toV1(params)),
    event: ({ event, last }) => eventFromV1(event as StreamResponseJson, last === true),
    error,
    errorIsEvent,
  }
}

const messageFields = renameFields([
  [/^configuration\.taskPushNotificationConfig/, 'configuration.pushNotificationConfig'],
  [/^configuration\.returnImmediately/, 'configuration.blocking'],
])

/** In the webhook methods `id` is the task and `pushNotificationConfigId` the configuration. */
const configFields = renameFields([
  [/^id$/, 'pushNotificationConfigId'],
  [/^taskId$/, 'id'],
])
const configToV1 = (params: JsonObject) =>
  compact({ taskId: field(params, 'id'), id: field(params, 'pushNotificationConfigId') })
const taskOfConfigs = (params: JsonObject) => compact({ taskId: field(params, 'id') })

const taskResult = (answer: JsonObject) => taskFromV1(answer as TaskJson)
const configResult = (answer: JsonObject) => taskPushConfigFromV1(answer as TaskPushNotificationConfigJson)
const configsOf = (answer: JsonObject) => (answer as ListTaskPushNotificationConfigsResponseJson).configs ?? []

const getConfig = unary('getTaskPushNotificationConfig', configToV1, configResult, configFields)

/** Without a configuration's id, one of them is meant: so asked clients of 0.2 that knew of one only. */
const getAnyConfig = unary(
  'listTaskPushNotificationConfigs',
  taskOfConfigs,
  (answer) => {
    const first = configsOf(answer)[0]
    if (first === undefined) throw taskNotFound('')
    return configResult(first as JsonObject)
  },
  configFields,
)

export const V0_3_METHODS: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ['message/send', unary('sendMessage', sendToV1, sendResultFromV1, messageFields)],
  ['message/stream', stream('sendStreamingMessage', sendToV1, false, messageFields)],
  ['tasks/get', unary('getTask', (params) => pick(params, ['id', 'historyLength']), taskResult)],
  ['tasks/cancel', unary('cancelTask', (params) => pick(params, ['id', 'metadata']), taskResult)],
  // Clients of this method take nothing but a stream (protocol note C22).
  ['tasks/resubscribe', stream('subscribeToTask', (params) => pick(params, ['id']), true)],
  [
    'tasks/pushNotificationConfig/set',
    unary(
      'createTaskPushNotificationConfig',
      taskPushConfigToV1,
      configResult,
      renameFields([[/^(?!taskId$)/, 'pushNotificationConfig.']]),
    ),
  ],
  [
    'tasks/pushNotificationConfig/get',
    (params) => (field(params, 'pushNotificationConfigId') === undefined ? getAnyConfig : getConfig),
  ],
  [
    'tasks/pushNotificationConfig/list',
    unary(
      'listTaskPushNotificationConfigs',
      taskOfConfigs,
      (answer) => configsOf(answer).map((config) => configResult(config as JsonObject)),
      configFields,
    ),
  ],
  [
    'tasks/pushNotificationConfig/delete',
    unary('deleteTaskPushNotificationConfig', configToV1, () => null, configFields),
  ],
  [
    'agent/getAuthenticatedExtendedCard',
    unary(
      'getExtendedAgentCard',
      () => ({}),
      (answer) => cardFromV1(answer as AgentCardJson),
      noExtendedCard,
    ),
  ],
])
