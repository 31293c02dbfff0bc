/** One attempt at a webhook. */
import { type IncomingMessage, request as requestByHttp, validateHeaderName, validateHeaderValue } from 'node:http'
import { request as requestByHttps } from 'node:https'
import type { Socket } from 'node:net'
import { onAbort } from '../internal/abort.js'
import { readRetryAfter } from '../internal/retry-after.js'
import { HostGate } from './host-gate.js'
import { MAX_RETRY_AFTER_MS } from './retry-schedule.js'
import type { RetryCause, WebhookAnswer } from './webhook-answer.js'
import { BlockedAddressError, connectToWebhook } from './webhook-connection.js'
import { judgeWebhookUrl, type WebhookPolicy } from './webhook-policy.js'

export interface WebhookRequest {
  readonly url: string
  /** From `webhookHeaders`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WebhookSender {
  /**
   * Sends it once. Whatever the receiver does is an answer, within 15 seconds and another for what it says.
   *
   * @throws the signal's reason when it aborts; the request may have arrived then
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
/** What is read of an answer's head, and of its body, before the connection is cut; for how long the latter. */
const MAX_HEAD_BYTES = 16_384
const MAX_BODY_BYTES = 16_384
const BODY_MS = 1_000

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
      const entry = gate.enter(url)
      if ('refused' in entry) {
        const { refused: cause, retryAfterMs } = entry
        return cause === 'host-busy'
          ? { kind: 'held', cause, retryAfterMs, tookMs: 0 }
          : { kind: 'retry', cause, retryAfterMs, tookMs: 0 }
      }
      const began = performance.now()
      const attempt = new Attempt(url, request, deadlineMs, () => connectToWebhook(url, policy, ca))
      const off = onAbort(signal, () => attempt.abandon(signal.reason))
      try {
        const answer = await attempt.answer()
        return judge(answer, performance.now() - began)
      } catch (error) {
        signal.throwIfAborted()
        return failed(error, performance.now() - began)
      } finally {
        off()
        entry.leave(attempt.reached)
      }
    },
  }
}

/** Its time is over. */
class AttemptDeadline extends Error {}

class Attempt {
  private connected = false
  private answered = false
  private abandoned = false
  private failure: unknown
  private readonly url: URL
  private readonly content: WebhookRequest
  private readonly deadlineMs: number
  private readonly connect: () => Socket
  private request: ReturnType<typeof requestByHttp> | undefined

  constructor(url: URL, content: WebhookRequest, deadlineMs: number, connect: () => Socket) {
    this.url = url
    this.content = content
    this.deadlineMs = deadlineMs
    this.connect = connect
  }

  /** Whether the host answered (true) or could not be reached (false); undefined when neither is known. */
  get reached(): boolean | undefined {
    if (this.answered) return true
    return this.connected || this.abandoned || this.failure instanceof BlockedAddressError ? undefined : false
  }

  /** Nobody waits for it any more. */
  abandon(reason: unknown): void {
    this.abandoned = true
    this.end(reason)
  }

  /** The head of the answer, when its body was read as far as it ever is. */
  async answer(): Promise<IncomingMessage> {
    const timer = setTimeout(() => this.end(new AttemptDeadline()), this.deadlineMs)
    try {
      const answer = await this.send()
      this.answered = true
      clearTimeout(timer)
      await drain(answer)
      return answer
    } finally {
      clearTimeout(timer)
      this.request?.destroy()
    }
  }

  private end(reason: unknown): void {
    this.failure ??= reason
    this.request?.destroy(new Error('ended', { cause: reason }))
  }

  private send(): Promise<IncomingMessage> {
    const { url, content } = this
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.failure ??= error
        reject(this.failure)
      }
      const request = (url.protocol === 'http:' ? requestByHttp : requestByHttps)(url, {
        method: 'POST',
        headers: { ...content.headers, accept: '*/*', 'content-length': Buffer.byteLength(content.body) },
        maxHeaderSize: MAX_HEAD_BYTES,
        createConnection: () => {
          const socket = this.connect()
          socket.once(url.protocol === 'http:' ? 'connect' : 'secureConnect', () => {
            this.connected = true
          })
          return socket
        },
      })
      this.request = request
      request.once('response', resolve)
      request.on('error', fail)
      // After an answer this changes nothing; without one (101, for instance) it is all that is heard.
      request.once('close', () => fail(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
      request.end(content.body)
    })
  }
}

/** Takes a short answer to its end, so that its sender sees no broken connection; cuts off any other. */
function drain(answer: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0
    const done = () => {
      clearTimeout(timer)
      answer.destroy()
      resolve()
    }
    const timer = setTimeout(done, BODY_MS)
    answer.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_BODY_BYTES) done()
    })
    answer.on('error', done)
    answer.once('close', done)
  })
}

function judge({ statusCode: status = 0, headers }: IncomingMessage, took: number): WebhookAnswer {
  const tookMs = Math.round(took)
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

function failed(error: unknown, took: number): WebhookAnswer {
  const tookMs = Math.round(took)
  if (error instanceof BlockedAddressError) return { kind: 'blocked', cause: 'blocked-address', tookMs }
  return { kind: 'retry', cause: error instanceof AttemptDeadline ? 'timeout' : causeOf(error), tookMs }
}

const CAUSES_BY_CODE: readonly (readonly [RegExp, RetryCause])[] = [
  [/^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL)/, 'name-not-found'],
  [/^ECONNREFUSED$/, 'connection-refused'],
  [/^(?:ECONNRESET|EPIPE|ECONNABORTED)$/, 'connection-lost'],
  [/^HPE_/, 'bad-answer'],
  [/CERT|SELF_SIGNED|^ERR_(?:TLS|SSL)|^(?:EPROTO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/, 'tls'],
]

function causeOf(error: unknown): RetryCause {
  const { code = '' } = error as { code?: string }
  return CAUSES_BY_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? 'unreachable'
}
