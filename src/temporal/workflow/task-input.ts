/** What a task's workflow is started with, and what its turns are told: types only, shared by both sides. */
import type { MessageJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import type { CallingTask, TaskRecord, TurnParams } from '../../task/task-record.js'
import type { WebhookEvents } from '../../task/webhook-events.js'

/** How the turns of a task are executed; fixed when the task begins, so that a later default does not change it. */
export interface TurnPolicy {
  /** The first turn is a local activity inside the first workflow task. */
  readonly inline: boolean
  /** The longest a turn may take in all its attempts, in milliseconds. */
  readonly deadlineMs: number
  /** Silence of a worker after which its turn is given to another, in milliseconds. */
  readonly heartbeatTimeoutMs: number
  readonly initialIntervalMs: number
  readonly maxIntervalMs: number
  /** How many of the messages before their own handlers see at the most; undefined: all. */
  readonly history?: number
  /** The namespace has our search attributes. */
  readonly searchAttributes: boolean
}

export interface TaskWorkflowInput {
  readonly record: TaskRecord
  readonly policy: TurnPolicy
  /** What webhooks are told of the task; undefined while it has none. */
  readonly webhooks?: WebhookEvents
}

/** Argument of the `message` update. */
export interface MessageUpdateInput {
  readonly message: MessageJson
  readonly params: TurnParams
  readonly owner: string
  readonly key?: string
  /** Of the request with the key: one that has another is refused. */
  readonly requestHash?: string
  /** What webhooks are told from now on; default: as before. */
  readonly webhooks?: WebhookEvents
  readonly calledBy?: CallingTask
}

/** Answer of the `message` update. */
export interface MessageUpdateAnswer {
  /** The turn that handles the message. */
  readonly turn: number
}

/** What the workflow tells its process once a turn's end is in history. */
export interface TurnEndedNotice {
  readonly record: TaskRecord
  /**
   * How the turn has ended is decided by the running workflow task alone, which may run again and then know more: its result
   * is a part of it, or it has none. Nobody may see it before it is durable.
   */
  readonly provisional: boolean
  /** The workflow goes on after the task's end, for webhooks are yet to be told. */
  readonly staysOpen: boolean
}
