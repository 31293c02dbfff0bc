/** What webhooks are told of a task. */
import type { ArtifactJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { TaskRecord } from './task-record.js'

/**
 * Which events webhooks are told: `states` in which a task ends or waits for its caller; `artifacts`, those that a turn has
 * made, whole, before its state; `all`, also that the task is WORKING.
 */
export type WebhookEvents = 'states' | 'artifacts' | 'all'

/** A task that has come to a state. */
export interface ReachedState {
  /** A durable one. */
  readonly record: TaskRecord
  /** As they were when the turn began that has come there. */
  readonly artifactsBefore: readonly ArtifactJson[]
}
