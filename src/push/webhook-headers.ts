/** The headers of a delivery, and what a caller may ask to have in them. */
import type { AuthenticationInfoJson, TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { FieldViolation } from '../a2a/errors.js'
import { bodySignature, standardSignature } from './webhook-signature.js'

/** What a webhook's receiver knows its sender by. All of it is secret. */
export interface WebhookCredentials {
  /** Of the config: sent as `X-A2A-Notification-Token`. */
  readonly token?: string
  /** Of the config: sent as `Authorization` when it has credentials. */
  readonly authentication?: AuthenticationInfoJson
  /** `whsec_…`, the newest first; several while they are rotated. None: nothing is signed. */
  readonly secrets: readonly string[]
}

/** What the body is, in the words of `kind` in A2A 0.3. */
export type WebhookEvent = 'task' | 'message' | 'status-update' | 'artifact-update'

export interface WebhookContent {
  /** The same at each attempt: receivers know a repetition by it. Letters, digits, `_` and `-`, at most 128. */
  readonly id: string
  readonly event: WebhookEvent
  /** A StreamResponse in 1.0, in JSON. */
  readonly body: string
  /** The version of A2A that the webhook was registered in. */
  readonly version: '1.0' | '0.3'
}

/** `1.0`: A2A 1.0.1, section 4.3.3. */
const CONTENT_TYPES = { '1.0': 'application/a2a+json', '0.3': 'application/json' } as const

/** Longest values in characters. */
export const MAX_TOKEN = 1_024
export const MAX_SCHEME = 64
export const MAX_CREDENTIALS = 8_192

/**
 * @param now milliseconds since 1970; receivers refuse what is five minutes off, so make them for each attempt
 * @throws TypeError for an id or a secret that receivers could not work with
 */
export function webhookHeaders(
  { id, event, body, version }: WebhookContent,
  { token, authentication, secrets }: WebhookCredentials,
  now: number,
): Record<string, string> {
  // A dot would let one signed text be read as two ids.
  if (!/^[\w-]{1,128}$/.test(id)) throw new TypeError('the id of a webhook is made of letters, digits, _ and -')
  const timestamp = Math.floor(now / 1_000)
  const [newest] = secrets
  return {
    'content-type': CONTENT_TYPES[version],
    'user-agent': 'temporal-a2a',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'x-a2a-event': event,
    ...(newest === undefined
      ? {}
      : {
          'webhook-signature': standardSignature(secrets, id, timestamp, body),
          'x-a2a-signature': bodySignature(newest, body),
        }),
    ...(token ? { 'x-a2a-notification-token': token } : {}),
    ...(authentication?.credentials ? { authorization: `${authentication.scheme} ${authentication.credentials}` } : {}),
  }
}

/**
 * What of a config cannot be sent as a header: found when it is registered, for a delivery would fail by it each time.
 * The descriptions never hold the values.
 *
 * @param path where the config is in its request, such as `configuration.taskPushNotificationConfig`; default: it is it
 */
export function headerViolations(config: TaskPushNotificationConfigJson, path = ''): FieldViolation[] {
  const prefix = path === '' ? '' : `${path}.`
  const { token = '', authentication } = config
  const { scheme = '', credentials = '' } = authentication ?? {}
  const violations: FieldViolation[] = []
  const refuse = (field: string, description: string) => violations.push({ field: prefix + field, description })
  if (!isHeaderValue(token, MAX_TOKEN)) refuse('token', headerRule(MAX_TOKEN))
  if (!isHeaderValue(credentials, MAX_CREDENTIALS)) refuse('authentication.credentials', headerRule(MAX_CREDENTIALS))
  // RFC 9110, section 11.1: a scheme is a token.
  if (authentication !== undefined && !/^[\w!#$%&'*+.^`|~-]{1,64}$/.test(scheme)) {
    refuse(
      'authentication.scheme',
      `must be the name of an HTTP authentication scheme of at most ${MAX_SCHEME} characters`,
    )
  }
  return violations
}

/** Visible ASCII, and spaces only between: all else is refused, cut off or read differently on the way. */
function isHeaderValue(text: string, max: number): boolean {
  return text.length <= max && /^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(text)
}

function headerRule(max: number): string {
  return `must be at most ${max} characters of ASCII, without line breaks, and without spaces at its ends`
}
