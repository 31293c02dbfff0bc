/**
 * Signatures of webhooks: Standard Webhooks 1.0.0 (`v1`, HMAC-SHA256), and the older `sha256=` over the body alone.
 *
 * A secret is `whsec_` and 24 to 64 bytes in base64. Sender and receiver both have it.
 */
import { createHmac } from 'node:crypto'

const PREFIX = 'whsec_'
const MIN_BYTES = 24
const MAX_BYTES = 64

/** Undefined when the text is a secret that webhooks can be signed with; why it is none otherwise. Never holds the text. */
export function webhookSecretRefused(secret: string): string | undefined {
  const text = secret.slice(PREFIX.length)
  const bytes = Buffer.from(text, 'base64')
  const fits = bytes.length >= MIN_BYTES && bytes.length <= MAX_BYTES
  if (secret.startsWith(PREFIX) && fits && bytes.toString('base64') === text) return undefined
  return `a webhook's secret is ${PREFIX} and ${MIN_BYTES} to ${MAX_BYTES} bytes in base64`
}

/**
 * The value of `webhook-signature`: one signature for each secret, so that a receiver may still have the old one.
 *
 * @param id the value of `webhook-id`
 * @param timestamp the value of `webhook-timestamp`: seconds since 1970
 * @throws TypeError when a secret is none
 */
export function standardSignature(secrets: readonly string[], id: string, timestamp: number, body: string): string {
  return secrets.map((secret) => `v1,${hmac(secret, `${id}.${timestamp}.${body}`).toString('base64')}`).join(' ')
}

/** The value of `X-A2A-Signature`. It covers the body alone, so it tells nothing of when that was sent. */
export function bodySignature(secret: string, body: string): string {
  return `sha256=${hmac(secret, body).toString('hex')}`
}

function hmac(secret: string, text: string): Buffer {
  const refused = webhookSecretRefused(secret)
  if (refused !== undefined) throw new TypeError(refused)
  return createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64'))
    .update(text)
    .digest()
}
