/** ProtoJSON of 1.0 as ProtoJSON of the schema of 0.3 (package `a2a.v1`). Pure. */
import type { JsonObject } from '@bufbuild/protobuf'
import type {
  ArtifactJson,
  ListTaskPushNotificationConfigsResponseJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskPushNotificationConfigJson,
  TaskStatusJson,
} from '../../../../../gen/lf/a2a/v1/a2a_pb.js'
import { compact } from '../../fields.js'
import { wrapData } from '../data-part.js'
import { PROTO_STATES } from '../words.js'

/** A text loses its file name and media type, data its media type: 0.3 has no place for them. */
export function partFromV1({ text, raw, url, data, metadata, filename, mediaType }: PartJson): JsonObject {
  if (text !== undefined) return compact({ text, metadata })
  if (raw !== undefined || url !== undefined) {
    return compact({
      file: compact({ fileWithBytes: raw, fileWithUri: url, mimeType: mediaType, name: filename }),
      metadata,
    })
  }
  const wrapped = wrapData(data ?? null, metadata)
  return compact({ data: { data: wrapped.data }, metadata: wrapped.metadata })
}

/** `referenceTaskIds` has no place in this schema. */
export function messageFromV1(message: MessageJson): JsonObject {
  const { messageId, contextId, taskId, role, parts, metadata, extensions } = message
  return compact({ messageId, contextId, taskId, role, content: parts?.map(partFromV1), metadata, extensions })
}

export function artifactFromV1(artifact: ArtifactJson): JsonObject {
  const { artifactId, name, description, parts, metadata, extensions } = artifact
  return compact({ artifactId, name, description, parts: parts?.map(partFromV1), metadata, extensions })
}

function statusFromV1({ state, message, timestamp }: TaskStatusJson): JsonObject {
  return compact({
    state: state && (PROTO_STATES.fromV1.get(state) ?? state),
    message: message && messageFromV1(message),
    timestamp,
  })
}

export function taskFromV1({ id, contextId, status, artifacts, history, metadata }: TaskJson): JsonObject {
  return compact({
    id,
    contextId,
    status: status && statusFromV1(status),
    artifacts: artifacts?.map(artifactFromV1),
    history: history?.map(messageFromV1),
    metadata,
  })
}

/** @param last the stream ends with this event */
export function eventFromV1(event: StreamResponseJson, last: boolean): JsonObject {
  const { task, message, statusUpdate, artifactUpdate } = event
  if (task !== undefined) return { task: taskFromV1(task) }
  if (message !== undefined) return { message: messageFromV1(message) }
  if (statusUpdate !== undefined) {
    const { taskId, contextId, status, metadata } = statusUpdate
    const final = last ? true : undefined
    return {
      statusUpdate: compact({ taskId, contextId, status: status && statusFromV1(status), final, metadata }),
    }
  }
  const { taskId, contextId, artifact, append, lastChunk, metadata } = artifactUpdate ?? {}
  return {
    artifactUpdate: compact({
      taskId,
      contextId,
      artifact: artifact && artifactFromV1(artifact),
      append,
      lastChunk,
      metadata,
    }),
  }
}

export function sendResultFromV1(answer: JsonObject): JsonObject {
  return eventFromV1(answer as StreamResponseJson, true)
}

export function taskPushConfigFromV1(config: TaskPushNotificationConfigJson): JsonObject {
  const { taskId, id, url, token, authentication } = config
  return {
    name: `tasks/${taskId ?? ''}/pushNotificationConfigs/${id ?? ''}`,
    pushNotificationConfig: compact({
      id,
      url,
      token,
      authentication:
        authentication && compact({ schemes: [authentication.scheme ?? ''], credentials: authentication.credentials }),
    }),
  }
}

export function pushConfigListFromV1(answer: ListTaskPushNotificationConfigsResponseJson): JsonObject {
  return compact({
    configs: answer.configs?.map(taskPushConfigFromV1),
    nextPageToken: answer.nextPageToken || undefined,
  })
}
