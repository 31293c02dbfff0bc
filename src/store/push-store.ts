/** Webhooks of tasks and the log of what was delivered to them. Unlike tasks they live here and nowhere else. */
import type { TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { ProtocolVersion } from '../a2a/service-params.js'

export interface PushConfig {
  /** Without secrets; its `id` is set. */
  readonly config: TaskPushNotificationConfigJson
  readonly owner: string
  /** Its secrets, encrypted by whoever wrote them. */
  readonly sealed?: string
  /** The version of A2A that it was registered with: what is sent speaks it. */
  readonly version: ProtocolVersion
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly disabled?: { readonly at: number; readonly because: string }
}

/** A webhook and the task that it belongs to. */
export interface KeyedPushConfig extends PushConfig {
  /** The task's key. */
  readonly key: string
}

export interface Delivery {
  /** The `webhook-id` that its receiver sees. */
  readonly id: string
  /** The task's key. */
  readonly key: string
  readonly configId: string
  /** Order of the deliveries to one webhook: it grows, with gaps. */
  readonly number: number
  readonly state: 'pending' | 'delivered' | 'failed'
  /** What is sent, as it is sent. */
  readonly body: string
  readonly attempts: number
  readonly createdAt: number
  readonly updatedAt: number
}

export interface DeliveryAttempt {
  /** From 1. */
  readonly attempt: number
  readonly at: number
  /** How long it took, in milliseconds. */
  readonly took: number
  /** HTTP status of the answer, when there was one. */
  readonly status?: number
  /** Why it failed, for people. */
  readonly cause?: string
}

/** Every function throws A2AError UNAVAILABLE when the database does not answer; when it returns, it is written. */
export interface PushStore {
  /**
   * Registers a webhook, or replaces the one of the same id.
   *
   * @param max webhooks that a task may have
   * @returns `full` when it has as many; nothing is written then
   */
  putConfig(key: string, config: PushConfig, max: number): Promise<'created' | 'replaced' | 'full'>
  config(key: string, configId: string): Promise<PushConfig | undefined>
  /** In the order of their ids, those behind `after`. */
  configs(key: string, options: { readonly after?: string; readonly limit: number }): Promise<PushConfig[]>
  /** @returns whether there was one */
  deleteConfig(key: string, configId: string): Promise<boolean>
  /** Of all tasks, those registered last first. */
  latestConfigs(options: { readonly disabledOnly?: boolean; readonly limit: number }): Promise<KeyedPushConfig[]>
  /** Nothing more is delivered to it. Without a reason: deliveries go on. */
  disableConfig(key: string, configId: string, disabled: PushConfig['disabled']): Promise<void>

  /** Notes that there is something to deliver. Noting it again changes nothing. */
  addDelivery(delivery: Omit<Delivery, 'state' | 'attempts' | 'updatedAt'>): Promise<void>
  /** Notes an attempt and what the delivery has come to. Noting it again changes nothing. */
  addAttempt(deliveryId: string, attempt: DeliveryAttempt, state: Delivery['state']): Promise<void>
  delivery(deliveryId: string): Promise<Delivery | undefined>
  /** The latest first, those before the number `before`. */
  deliveries(
    key: string,
    configId: string,
    options: { readonly before?: number; readonly limit: number },
  ): Promise<Delivery[]>
  attempts(deliveryId: string): Promise<DeliveryAttempt[]>
  /** Since when every attempt at it has failed, milliseconds since 1970; undefined when the latest has not. */
  failingSince(key: string, configId: string): Promise<number | undefined>
  /** Forgets at most `limit` deliveries that came to their end before then. */
  forgetDeliveries(before: Date, limit: number): Promise<number>
}
