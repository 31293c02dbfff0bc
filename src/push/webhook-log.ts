/** What an operator sees of webhooks, and may do about them. */
import type { TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../a2a/errors.js'
import { taskKey } from '../bus/live-event.js'
import type { Delivery, DeliveryAttempt, KeyedPushConfig, PushStore } from '../store/push-store.js'
import type { DeliveryQueue } from './record-deliveries.js'

/** Whose task it is: the tenant of its credential is empty without one. */
export interface WebhookTask {
  readonly agentId: string
  readonly taskId: string
  readonly tenant?: string
}

/** A webhook, as an operator sees it. */
export interface RegisteredWebhook {
  readonly agentId: string
  readonly taskId: string
  readonly tenant: string
  /** Without its secrets. */
  readonly config: TaskPushNotificationConfigJson
  readonly owner: string
  readonly version: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** From when on nothing is sent there, and why. */
  readonly disabled?: { readonly at: string; readonly because: string }
}

/** A delivery with its attempts. */
export interface LoggedDelivery {
  /** The `webhook-id` that its receiver sees. */
  readonly id: string
  /** Order of the deliveries to one webhook: it grows, with gaps. */
  readonly number: number
  /** `failed`: given up. */
  readonly state: 'pending' | 'delivered' | 'failed'
  readonly attempts: number
  readonly createdAt: string
  readonly updatedAt: string
  /** Oldest first. */
  readonly tries: readonly LoggedAttempt[]
}

/** One attempt at a delivery. */
export interface LoggedAttempt {
  /** From 1. */
  readonly attempt: number
  readonly at: string
  /** How long it took, in milliseconds. */
  readonly took: number
  /** HTTP status of the answer, when there was one. */
  readonly status?: number
  /** Why it failed. */
  readonly cause?: string
}

/** What an operator sees of webhooks, and may do about them. */
export interface WebhookLog {
  /** Those of one task, or of all tasks, registered last first. */
  list(options?: {
    readonly task?: WebhookTask
    /** Only those that nothing is sent to any more. */
    readonly disabledOnly?: boolean
    /** Default 100. */
    readonly limit?: number
  }): Promise<RegisteredWebhook[]>
  /**
   * What was delivered to a webhook, the latest first.
   *
   * @param options `limit`: default 100; `before`: only deliveries of smaller numbers
   * @throws A2AError TASK_NOT_FOUND there is no such webhook, and nothing was delivered to one that is gone
   */
  log(
    task: WebhookTask,
    configId: string,
    options?: { readonly before?: number; readonly limit?: number },
  ): Promise<LoggedDelivery[]>
  /**
   * Delivers again, in order: what has failed, or one delivery whatever became of it. A disabled webhook works again.
   *
   * @returns how many deliveries are on their way
   * @throws A2AError TASK_NOT_FOUND there is no such webhook, or no such delivery
   */
  redeliver(task: WebhookTask, configId: string, options?: { readonly deliveryId?: string }): Promise<number>
}

const DEFAULT_LIMIT = 100
/** Deliveries that are looked at at once. */
const PAGE = 100

export function createWebhookLog({
  store,
  queue,
}: {
  readonly store: PushStore
  readonly queue: DeliveryQueue
}): WebhookLog {
  return {
    async list({ task, disabledOnly = false, limit = DEFAULT_LIMIT } = {}) {
      if (task === undefined) return (await store.latestConfigs({ disabledOnly, limit })).map(registered)
      const key = keyOf(task)
      const configs = await store.configs(key, { limit })
      return configs
        .filter(({ disabled }) => !disabledOnly || disabled !== undefined)
        .map((config) => registered({ ...config, key }))
    },
    async log(task, configId, { before, limit = DEFAULT_LIMIT } = {}) {
      const page = { limit, ...(before === undefined ? {} : { before }) }
      const key = keyOf(task)
      const deliveries = await store.deliveries(key, configId, page)
      if (deliveries.length === 0 && (await store.config(key, configId)) === undefined) throw noWebhook()
      return Promise.all(deliveries.map(async (delivery) => logged(delivery, await store.attempts(delivery.id))))
    },
    async redeliver(task, configId, { deliveryId } = {}) {
      const key = keyOf(task)
      const webhook = await store.config(key, configId)
      if (webhook === undefined) throw noWebhook()
      const again =
        deliveryId === undefined ? await failed(store, key, configId) : await one(store, key, configId, deliveryId)
      if (webhook.disabled !== undefined) await store.disableConfig(key, configId, undefined)
      for (const { id, number, attempts } of again) {
        await queue.add(key, configId, { deliveryId: id, number, attemptsBefore: attempts })
      }
      return again.length
    },
  }
}

function noWebhook(): A2AError {
  return new A2AError('TASK_NOT_FOUND', 'There is no such webhook')
}

async function failed(store: PushStore, key: string, configId: string): Promise<Delivery[]> {
  const found: Delivery[] = []
  for (let before: number | undefined; ; ) {
    const page = await store.deliveries(key, configId, { limit: PAGE, ...(before === undefined ? {} : { before }) })
    found.push(...page.filter(({ state }) => state === 'failed'))
    before = page.at(-1)?.number
    if (page.length < PAGE) return found.reverse()
  }
}

async function one(store: PushStore, key: string, configId: string, deliveryId: string): Promise<Delivery[]> {
  const delivery = await store.delivery(deliveryId)
  if (delivery?.key === key && delivery.configId === configId) return [delivery]
  throw new A2AError('TASK_NOT_FOUND', 'There is no such delivery to this webhook')
}

function keyOf({ tenant = '', agentId, taskId }: WebhookTask): string {
  return taskKey({ tenant, agentId, taskId })
}

function registered({ key, config, owner, version, createdAt, disabled }: KeyedPushConfig): RegisteredWebhook {
  const [, tenant = '', agentId = '', taskId = ''] = key.split('/')
  return {
    agentId,
    taskId,
    tenant: decodeURIComponent(tenant),
    config,
    owner,
    version,
    createdAt: iso(createdAt),
    ...(disabled === undefined ? {} : { disabled: { at: iso(disabled.at), because: disabled.because } }),
  }
}

function logged(delivery: Delivery, attempts: readonly DeliveryAttempt[]): LoggedDelivery {
  const { id, number, state, createdAt, updatedAt } = delivery
  return {
    id,
    number,
    state,
    attempts: delivery.attempts,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    tries: attempts.map(({ at, ...rest }) => ({ at: iso(at), ...rest })),
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
