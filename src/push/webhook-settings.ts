/** What an operator may set about webhooks, with the defaults. */
import type { WebhookEvents } from '../task/webhook-events.js'

/** Where webhooks may lead, and what they are told. */
export interface WebhookSettings {
  /**
   * Addresses and ranges beyond the public ones that webhooks may reach, such as `127.0.0.1` or `10.0.0.0/8`, also by http
   * and at any port. Default: none.
   */
  readonly allow?: readonly string[]
  /** Default `states`: those in which a task ends or waits for its caller. */
  readonly events?: WebhookEvents
  /** Factor on the pauses between attempts, for development: `0.001` makes seconds of hours. Default 1. */
  readonly retryPace?: number
  /** Days that the log of deliveries is kept. Default 30. */
  readonly keepLogDays?: number
}

export const DEFAULT_WEBHOOK_EVENTS: WebhookEvents = 'states'
export const DEFAULT_KEEP_LOG_DAYS = 30
