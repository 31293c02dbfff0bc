/** Settings with values that cannot be meant are refused before anything is started. */
import { checkWebhookSettings, type WebhookSettings } from '../push/webhook-settings.js'
import { type AddressOptions, checkAddresses } from '../server/addresses.js'
import { checkLimits, type ServerLimits } from '../server/limits.js'

export interface CheckedSettings extends AddressOptions {
  readonly limits?: Partial<ServerLimits>
  readonly webhooks?: WebhookSettings
  readonly keepTasksDays?: number
}

/** @throws TypeError a setting that is none, or a value that is none of its setting; the text names it */
export function checkSettings({ limits, webhooks, keepTasksDays, ...addresses }: CheckedSettings): void {
  checkAddresses(addresses)
  checkLimits(limits)
  checkWebhookSettings(webhooks)
  if (keepTasksDays !== undefined && !(Number.isFinite(keepTasksDays) && keepTasksDays >= 1)) {
    throw new TypeError('keepTasksDays must be at least 1')
  }
}
