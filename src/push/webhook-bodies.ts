/** What the webhooks of a task are told when it has come to a new state. */
import type { ArtifactJson, StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { ProtocolVersion } from '../a2a/service-params.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import { eventFromV1 } from '../bindings/dialects/v0_3/json/from-v1.js'
import { utf8Bytes } from '../internal/utf8-bytes.js'
import type { ReachedState, WebhookEvents } from '../task/webhook-events.js'

/** Bytes of a body. What is longer is left to GetTask. */
export const MAX_BODY_BYTES = 1_048_576

/**
 * The events of a state, oldest first; what its turn said on the way is no state and not told.
 *
 * @param events which of them are told
 * @param version of A2A: until 0.3 a webhook got the whole task, once
 */
export function eventsToTell(
  { record, artifactsBefore }: ReachedState,
  events: WebhookEvents,
  version: ProtocolVersion,
): StreamResponseJson[] {
  const { task, answer, position, eventMetadata } = record
  if (answer !== undefined) return [{ message: answer }]
  const isTold = events === 'all' || isTerminal(stateOf(task)) || isInterrupted(stateOf(task))
  if (version !== '1.0') return isTold ? [{ task }] : []
  const { id: taskId = '', contextId = '', status = {} } = task
  const artifacts = events === 'states' || !position.ended ? [] : changed(artifactsBefore, task.artifacts ?? [])
  const told: StreamResponseJson[] = artifacts.map((artifact) => ({
    artifactUpdate: { taskId, contextId, artifact, append: false, lastChunk: true },
  }))
  const metadata = eventMetadata === undefined ? {} : { metadata: eventMetadata }
  return isTold ? [...told, { statusUpdate: { taskId, contextId, status, ...metadata } }] : told
}

/**
 * An event as it is sent.
 *
 * @returns undefined for an artifact that is too long to be sent
 */
export function webhookBody(event: StreamResponseJson, version: ProtocolVersion): string | undefined {
  const body = JSON.stringify(version === '1.0' ? event : eventFromV1(event, true))
  if (utf8Bytes(body) <= MAX_BODY_BYTES) return body
  if (event.artifactUpdate !== undefined) return undefined
  if (event.task === undefined) return body
  const { artifacts: _, history: __, ...task } = event.task
  return JSON.stringify(eventFromV1({ task }, true))
}

function changed(before: readonly ArtifactJson[], now: readonly ArtifactJson[]): ArtifactJson[] {
  const known = new Map(before.map((artifact) => [artifact.artifactId, JSON.stringify(artifact)]))
  return now.filter((artifact) => known.get(artifact.artifactId) !== JSON.stringify(artifact))
}
