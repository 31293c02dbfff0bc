/** Checks of what a peer answers, as deep as the client itself and its typical user rely on it. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { invalidAnswer } from './errors.js'
import type { UnaryOperation } from './transport.js'

const EVENT_KINDS = ['task', 'message', 'statusUpdate', 'artifactUpdate'] as const

/** @throws A2AError INVALID_AGENT_RESPONSE */
export function checkEvent(json: JsonValue | undefined): StreamResponseJson {
  const event = objectAt(json, 'the event')
  const kind = oneOf(event, EVENT_KINDS, 'the event')
  const inner = objectAt(event[kind], kind)
  if (kind === 'task') checkTask(inner)
  else if (kind === 'message') checkMessage(inner, kind)
  else if (kind === 'statusUpdate') checkStatus(inner.status, 'statusUpdate.status')
  else checkArtifact(inner.artifact, 'artifactUpdate.artifact')
  return { [kind]: inner }
}

/** The answer of an operation that is no stream. */
export function checkAnswer(operation: UnaryOperation, json: JsonValue | undefined): JsonObject {
  switch (operation) {
    case 'sendMessage': {
      const answer = objectAt(json, 'the result')
      const kind = oneOf(answer, ['task', 'message'], 'the result')
      const inner = objectAt(answer[kind], kind)
      if (kind === 'task') checkTask(inner)
      else checkMessage(inner, kind)
      return { [kind]: inner }
    }
    case 'getTask':
    case 'cancelTask':
      return checkTask(objectAt(json, 'the task'))
    case 'listTasks': {
      const page = objectAt(json, 'the page')
      const tasks = listAt(page.tasks, 'tasks').map((task) => checkTask(objectAt(task, 'tasks')))
      return { ...page, tasks, nextPageToken: stringOr(page.nextPageToken, '', 'nextPageToken') }
    }
    case 'listTaskPushNotificationConfigs': {
      const page = objectAt(json, 'the page')
      const configs = listAt(page.configs, 'configs').map((config) => objectAt(config, 'configs'))
      return { ...page, configs, nextPageToken: stringOr(page.nextPageToken, '', 'nextPageToken') }
    }
    case 'deleteTaskPushNotificationConfig':
      return {}
    default:
      return objectAt(json, 'the result')
  }
}

function checkTask(task: JsonObject): JsonObject & TaskJson {
  if (typeof task.id !== 'string' || task.id === '') throw invalidAnswer('a task without an id')
  stringOr(task.contextId, '', 'task.contextId')
  checkStatus(task.status, 'task.status')
  for (const artifact of listAt(task.artifacts, 'task.artifacts')) checkArtifact(artifact, 'task.artifacts')
  for (const message of listAt(task.history, 'task.history')) checkMessage(objectAt(message, 'task.history'), 'history')
  return task as JsonObject & TaskJson
}

function checkStatus(json: JsonValue | undefined, place: string): void {
  const status = objectAt(json, place)
  if (typeof status.state !== 'string') throw invalidAnswer(`${place}.state is no name of a state`)
  if (isSet(status.message)) checkMessage(objectAt(status.message, `${place}.message`), `${place}.message`)
}

function checkArtifact(json: JsonValue | undefined, place: string): void {
  const artifact = objectAt(json, place)
  stringOr(artifact.artifactId, '', `${place}.artifactId`)
  checkParts(artifact.parts, `${place}.parts`)
}

function checkMessage(message: JsonObject, place: string): void {
  stringOr(message.messageId, '', `${place}.messageId`)
  checkParts(message.parts, `${place}.parts`)
}

function checkParts(json: JsonValue | undefined, place: string): void {
  for (const part of listAt(json, place)) stringOr(objectAt(part, place).text, '', `${place}.text`)
}

function oneOf<Kind extends string>(json: JsonObject, kinds: readonly Kind[], place: string): Kind {
  const found = kinds.filter((kind) => isSet(json[kind]))
  if (found.length !== 1 || found[0] === undefined) throw invalidAnswer(`${place} is not one of ${kinds.join(', ')}`)
  return found[0]
}

function objectAt(json: JsonValue | undefined, place: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json
  throw invalidAnswer(`${place} is no object`)
}

function listAt(json: JsonValue | undefined, place: string): JsonValue[] {
  if (!isSet(json)) return []
  if (Array.isArray(json)) return json
  throw invalidAnswer(`${place} is no array`)
}

function stringOr(json: JsonValue | undefined, absent: string, place: string): string {
  if (!isSet(json)) return absent
  if (typeof json === 'string') return json
  throw invalidAnswer(`${place} is no string`)
}

function isSet(json: JsonValue | undefined): json is Exclude<JsonValue, null> {
  return json !== undefined && json !== null
}
