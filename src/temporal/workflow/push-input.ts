/** What the workflow of a webhook is started with, and what its activities are told. Ids only: what is sent is in the store. */
import type { Cursor, Position } from '../../a2a/cursor.js'
import type { AttemptOutcome } from '../../push/attempt-delivery.js'
import type { DueDelivery } from '../../push/due-delivery.js'
import type { TaskRef } from '../../task/task-record.js'
import type { WebhookEvents } from '../../task/webhook-events.js'

export interface PushWorkflowInput {
  /** The task's key. */
  readonly key: string
  readonly configId: string
  /** What waits, when another run of the workflow has left it. */
  readonly waiting?: readonly DueDelivery[]
  /** Tries of the first that have been made. */
  readonly tries?: number
}

export interface DeliverInput extends DueDelivery {
  readonly key: string
  readonly configId: string
  readonly tries: number
}

export type DeliverOutcome = AttemptOutcome

/** Argument of the `webhooks` signal. */
export interface WebhooksSignalInput {
  /** What the caller knows of the task: it is told what came after. */
  readonly since: Cursor
  readonly events: WebhookEvents
}

/** A state of the task whose workflow asks for it, by its place. */
export interface TellInput extends TaskRef {
  readonly position: Position
  readonly events: WebhookEvents
}
