/** The activities behind webhooks: telling them of a state, and one attempt at a delivery. */
import { ApplicationFailure, Context } from '@temporalio/activity'
import { failPoint } from '#failpoints'
import { taskKey } from '../../bus/live-event.js'
import type { Logger } from '../../internal/logger.js'
import { type AttemptOptions, attemptDelivery, MissingSecretError } from '../../push/attempt-delivery.js'
import { type RecordOptions, recordDeliveries } from '../../push/record-deliveries.js'
import { DELIVER_ACTIVITY, TELL_ACTIVITY } from '../names.js'
import type { TaskReader } from '../read-task.js'
import type { DeliverInput, DeliverOutcome, TellInput } from '../workflow/push-input.js'

/** The activities behind webhooks. */
export interface WebhookActivities {
  /** Puts what webhooks are told of a state on its way. */
  tellWebhooks(input: TellInput): Promise<void>
  /** One attempt at a delivery. */
  deliverToWebhook(input: DeliverInput): Promise<DeliverOutcome>
}

export interface WebhookActivitiesOptions {
  readonly reader: TaskReader
  readonly record: RecordOptions
  readonly attempt: AttemptOptions
  readonly logger: Logger
}

/** Milliseconds between two signs of life of an attempt. */
const HEARTBEAT_MS = 3_000
/** Wait before a delivery is offered again whose secrets this worker cannot open, in milliseconds. */
const MISSING_SECRET_RETRY_MS = 10_000

export function createWebhookActivities({
  reader,
  record,
  attempt,
  logger,
}: WebhookActivitiesOptions): WebhookActivities {
  return {
    async [TELL_ACTIVITY]({ events, position, ...ref }: TellInput): Promise<void> {
      const key = taskKey(ref)
      failPoint?.('webhook.tell', key)
      if ((await record.store.configs(key, { limit: 1 })).length === 0) return
      const { runId = '' } = Context.current().info.workflowExecution ?? {}
      const reached = await reader.reached(key, runId, position)
      if (reached === undefined) {
        logger.error({ task: key, position }, 'webhooks are not told of a state, for it is not in the history')
        return
      }
      await recordDeliveries(record, reached, events)
    },

    async [DELIVER_ACTIVITY](input: DeliverInput): Promise<DeliverOutcome> {
      const context = Context.current()
      const heartbeat = setInterval(() => context.heartbeat(), HEARTBEAT_MS)
      failPoint?.('webhook.deliver', input.key)
      try {
        return await attemptDelivery(attempt, input, context.cancellationSignal)
      } catch (error) {
        if (context.cancellationSignal.aborted) {
          throw ApplicationFailure.create({
            message: 'the worker is stopping',
            type: 'WorkerShutdown',
            nextRetryDelay: 1,
          })
        }
        if (!(error instanceof MissingSecretError)) throw error
        logger.warn({ err: error, task: input.key, webhook: input.configId }, 'a webhook is left to another worker')
        const { name: type, message } = error
        throw ApplicationFailure.create({ type, message, nextRetryDelay: MISSING_SECRET_RETRY_MS })
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}
