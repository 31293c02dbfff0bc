/** Objects of the JSON of 0.3, told apart by `kind`, as ProtoJSON of 1.0. Pure, and total: nothing here refuses anything. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { compact, each, field, inner, isObject, pick, withZone, word } from '../../fields.js'
import { functionPart } from '../../function-parts.js'
import { unwrapData } from '../data-part.js'
import { ROLES, STATES } from '../words.js'

export function partToV1(part: JsonValue): JsonValue {
  if (!isObject(part)) return part
  const metadata = field(part, 'metadata')
  switch (kindOfPart(part)) {
    case 'text':
      return compact({ text: field(part, 'text'), metadata })
    case 'file':
      return fileToV1(field(part, 'file'), metadata)
    case 'data':
      return dataToV1(field(part, 'data'), metadata)
    case 'function_call':
      return functionPart('function_call', part)
    case 'function_response':
      return functionPart('function_response', part)
    default:
      // Without content, so that it is refused as what it is: a part of no kind.
      return compact({ metadata })
  }
}

/** `type` is what `kind` was called before 0.2; where both are missing, the content itself tells. */
function kindOfPart(part: JsonObject): JsonValue | undefined {
  return field(part, 'kind') ?? field(part, 'type') ?? ['text', 'file', 'data'].find((kind) => kind in part)
}

function fileToV1(file: JsonValue | undefined, metadata: JsonValue | undefined): JsonObject {
  if (!isObject(file)) return compact({ metadata, raw: file })
  return compact({
    raw: field(file, 'bytes') ?? field(file, 'fileWithBytes'),
    url: field(file, 'uri') ?? field(file, 'fileWithUri'),
    filename: field(file, 'name'),
    mediaType: field(file, 'mimeType'),
    metadata,
  })
}

function dataToV1(data: JsonValue | undefined, metadata: JsonValue | undefined): JsonObject {
  if (!isObject(data) || (metadata !== undefined && !isObject(metadata))) return compact({ data, metadata })
  return compact({ ...unwrapData(data, metadata) })
}

export function messageToV1(message: JsonValue): JsonValue {
  if (!isObject(message)) return message
  return compact({
    ...pick(message, ['messageId', 'contextId', 'taskId', 'metadata', 'extensions', 'referenceTaskIds']),
    role: word(field(message, 'role'), ROLES.toV1),
    parts: each(field(message, 'parts'), partToV1),
  })
}

export function artifactToV1(artifact: JsonValue): JsonValue {
  if (!isObject(artifact)) return artifact
  return compact({
    ...pick(artifact, ['artifactId', 'name', 'description', 'metadata', 'extensions']),
    parts: each(field(artifact, 'parts'), partToV1),
  })
}

function statusToV1(status: JsonObject): JsonObject {
  const message = field(status, 'message')
  return compact({
    state: word(field(status, 'state'), STATES.toV1),
    message: message === undefined ? undefined : messageToV1(message),
    timestamp: withZone(field(status, 'timestamp')),
  })
}

export function taskToV1(task: JsonValue): JsonValue {
  if (!isObject(task)) return task
  return compact({
    ...pick(task, ['id', 'contextId', 'metadata']),
    status: inner(field(task, 'status'), statusToV1),
    artifacts: each(field(task, 'artifacts'), artifactToV1),
    history: each(field(task, 'history'), messageToV1),
  })
}

/** A bare object of 0.3 as a StreamResponse of 1.0; also the result of `message/send` as a SendMessageResponse. */
export function eventToV1(event: JsonValue): JsonValue {
  if (!isObject(event)) return event
  const update = pick(event, ['taskId', 'contextId', 'metadata'])
  switch (event.kind) {
    case 'task':
      return { task: taskToV1(event) }
    case 'message':
      return { message: messageToV1(event) }
    case 'status-update':
      return { statusUpdate: compact({ ...update, status: inner(field(event, 'status'), statusToV1) }) }
    case 'artifact-update': {
      const artifact = field(event, 'artifact')
      return {
        artifactUpdate: compact({
          ...update,
          ...pick(event, ['append', 'lastChunk']),
          artifact: artifact === undefined ? undefined : artifactToV1(artifact),
        }),
      }
    }
    default:
      return {}
  }
}

/** The params of `message/send` and `message/stream` as a SendMessageRequest. */
export function sendToV1(params: JsonObject): JsonObject {
  const message = field(params, 'message')
  return compact({
    message: message === undefined ? undefined : messageToV1(message),
    configuration: inner(field(params, 'configuration'), configurationToV1),
    metadata: field(params, 'metadata'),
  })
}

/** Unset, `blocking` means that the answer waits: so did the servers of 0.3, and so does 1.0. */
function configurationToV1(configuration: JsonObject): JsonObject {
  const blocking = field(configuration, 'blocking')
  return compact({
    ...pick(configuration, ['acceptedOutputModes', 'historyLength']),
    returnImmediately: typeof blocking === 'boolean' ? !blocking : blocking,
    taskPushNotificationConfig: inner(field(configuration, 'pushNotificationConfig'), pushConfigToV1),
  })
}

/** A PushNotificationConfig as the flat one of 1.0. Of several schemes the first is kept: 1.0 has one. */
export function pushConfigToV1(config: JsonObject): JsonObject {
  return compact({
    ...pick(config, ['id', 'url', 'token']),
    authentication: inner(field(config, 'authentication'), (authentication) => {
      const schemes = field(authentication, 'schemes')
      return compact({
        scheme: Array.isArray(schemes) ? schemes[0] : schemes,
        credentials: field(authentication, 'credentials'),
      })
    }),
  })
}

/** The params of `tasks/pushNotificationConfig/set`, and a stored configuration. */
export function taskPushConfigToV1(params: JsonObject): JsonObject {
  const config = field(params, 'pushNotificationConfig')
  return compact({
    ...(isObject(config) ? pushConfigToV1(config) : {}),
    taskId: field(params, 'taskId'),
  })
}
