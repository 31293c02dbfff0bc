/** One attempt at a webhook. */
import type { WebhookAnswer } from './webhook-answer.js'
import type { WebhookPolicy } from './webhook-policy.js'

export interface WebhookRequest {
  readonly url: string
  /** From `webhookHeaders`. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface WebhookSender {
  /**
   * Sends it once. Whatever the receiver does is an answer, within 15 seconds.
   *
   * @throws the signal's reason when it aborts; the request may have arrived then
   */
  send(request: WebhookRequest, signal: AbortSignal): Promise<WebhookAnswer>
}

export interface WebhookSenderOptions {
  /** Milliseconds from the look-up of the host to the head of the answer. Default 15,000. */
  readonly deadlineMs?: number
  /** Certificates of authorities (PEM) in place of the well-known ones. */
  readonly ca?: string
}

/** A process has one: it bounds what all of its attempts do to a host. */
export declare function createWebhookSender(policy: WebhookPolicy, options?: WebhookSenderOptions): WebhookSender
