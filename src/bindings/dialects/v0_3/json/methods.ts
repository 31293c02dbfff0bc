/** The JSON-RPC methods of 0.3 (A2A 0.3.0, section 7). */
import type { JsonObject } from '@bufbuild/protobuf'
import type {
  AgentCardJson,
  ListTaskPushNotificationConfigsResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
} from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import { taskNotFound } from '../../../../a2a/errors.js'
import type { MethodEntry } from '../../../method.js'
import { noExtendedCard, renameFields } from '../../errors.js'
import { compact, field, pick } from '../../fields.js'
import { cardFromV1 } from '../card.js'
import { sendResultFromV1, taskFromV1, taskPushConfigFromV1 } from './from-v1.js'
import { kindStream, kindUnary } from './method.js'
import { sendToV1, taskPushConfigToV1 } from './to-v1.js'

const messageFields = renameFields(
  [
    [/^configuration\.taskPushNotificationConfig/, 'configuration.pushNotificationConfig'],
    [/^configuration\.returnImmediately/, 'configuration.blocking'],
    [/^(message\.parts\[\d+\])\.raw/, '$1.file.bytes'],
    [/^(message\.parts\[\d+\])\.url/, '$1.file.uri'],
    [/^(message\.parts\[\d+\])\.filename/, '$1.file.name'],
    [/^(message\.parts\[\d+\])\.mediaType/, '$1.file.mimeType'],
  ],
  [
    [/text, raw, url, data/, 'text, file.bytes, file.uri, data'],
    [/ROLE_USER/, 'user'],
  ],
)

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

const getConfig = kindUnary('getTaskPushNotificationConfig', configToV1, configResult, configFields)

/** Without a configuration's id, one of them is meant: so asked clients of 0.2 that knew of one only. */
const getAnyConfig = kindUnary(
  'listTaskPushNotificationConfigs',
  taskOfConfigs,
  (answer) => {
    const first = configsOf(answer)[0]
    if (first === undefined) throw taskNotFound('')
    return configResult(first as JsonObject)
  },
  configFields,
)

export const V0_3_METHODS: ReadonlyMap<string, MethodEntry> = new Map<string, MethodEntry>([
  ['message/send', kindUnary('sendMessage', sendToV1, sendResultFromV1, messageFields)],
  ['message/stream', kindStream('sendStreamingMessage', sendToV1, false, messageFields)],
  ['tasks/get', kindUnary('getTask', (params) => pick(params, ['id', 'historyLength']), taskResult)],
  ['tasks/cancel', kindUnary('cancelTask', (params) => pick(params, ['id', 'metadata']), taskResult)],
  // Clients of this method take nothing but a stream (protocol note C22).
  ['tasks/resubscribe', kindStream('subscribeToTask', (params) => pick(params, ['id']), true)],
  [
    'tasks/pushNotificationConfig/set',
    kindUnary(
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
    kindUnary(
      'listTaskPushNotificationConfigs',
      taskOfConfigs,
      (answer) => configsOf(answer).map((config) => configResult(config as JsonObject)),
      configFields,
    ),
  ],
  [
    'tasks/pushNotificationConfig/delete',
    kindUnary('deleteTaskPushNotificationConfig', configToV1, () => null, configFields),
  ],
  [
    'agent/getAuthenticatedExtendedCard',
    kindUnary(
      'getExtendedAgentCard',
      () => ({}),
      (answer) => cardFromV1(answer as AgentCardJson),
      noExtendedCard,
    ),
  ],
])
