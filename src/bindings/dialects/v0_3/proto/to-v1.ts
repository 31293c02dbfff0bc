/**
 * ProtoJSON of the schema of 0.3 (package `a2a.v1`), in normal form, as ProtoJSON of 1.0. Pure.
 *
 * gRPC and REST of 0.3 speak this schema, and not the JSON with `kind`.
 */
import type { JsonObject } from '@bufbuild/protobuf'
import type {
  ArtifactJson,
  CancelTaskRequestJson,
  CreateTaskPushNotificationConfigRequestJson,
  GetTaskRequestJson,
  ListTaskPushNotificationConfigRequestJson,
  MessageJson,
  PartJson,
  PushNotificationConfigJson,
  SendMessageRequestJson,
  StreamResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
  TaskStatusJson,
} from '../../../../../gen/a2a/v1/a2a_pb.js'
import { invalidParams } from '../../../../a2a/errors.js'
import { compact } from '../../fields.js'
import { unwrapData } from '../data-part.js'
import { PROTO_STATES } from '../words.js'

export function partToV1({ text, file, data, metadata }: PartJson): JsonObject {
  if (file !== undefined) {
    return compact({
      raw: file.fileWithBytes,
      url: file.fileWithUri,
      filename: file.name,
      mediaType: file.mimeType,
      metadata,
    })
  }
  if (data !== undefined) return compact({ ...unwrapData(data.data ?? {}, metadata) })
  return compact({ text, metadata })
}

export function messageToV1({ content, role, ...rest }: MessageJson): JsonObject {
  const { messageId, contextId, taskId, metadata, extensions } = rest
  return compact({ messageId, contextId, taskId, metadata, extensions, role, parts: content?.map(partToV1) })
}

export function artifactToV1({ parts, ...rest }: ArtifactJson): JsonObject {
  const { artifactId, name, description, metadata, extensions } = rest
  return compact({ artifactId, name, description, metadata, extensions, parts: parts?.map(partToV1) })
}

function statusToV1({ state, message, timestamp }: TaskStatusJson): JsonObject {
  return compact({
    state: state && (PROTO_STATES.toV1.get(state) ?? state),
    message: message && messageToV1(message),
    timestamp,
  })
}

export function taskToV1({ id, contextId, status, artifacts, history, metadata }: TaskJson): JsonObject {
  return compact({
    id,
    contextId,
    status: status && statusToV1(status),
    artifacts: artifacts?.map(artifactToV1),
    history: history?.map(messageToV1),
    metadata,
  })
}

/** Also a SendMessageResponse, which has a part of the same members. */
export function eventToV1({ task, message, statusUpdate, artifactUpdate }: StreamResponseJson): JsonObject {
  if (task !== undefined) return { task: taskToV1(task) }
  if (message !== undefined) return { message: messageToV1(message) }
  if (statusUpdate !== undefined) {
    const { taskId, contextId, status, metadata } = statusUpdate
    return { statusUpdate: compact({ taskId, contextId, status: status && statusToV1(status), metadata }) }
  }
  if (artifactUpdate === undefined) return {}
  const { artifact, ...rest } = artifactUpdate
  const { taskId, contextId, append, lastChunk, metadata } = rest
  return {
    artifactUpdate: compact({
      taskId,
      contextId,
      artifact: artifact && artifactToV1(artifact),
      append,
      lastChunk,
      metadata,
    }),
  }
}

/**
 * A configuration without `blocking` does not wait, since an unset field is a false one here; a request without any
 * configuration does. A `history_length` of 0 sets no limit.
 */
export function sendToV1({ message, configuration, metadata }: SendMessageRequestJson): JsonObject {
  return compact({
    message: message && messageToV1(message),
    configuration:
      configuration &&
      compact({
        acceptedOutputModes: configuration.acceptedOutputModes,
        historyLength: configuration.historyLength || undefined,
        returnImmediately: configuration.blocking === true ? undefined : true,
        taskPushNotificationConfig: configuration.pushNotification && pushConfigToV1(configuration.pushNotification),
      }),
    metadata,
  })
}

/** @throws A2AError INVALID_PARAMS a name that is no task's */
export function getTaskToV1({ name, historyLength }: GetTaskRequestJson): JsonObject {
  return compact({ ...taskName(name), historyLength: historyLength || undefined })
}

/** CancelTask and TaskSubscription. */
export function taskNameToV1({ name }: CancelTaskRequestJson): JsonObject {
  return taskName(name)
}

export function pushConfigToV1({ id, url, token, authentication }: PushNotificationConfigJson): JsonObject {
  return compact({
    id,
    url,
    token,
    authentication:
      authentication && compact({ scheme: authentication.schemes?.[0], credentials: authentication.credentials }),
  })
}

/** A stored configuration. */
export function taskPushConfigToV1({ name, pushNotificationConfig }: TaskPushNotificationConfigJson): JsonObject {
  return { ...pushConfigToV1(pushNotificationConfig ?? {}), ...compact(configName(name)) }
}

/** The id of the request wins over the one inside. */
export function createPushToV1({ parent, configId, config }: CreateTaskPushNotificationConfigRequestJson): JsonObject {
  const taskId = matched(PARENT, 'parent', parent)?.[1]
  return compact({
    ...pushConfigToV1(config?.pushNotificationConfig ?? {}),
    ...(configId === undefined || configId === '' ? {} : { id: configId }),
    taskId,
  })
}

/** Get and Delete of one configuration. */
export function configNameToV1({ name }: TaskPushNotificationConfigJson): JsonObject {
  return compact(configName(name))
}

export function listPushToV1(request: ListTaskPushNotificationConfigRequestJson): JsonObject {
  const { parent, pageSize, pageToken } = request
  return compact({ taskId: matched(PARENT, 'parent', parent)?.[1], pageSize, pageToken })
}

const TASK = /^tasks\/(.+)$/s
/** Over REST the collection's name is a part of the parent. */
const PARENT = /^tasks\/(.+?)(?:\/pushNotificationConfigs)?$/s
const CONFIG = /^tasks\/(.+)\/pushNotificationConfigs\/(.+)$/s

function taskName(name: string | undefined): JsonObject {
  return compact({ id: matched(TASK, 'name', name)?.[1] })
}

function configName(name: string | undefined) {
  const match = matched(CONFIG, 'name', name)
  return { taskId: match?.[1], id: match?.[2] }
}

/** Undefined for no name at all, which the operation refuses as missing. */
function matched(pattern: RegExp, field: string, name: string | undefined): RegExpExecArray | undefined {
  if (name === undefined || name === '') return undefined
  const match = pattern.exec(name)
  if (match !== null) return match
  const form = pattern === CONFIG ? 'tasks/{id}/pushNotificationConfigs/{id}' : 'tasks/{id}'
  throw invalidParams([{ field, description: `must be ${form}` }])
}
