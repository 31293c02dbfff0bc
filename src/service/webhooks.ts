/** Webhooks of tasks, as the service needs them: given to it by the server, which knows where they are kept. */
import type { TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { ProtocolVersion } from '../a2a/service-params.js'
import type { TaskRef } from '../task/task-record.js'
import type { WebhookEvents } from '../task/webhook-events.js'

/** A webhook with everything that is known of it, secrets included; its `id` is set. */
export interface NewWebhook {
  readonly config: TaskPushNotificationConfigJson & { readonly id: string }
  readonly owner: string
  /** What its caller speaks, and so what it is told in. */
  readonly version: ProtocolVersion
}

/** Where the webhooks of tasks are kept, and what may be one. */
export interface Webhooks {
  /** Which events they are told. */
  readonly events: WebhookEvents
  /**
   * Whether it may be called, and with these secrets.
   *
   * @throws A2AError INVALID_PARAMS
   */
  check(config: TaskPushNotificationConfigJson, signal: AbortSignal): Promise<void>
  /**
   * Registers it, or replaces the one of the same id.
   *
   * @returns it without its secrets
   * @throws A2AError INVALID_PARAMS the task has as many as it may; UNAVAILABLE
   */
  put(
    ref: TaskRef,
    webhook: NewWebhook,
  ): Promise<{ readonly isNew: boolean; readonly shown: TaskPushNotificationConfigJson }>
  /** Without its secrets; undefined when there is none. */
  get(ref: TaskRef, id: string): Promise<TaskPushNotificationConfigJson | undefined>
  /** Without their secrets, in the order of their ids, those behind `after`. */
  list(
    ref: TaskRef,
    options: { readonly after?: string; readonly limit: number },
  ): Promise<TaskPushNotificationConfigJson[]>
  /** When it resolves, nothing more is sent there but what is being sent now. */
  remove(ref: TaskRef, id: string): Promise<void>
}
