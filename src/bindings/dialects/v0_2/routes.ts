/** The REST paths of the older specification, all with the JSON of JSON-RPC. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type {
  AgentCardJson,
  ListTaskPushNotificationConfigsResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
} from '../../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, invalidParams } from '../../../a2a/errors.js'
import type { MethodEntry } from '../../method.js'
import { renameFields } from '../errors.js'
import { compact, field, isObject, pick } from '../fields.js'
import { cardFromV1 } from '../v0_3/card.js'
import { messageFromV1, taskFromV1, taskPushConfigFromV1 } from '../v0_3/json/from-v1.js'
import { kindStream, kindUnary } from '../v0_3/json/method.js'
import { pushConfigToV1 } from '../v0_3/json/to-v1.js'
import { withPace } from './stream.js'

export interface OldRoute {
  readonly httpMethod: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As in `google.api.http`. */
  readonly template: string
  readonly method: MethodEntry
}

/** Messages in one page of a history, and when nothing is said. */
const MAX_PAGE = 100
const DEFAULT_PAGE = 50

const task = (answer: JsonObject) => taskFromV1(answer as TaskJson)
const config = (answer: JsonObject) => taskPushConfigFromV1(answer as TaskPushNotificationConfigJson)

const createConfig = kindUnary(
  'createTaskPushNotificationConfig',
  (params) => {
    const given = field(params, 'pushNotificationConfig')
    return compact({ ...pushConfigToV1(isObject(given) ? given : params), taskId: field(params, 'taskId') })
  },
  config,
)

const configName = (params: JsonObject) => pick(params, ['taskId', 'id'])

/** GET on the stream: what subscribes, with the pace in the query. */
const subscribed = withPace(
  kindStream(
    'subscribeToTask',
    (params) => compact({ id: field(params, 'taskId') }),
    false,
    renameFields([[/^id$/, 'taskId']]),
  ),
)

export const V0_2_ROUTES: readonly OldRoute[] = [
  {
    httpMethod: 'GET',
    template: '/a2a/stream',
    method: { ...subscribed, pace: (params) => subscribed.pace?.({ streamConfig: params }) ?? {} },
  },
  {
    httpMethod: 'GET',
    template: '/a2a/tasks/{id}',
    method: kindUnary('getTask', (params) => pick(params, ['id', 'historyLength']), task),
  },
  {
    httpMethod: 'POST',
    template: '/a2a/tasks/{id}/cancel',
    method: kindUnary('cancelTask', (params) => pick(params, ['id', 'metadata']), task),
  },
  {
    httpMethod: 'GET',
    template: '/a2a/tasks/{id}/history',
    method(params) {
      const page = pageOf(params)
      return kindUnary(
        'getTask',
        (asked) => pick(asked, ['id']),
        (answer) => historyPage(answer as TaskJson, page),
      )
    },
  },
  ...(['POST', 'PUT'] as const).map((httpMethod) => ({
    httpMethod,
    template: '/a2a/tasks/{taskId}/pushNotifications',
    method: createConfig,
  })),
  {
    httpMethod: 'GET',
    template: '/a2a/tasks/{taskId}/pushNotifications',
    method: kindUnary(
      'listTaskPushNotificationConfigs',
      (params) => pick(params, ['taskId']),
      (answer) =>
        ((answer as ListTaskPushNotificationConfigsResponseJson).configs ?? []).map((each) =>
          config(each as JsonObject),
        ),
    ),
  },
  {
    httpMethod: 'GET',
    template: '/a2a/tasks/{taskId}/pushNotifications/{id}',
    method: kindUnary('getTaskPushNotificationConfig', configName, config),
  },
  {
    httpMethod: 'DELETE',
    template: '/a2a/tasks/{taskId}/pushNotifications/{id}',
    method: kindUnary('deleteTaskPushNotificationConfig', configName, () => ({})),
  },
  {
    // In 0.2.5 no method of JSON-RPC, and nothing at all where there is no such card.
    httpMethod: 'GET',
    template: '/agent/authenticatedExtendedCard',
    method: kindUnary(
      'getExtendedAgentCard',
      () => ({}),
      (answer) => cardFromV1(answer as AgentCardJson),
      (error) =>
        error.reason === 'UNSUPPORTED_OPERATION' || error.reason === 'EXTENDED_AGENT_CARD_NOT_CONFIGURED'
          ? new A2AError('METHOD_NOT_FOUND', error.message)
          : error,
    ),
  },
]

interface Page {
  readonly offset: number
  readonly limit: number
}

/** @throws A2AError INVALID_PARAMS */
function pageOf(params: JsonObject): Page {
  return {
    offset: whole(field(params, 'offset'), 'offset', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    limit: whole(field(params, 'limit'), 'limit', 1, MAX_PAGE) ?? DEFAULT_PAGE,
  }
}

function whole(given: JsonValue | undefined, name: string, least: number, most: number): number | undefined {
  if (given === undefined) return undefined
  const value = given === '' ? Number.NaN : Number(given)
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  const range = most === MAX_PAGE ? `${least} to ${most}` : `${least} or more`
  throw invalidParams([{ field: name, description: `must be a whole number, ${range}` }])
}

/** Oldest first, from the offset on. */
function historyPage({ id, contextId, history = [] }: TaskJson, { offset, limit }: Page): JsonObject {
  return {
    taskId: id ?? '',
    contextId: contextId ?? '',
    history: history.slice(offset, offset + limit).map(messageFromV1),
    offset,
    limit,
    totalSize: history.length,
  }
}
