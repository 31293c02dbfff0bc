/**
 * What of a webhook is secret, and how it is kept: encrypted, apart from the rest, bound to its task and id.
 *
 * A token of the form `whsec_…` is a signing secret (Standard Webhooks): deliveries are signed with it, and it is never sent.
 */
import type { TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { PushConfig } from '../store/push-store.js'
import type { WebhookCredentials } from './webhook-headers.js'
import { webhookSecretRefused } from './webhook-signature.js'

/** Encrypts and authenticates texts; see `Secrets` of the service. */
export interface Sealer {
  seal(text: string, purpose: string): string
  open(token: string, purpose: string): string | undefined
}

/** What is sealed. */
interface Sealed extends Omit<WebhookCredentials, 'secrets'> {
  readonly secret?: string
  /** The signing secret before this one, and until when deliveries are signed with both; milliseconds since 1970. */
  readonly before?: { readonly secret: string; readonly until: number }
}

/** For so long receivers may have the old signing secret when a new one is registered, in milliseconds. */
export const ROTATION_MS = 24 * 3_600_000

/** What answers show of a webhook: secrets go in and never come out. */
export function withoutSecrets({
  token: _,
  authentication,
  ...config
}: TaskPushNotificationConfigJson): TaskPushNotificationConfigJson {
  return authentication === undefined ? config : { ...config, authentication: { scheme: authentication.scheme ?? '' } }
}

export function isSigningSecret(token: string | undefined): token is string {
  return token?.startsWith('whsec_') === true
}

/** Why a token that wants to be a signing secret is none. */
export function signingSecretProblem(token: string | undefined): string | undefined {
  return isSigningSecret(token) ? webhookSecretRefused(token) : undefined
}

/**
 * @param before what was sealed for the webhook of this id until now
 * @returns undefined when nothing of it is secret
 */
export function sealSecrets(
  sealer: Sealer,
  key: string,
  { id = '', token, authentication }: TaskPushNotificationConfigJson,
  before: string | undefined,
  now: number,
): string | undefined {
  const secrets: Sealed = {
    ...(isSigningSecret(token) ? { secret: token, ...rotated(sealer, key, id, token, before, now) } : {}),
    ...(token && !isSigningSecret(token) ? { token } : {}),
    ...(authentication?.credentials ? { authentication } : {}),
  }
  return Object.keys(secrets).length === 0 ? undefined : sealer.seal(JSON.stringify(secrets), purposeOf(key, id))
}

function rotated(
  sealer: Sealer,
  key: string,
  id: string,
  secret: string,
  sealed: string | undefined,
  now: number,
): Pick<Sealed, 'before'> {
  const old = open(sealer, key, id, sealed)
  if (old?.secret === undefined) return {}
  if (old.secret !== secret) return { before: { secret: old.secret, until: now + ROTATION_MS } }
  return old.before === undefined ? {} : { before: old.before }
}

/** Undefined when they were sealed with another installation's secret. */
export function openSecrets(
  sealer: Sealer,
  key: string,
  { config, sealed }: PushConfig,
  now: number,
): WebhookCredentials | undefined {
  if (sealed === undefined) return { secrets: [] }
  const opened = open(sealer, key, config.id ?? '', sealed)
  if (opened === undefined) return undefined
  const { secret, before, ...rest } = opened
  const old = before !== undefined && before.until > now ? [before.secret] : []
  return { ...rest, secrets: secret === undefined ? [] : [secret, ...old] }
}

function open(sealer: Sealer, key: string, id: string, sealed: string | undefined): Sealed | undefined {
  const text = sealed === undefined ? undefined : sealer.open(sealed, purposeOf(key, id))
  return text === undefined ? undefined : (JSON.parse(text) as Sealed)
}

function purposeOf(key: string, id: string): string {
  return `webhook:${JSON.stringify([key, id])}`
}
