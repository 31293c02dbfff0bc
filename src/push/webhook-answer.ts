/** What became of one attempt at a webhook. */

export type WebhookAnswer =
  /** 2xx. */
  | { readonly kind: 'delivered'; readonly status: number; readonly tookMs: number }
  /** It may go better another time; `retryAfterMs` when the receiver has asked for a pause. */
  | {
      readonly kind: 'retry'
      readonly cause: RetryCause
      readonly status?: number
      readonly retryAfterMs?: number
      readonly tookMs: number
    }
  /** 410: the receiver wants no more. */
  | { readonly kind: 'gone'; readonly cause: 'gone'; readonly status: 410; readonly tookMs: number }
  /** Nothing was sent: it leads where webhooks may not go. A name may lead elsewhere at the next attempt. */
  | { readonly kind: 'blocked'; readonly cause: 'blocked-url' | 'blocked-address'; readonly tookMs: number }
  /** Nothing was sent: much is under way to that host, for that owner, or at all. No attempt; try again after `retryAfterMs`. */
  | { readonly kind: 'held'; readonly cause: 'busy'; readonly retryAfterMs: number; readonly tookMs: number }

export type RetryCause =
  /** An answer that is neither 2xx nor a redirect. */
  | 'status'
  /** A redirect, which webhooks do not follow. */
  | 'redirect'
  /** An answer that is no HTTP, or with too long a head. */
  | 'bad-answer'
  /** No answer in time. */
  | 'timeout'
  /** Its host's name leads nowhere. */
  | 'name-not-found'
  | 'connection-refused'
  /** The connection ended before an answer. */
  | 'connection-lost'
  /** Its certificate or its TLS. */
  | 'tls'
  /** Any other way in which no connection came about. */
  | 'unreachable'
  /** Nothing was sent: its host could not be reached by the last attempts, and is left alone for a while. */
  | 'host-paused'

export type WebhookCause = RetryCause | 'gone' | 'blocked-url' | 'blocked-address' | 'busy'

/** For people, in the delivery log. Tells nothing of what this server can see. */
export const CAUSES: Readonly<Record<WebhookCause, string>> = {
  status: 'the receiver refused it',
  redirect: 'the receiver redirects, which webhooks do not follow',
  'bad-answer': 'the answer is no HTTP',
  timeout: 'no answer in time',
  'name-not-found': 'the host cannot be found',
  'connection-refused': 'the host refuses connections',
  'connection-lost': 'the connection ended before an answer',
  tls: 'the certificate or the TLS of the host is not valid',
  unreachable: 'the host cannot be reached',
  'host-paused': 'not sent: the last attempts did not reach the host',
  gone: 'the receiver wants no more (410)',
  'blocked-url': 'not sent: webhooks may not go to this URL',
  'blocked-address': 'not sent: webhooks may not go to an address of the host',
  busy: 'not sent yet: much is being sent',
}
