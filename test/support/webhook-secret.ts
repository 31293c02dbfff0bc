/** Secrets as those who register webhooks make them. */
import { randomBytes } from 'node:crypto'

/** One that nobody can guess. */
export function newWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}
