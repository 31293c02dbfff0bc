/** ProtoJSON of 1.0 as the objects of the JSON of 0.3, told apart by `kind`. Pure. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type {
  ArtifactJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
  TaskStatusJson,
} from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import { compact } from '../../fields.js'
import { wrapData } from '../data-part.js'
import { ROLES, STATES } from '../words.js'

/** A text loses its file name and media type, data its media type: 0.3 has no place for them. */
export function partFromV1({ text, raw, url, data, metadata, filename, mediaType }: PartJson): JsonObject {
  if (text !== undefined) return compact({ kind: 'text', text, metadata })
  if (raw !== undefined || url !== undefined) {
    return compact({
      kind: 'file',
      file: compact({ bytes: raw, uri: url, name: filename, mimeType: mediaType }),
      metadata,
    })
  }
  return compact({ kind: 'data', ...wrapData(data ?? null, metadata) })
}

export function messageFromV1(message: MessageJson): JsonObject {
  const { messageId, contextId, taskId, metadata, extensions, referenceTaskIds } = message
  return compact({
    kind: 'message',
    messageId: messageId ?? '',
    role: ROLES.fromV1.get(message.role ?? '') ?? 'agent',
    parts: (message.parts ?? []).map(partFromV1),
    contextId,
    taskId,
    metadata,
    extensions,
    referenceTaskIds,
  })
}

export function artifactFromV1(artifact: ArtifactJson): JsonObject {
  const { artifactId, name, description, metadata, extensions } = artifact
  return compact({
    artifactId: artifactId ?? '',
    name,
    description,
    parts: (artifact.parts ?? []).map(partFromV1),
    metadata,
    extensions,
  })
}

function statusFromV1({ state, message, timestamp }: TaskStatusJson = {}): JsonObject {
  return compact({
    state: STATES.fromV1.get(state ?? '') ?? 'unknown',
    message: message && messageFromV1(message),
    timestamp,
  })
}

export function taskFromV1({ id, contextId, status, artifacts, history, metadata }: TaskJson): JsonObject {
  return compact({
    kind: 'task',
    id: id ?? '',
    contextId: contextId ?? '',
    status: statusFromV1(status),
    artifacts: artifacts?.map(artifactFromV1),
    history: history?.map(messageFromV1),
    metadata,
  })
}

/** @param last the stream ends with this event */
export function eventFromV1(event: StreamResponseJson, last: boolean): JsonObject {
  const { task, message, statusUpdate, artifactUpdate } = event
  if (task !== undefined) return taskFromV1(task)
  if (message !== undefined) return messageFromV1(message)
  if (statusUpdate !== undefined) {
    const { taskId, contextId, status, metadata } = statusUpdate
    return compact({
      kind: 'status-update',
      taskId: taskId ?? '',
      contextId: contextId ?? '',
      status: statusFromV1(status),
      final: last,
      metadata,
    })
  }
  const { taskId, contextId, artifact, append, lastChunk, metadata } = artifactUpdate ?? {}
  return compact({
    kind: 'artifact-update',
    taskId: taskId ?? '',
    contextId: contextId ?? '',
    artifact: artifactFromV1(artifact ?? {}),
    append,
    lastChunk,
    metadata,
  })
}

/** The result of `message/send`: the task or the message itself. */
export function sendResultFromV1(answer: JsonObject): JsonValue {
  return eventFromV1(answer as StreamResponseJson, true)
}

export function taskPushConfigFromV1(config: TaskPushNotificationConfigJson): JsonObject {
  const { id, url, token, authentication } = config
  return {
    taskId: config.taskId ?? '',
    pushNotificationConfig: compact({
      id,
      url: url ?? '',
      token,
      authentication:
        authentication && compact({ schemes: [authentication.scheme ?? ''], credentials: authentication.credentials }),
    }),
  }
}
