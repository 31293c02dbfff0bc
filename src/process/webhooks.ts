/** The parts of webhooks in a process on Temporal: what gateways keep, and what workers deliver. */
import type { ConnectionLike } from '@temporalio/client'
import { systemClock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import type { RecordOptions } from '../push/record-deliveries.js'
import { createWebhookSender, type WebhookSender } from '../push/send-webhook.js'
import { createTaskWebhooks } from '../push/task-webhooks.js'
import { createWebhookLog, type WebhookLog } from '../push/webhook-log.js'
import { webhookPolicy } from '../push/webhook-policy.js'
import { DEFAULT_WEBHOOK_EVENTS, type WebhookSettings } from '../push/webhook-settings.js'
import type { ServerOptions } from '../server/create-server.js'
import { createSecrets } from '../server/secrets.js'
import { mapEvent } from '../task/large-values.js'
import { createWebhookActivities, type WebhookActivities } from '../temporal/activities/webhooks.js'
import { StandingTeller } from '../temporal/standing-teller.js'
import type { TemporalEngine } from '../temporal/temporal-engine.js'
import { WebhookQueues } from '../temporal/webhook-queues.js'
import type { TemporalParts } from './temporal-parts.js'

export interface WebhookPartsOptions {
  readonly taskQueue: string
  readonly settings: WebhookSettings | undefined
}

export interface GatewayWebhooks {
  readonly webhooks: NonNullable<ServerOptions['webhooks']>
  readonly log: WebhookLog
}

/** How states of tasks get on their way to webhooks. */
export function webhookRecording(parts: TemporalParts<ConnectionLike>, taskQueue: string): RecordOptions {
  const { store } = parts
  const queue = new WebhookQueues({ ...parts, taskQueue })
  return { store: store.push, queue, clock: systemClock, whole: (event) => store.putBack(event, mapEvent) }
}

/** @throws TypeError an address that is allowed is none */
export function gatewayWebhooks(
  parts: TemporalParts<ConnectionLike>,
  { taskQueue, settings = {} }: WebhookPartsOptions,
  secret: Uint8Array,
): GatewayWebhooks {
  const { store, queue, clock } = webhookRecording(parts, taskQueue)
  const { allow, events = DEFAULT_WEBHOOK_EVENTS } = settings
  const sealer = createSecrets(secret)
  return {
    webhooks: createTaskWebhooks({ store, queue, clock, sealer, events, policy: webhookPolicy(allow) }),
    log: createWebhookLog({ store, queue }),
  }
}

export interface WorkerWebhooksOptions extends WebhookPartsOptions {
  readonly engine: TemporalEngine
  readonly logger: Logger
  /** Undefined where it was not given: webhooks with secrets are left to other workers. */
  readonly secret: Uint8Array | undefined
  /** Default: over the network. */
  readonly sender?: WebhookSender | undefined
}

/** Tells webhooks of tasks that wait while their turns run in this process. */
export function standingTeller(
  parts: TemporalParts<ConnectionLike>,
  {
    engine,
    logger,
    taskQueue,
    settings = {},
  }: Pick<WorkerWebhooksOptions, 'engine' | 'logger' | 'taskQueue' | 'settings'>,
): StandingTeller {
  const { events = DEFAULT_WEBHOOK_EVENTS } = settings
  return new StandingTeller({ reader: engine.reader, record: webhookRecording(parts, taskQueue), events, logger })
}

/** @throws TypeError an address that is allowed is none */
export function workerWebhooks(
  parts: TemporalParts<ConnectionLike>,
  { engine, logger, taskQueue, settings = {}, secret, sender }: WorkerWebhooksOptions,
): WebhookActivities {
  const record = webhookRecording(parts, taskQueue)
  return createWebhookActivities({
    reader: engine.reader,
    record,
    attempt: {
      store: record.store,
      clock: record.clock,
      logger,
      pace: settings.retryPace,
      sender: sender ?? createWebhookSender(webhookPolicy(settings.allow)),
      sealer: secret === undefined ? undefined : createSecrets(secret),
    },
    logger,
  })
}
