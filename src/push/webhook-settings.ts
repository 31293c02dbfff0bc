/** What an operator may set about webhooks, with the defaults. */
import type { WebhookEvents } from '../task/webhook-events.js'
import { addressRange } from './webhook-addresses.js'

/** Where webhooks may lead, and what they are told. */
export interface WebhookSettings {
  /**
   * Addresses and ranges beyond the public ones that webhooks may reach, such as `127.0.0.1` or `10.0.0.0/8`, also by http
   * and at any port. Default: none.
   */
  readonly allow?: readonly string[]
  /** Default `states`: those in which a task ends or waits for its caller. */
  readonly events?: WebhookEvents
  /** Factor on the pauses between attempts, more than 0, for development: `0.001` makes seconds of hours. Default 1. */
  readonly retryPace?: number
  /** Days that the log of deliveries is kept, at least 1. Default 30. */
  readonly keepLogDays?: number
}

export const DEFAULT_WEBHOOK_EVENTS: WebhookEvents = 'states'
export const DEFAULT_KEEP_LOG_DAYS = 30

type Check = (value: unknown) => string | undefined

const EVENTS: Readonly<Record<WebhookEvents, true>> = { states: true, artifacts: true, all: true }

/** What is wrong with a value, in words that follow the name of the setting. */
const CHECKS: Readonly<Record<keyof WebhookSettings, Check>> = {
  allow(value) {
    if (!Array.isArray(value)) return 'must be a list of addresses and ranges'
    // Names what is none of them.
    for (const each of value) addressRange(String(each))
    return undefined
  },
  events: (value) =>
    typeof value === 'string' && Object.hasOwn(EVENTS, value) ? undefined : `must be ${Object.keys(EVENTS).join(', ')}`,
  retryPace: (value) => (Number.isFinite(value) && Number(value) > 0 ? undefined : 'must be a number above 0'),
  keepLogDays: (value) => (Number.isFinite(value) && Number(value) >= 1 ? undefined : 'must be at least 1'),
}

/** @throws TypeError an unknown name, or a value that is none of its setting; the text names it */
export function checkWebhookSettings(given: WebhookSettings = {}): void {
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name as keyof WebhookSettings] : undefined
    if (check === undefined) {
      throw new TypeError(`webhooks.${name} is no setting; there are ${Object.keys(CHECKS).join(', ')}`)
    }
    const problem = value === undefined ? undefined : check(value)
    if (problem !== undefined) throw new TypeError(`webhooks.${name} ${problem}`)
  }
}
