/** One attempt at a webhook, from the judgement of its URL to that of its answer. */
import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http'
import { onAbort } from '../internal/abort.js'
import { readRetryAfter } from '../internal/retry-after.js'
import { HostGate } from './host-gate.js'
import { MAX_RETRY_AFTER_MS } from './retry-schedule.js'
import type { RetryCause, WebhookAnswer } from './webhook-answer.js'
import { Attempt, AttemptDeadline } from './webhook-attempt.js'
import { BlockedAddressError, connectToWebhook } from './webhook-connection.js'
import { judgeWebhookUrl, type WebhookPolicy } from './webhook-policy.js'

export interface WebhookRequest {
  readonly url: string
  /** From `webhookHeaders`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whose webhook it is: owners have shares of what is sent. Default: nobody's. */
  readonly owner?: string
}

export interface WebhookSender {
  /**
   * Sends it once. Whatever the receiver does is an answer, within 15 seconds, or 16 when what it says has no end.
   *
   * @throws the signal's reason when it aborts before the answer; the request may have arrived then
   * @throws TypeError for headers that cannot be sent, before anything is
   */
  send(request: WebhookRequest, signal: AbortSignal): Promise<WebhookAnswer>
}

export interface WebhookSenderOptions {
  /** Milliseconds from the look-up of the host to the head of the answer. Default 15,000. */
  readonly deadlineMs?: number
  /** Certificates of authorities (PEM) in place of the well-known ones. */
  readonly ca?: string
  /** What all attempts may do to a host together. */
  readonly gate?: HostGate
}

/** A2A 1.0.1 (section 13.2) wants 10 to 30 seconds. */
const DEADLINE_MS = 15_000

/** A process has one: it bounds what all of its attempts do to a host. */
export function createWebhookSender(policy: WebhookPolicy, options: WebhookSenderOptions = {}): WebhookSender {
  const { deadlineMs = DEADLINE_MS, ca, gate = new HostGate() } = options
  return {
    async send(request, signal) {
      signal.throwIfAborted()
      for (const [name, value] of Object.entries(request.headers)) {
        validateHeaderName(name)
        validateHeaderValue(name, value)
      }
      const verdict = judgeWebhookUrl(request.url, policy)
      if ('refused' in verdict) return { kind: 'blocked', cause: 'blocked-url', tookMs: 0 }
      const { url } = verdict
      const entry = gate.enter(url, request.owner)
      if ('refused' in entry) {
        const { refused: cause, retryAfterMs } = entry
        return cause === 'busy'
          ? { kind: 'held', cause, retryAfterMs, tookMs: 0 }
          : { kind: 'retry', cause, retryAfterMs, tookMs: 0 }
      }
      const { headers, body } = request
      const attempt = new Attempt({ url, headers, body, deadlineMs, connect: () => connectToWebhook(url, policy, ca) })
      const off = onAbort(signal, () => attempt.end(signal.reason))
      // Neither reached nor not: nobody has waited for it, or nothing was tried.
      let reached: boolean | undefined
      try {
        const answer = await attempt.answer()
        reached = true
        return judge(answer, attempt.tookMs)
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof BlockedAddressError) {
          return { kind: 'blocked', cause: 'blocked-address', tookMs: attempt.tookMs }
        }
        if (!attempt.connected) reached = false
        return { kind: 'retry', cause: causeOf(error), tookMs: attempt.tookMs }
      } finally {
        off()
        entry.leave(reached)
      }
    },
  }
}

function judge({ statusCode: status = 0, headers }: IncomingMessage, tookMs: number): WebhookAnswer {
  if (status >= 200 && status < 300) return { kind: 'delivered', status, tookMs }
  if (status === 410) return { kind: 'gone', cause: 'gone', status, tookMs }
  const asked = status === 429 || status === 503 ? readRetryAfter(headers['retry-after']) : undefined
  return {
    kind: 'retry',
    cause: status >= 300 && status < 400 ? 'redirect' : 'status',
    status,
    ...(asked === undefined ? {} : { retryAfterMs: Math.min(asked, MAX_RETRY_AFTER_MS) }),
    tookMs,
  }
}

/** What Node and OpenSSL call it; the first that fits. */
const CAUSES_BY_CODE: readonly (readonly [RegExp, RetryCause])[] = [
  [/^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/, 'name-not-found'],
  [/^ECONNREFUSED$/, 'connection-refused'],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED)$/, 'connection-lost'],
  [/^HPE_/, 'bad-answer'],
  [/CERT|SELF_SIGNED|^ERR_(?:TLS|SSL)|^(?:EPROTO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/, 'tls'],
]

function causeOf(error: unknown): RetryCause {
  if (error instanceof AttemptDeadline) return 'timeout'
  const { code = '' } = error as { code?: string }
  return CAUSES_BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? 'unreachable'
}
