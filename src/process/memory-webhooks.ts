/** Webhooks of the engine whose tasks are in this process: kept and delivered there too. */
import { type Clock, systemClock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import { InProcessDeliveries } from '../push/in-process-deliveries.js'
import { MemoryPushStore } from '../push/memory-push-store.js'
import { recordDeliveries } from '../push/record-deliveries.js'
import { createWebhookSender, type WebhookSender } from '../push/send-webhook.js'
import { createTaskWebhooks } from '../push/task-webhooks.js'
import { createWebhookLog } from '../push/webhook-log.js'
import { webhookPolicy } from '../push/webhook-policy.js'
import { DEFAULT_WEBHOOK_EVENTS, type WebhookSettings } from '../push/webhook-settings.js'
import { createSecrets } from '../server/secrets.js'
import type { ReachedState, WebhookEvents } from '../task/webhook-events.js'
import type { GatewayWebhooks } from './webhooks.js'

export interface MemoryWebhooksOptions {
  readonly settings: WebhookSettings | undefined
  readonly secret: Uint8Array
  readonly logger: Logger
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: over the network. */
  readonly sender?: WebhookSender
}

export interface MemoryWebhooks extends GatewayWebhooks {
  tellWebhooks(reached: ReachedState, webhooks: WebhookEvents): Promise<void>
  stop(): Promise<void>
}

/** @throws TypeError an address that is allowed is none */
export function memoryWebhooks({ settings = {}, secret, logger, ...options }: MemoryWebhooksOptions): MemoryWebhooks {
  const { clock = systemClock } = options
  const { allow, events = DEFAULT_WEBHOOK_EVENTS } = settings
  const policy = webhookPolicy(allow)
  const { sender = createWebhookSender(policy) } = options
  const store = new MemoryPushStore()
  const sealer = createSecrets(secret)
  const queue = new InProcessDeliveries({ store, sender, sealer, clock, logger, pace: settings.retryPace })
  return {
    webhooks: createTaskWebhooks({ store, queue, clock, sealer, events, policy }),
    log: createWebhookLog({ store, queue }),
    tellWebhooks: (reached, webhooks) => recordDeliveries({ store, queue, clock }, reached, webhooks),
    stop: () => queue.close(),
  }
}
