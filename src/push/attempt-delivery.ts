/** One attempt at a delivery, and what comes next: the same for every engine. Decides by the log alone, so it may be repeated. */
import type { Clock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import type { Delivery, PushConfig, PushStore } from '../store/push-store.js'
import type { DueDelivery } from './due-delivery.js'
import { nextAttemptMs } from './retry-schedule.js'
import type { WebhookSender } from './send-webhook.js'
import { CAUSES, type WebhookAnswer } from './webhook-answer.js'
import { type WebhookEvent, webhookHeaders } from './webhook-headers.js'
import { openSecrets, type Sealer } from './webhook-secrets.js'

export interface AttemptOptions {
  readonly store: PushStore
  readonly sender: WebhookSender
  /** Undefined in a process that was not given the installation's secret: it leaves webhooks with secrets to others. */
  readonly sealer: Sealer | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** Factor on the pauses between attempts. Default 1. */
  readonly pace?: number | undefined
  /** Default `Math.random`. */
  readonly random?: () => number
}

export interface AttemptInput extends DueDelivery {
  /** The task's key. */
  readonly key: string
  readonly configId: string
  /** Which try, from 1, since it was put into the queue. */
  readonly tries: number
}

/** `over`: delivered, or given up. `again`: after `inMs`; unless it is `held`, that was a try. */
export type AttemptOutcome =
  | { readonly state: 'over' }
  | { readonly state: 'again'; readonly inMs: number; readonly held?: true }

/** This process cannot open the webhook's secrets; another may. */
export class MissingSecretError extends Error {
  override readonly name = 'MissingSecretError'

  constructor() {
    super('the secrets of a webhook cannot be opened here; start workers and gateways with the same secret')
  }
}

/** After so long without a success a webhook is disabled, in milliseconds. */
export const DISABLE_AFTER_MS = 5 * 24 * 3_600_000

const OVER: AttemptOutcome = { state: 'over' }

/**
 * @throws A2AError UNAVAILABLE the store does not answer
 * @throws MissingSecretError
 * @throws the signal's reason when it aborts
 */
export async function attemptDelivery(
  options: AttemptOptions,
  input: AttemptInput,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const { store, sender, clock } = options
  const { key, configId, deliveryId, tries, attemptsBefore } = input
  const delivery = await store.delivery(deliveryId)
  if (delivery === undefined) return OVER
  const attempt = attemptsBefore + tries
  // Made already, by somebody who could not say so.
  if (delivery.attempts >= attempt) return delivery.state === 'pending' ? again(options, tries) : OVER
  const note = (state: Delivery['state'], took: number, more: { status?: number; cause?: string }) =>
    store.addAttempt(deliveryId, { attempt, at: clock.now(), took, ...more }, state)
  const webhook = await store.config(key, configId)
  if (webhook === undefined || webhook.disabled !== undefined) {
    const why = webhook?.disabled === undefined ? 'it was deleted' : `it is disabled: ${webhook.disabled.because}`
    await note('failed', 0, { cause: `not sent to the webhook: ${why}` })
    return OVER
  }
  const answer = await sender.send(request(options, input, delivery, webhook), signal)
  if (answer.kind === 'held') return { state: 'again', inMs: answer.retryAfterMs, held: true }
  const { tookMs } = answer
  const told = 'status' in answer && answer.status !== undefined ? { status: answer.status } : {}
  if (answer.kind === 'delivered') {
    await note('delivered', tookMs, told)
    return OVER
  }
  const cause = { ...told, cause: `${answer.cause}: ${CAUSES[answer.cause]}` }
  const next = again(options, tries, answer)
  const disable = answer.kind === 'gone' ? CAUSES.gone : await whyDead(options, key, configId)
  await note(next.state === 'over' || disable !== undefined ? 'failed' : 'pending', tookMs, cause)
  const fields = { task: key, webhook: configId, delivery: deliveryId, attempts: attempt, cause: answer.cause }
  if (disable !== undefined) {
    await store.disableConfig(key, configId, { at: clock.now(), because: disable })
    options.logger.warn(fields, 'webhook was disabled: nothing more is sent there')
    return OVER
  }
  if (next.state === 'over') options.logger.warn(fields, 'delivery to a webhook was given up')
  return next
}

function again(
  { random = Math.random, pace = 1 }: AttemptOptions,
  tries: number,
  answer?: WebhookAnswer,
): AttemptOutcome {
  const asked = answer?.kind === 'retry' ? answer.retryAfterMs : undefined
  const inMs = nextAttemptMs(tries, random(), asked)
  return inMs === undefined ? OVER : { state: 'again', inMs: Math.ceil(inMs * pace) }
}

/** Why nothing more is sent to a webhook that has failed once more; undefined when it is tried on. */
async function whyDead({ store, clock }: AttemptOptions, key: string, configId: string): Promise<string | undefined> {
  const since = await store.failingSince(key, configId)
  return since !== undefined && clock.now() - since >= DISABLE_AFTER_MS
    ? 'every attempt of five days failed'
    : undefined
}

function request(
  { sealer, clock }: AttemptOptions,
  { key, deliveryId: id }: AttemptInput,
  { body }: Delivery,
  webhook: PushConfig,
) {
  const now = clock.now()
  const credentials =
    sealer === undefined
      ? webhook.sealed === undefined
        ? { secrets: [] }
        : undefined
      : openSecrets(sealer, key, webhook, now)
  if (credentials === undefined) throw new MissingSecretError()
  const version = webhook.version === '1.0' ? '1.0' : '0.3'
  // Receivers compare the time with their own, whatever the clock of the log says.
  const headers = webhookHeaders({ id, event: eventOf(body), body, version }, credentials, Date.now())
  // The key begins with the tenant, which the name of an owner is one of.
  const [, tenant = ''] = key.split('/')
  return { url: webhook.config.url ?? '', headers, body, owner: `${tenant}/${webhook.owner}` }
}

const EVENTS: Readonly<Record<string, WebhookEvent>> = {
  task: 'task',
  message: 'message',
  statusUpdate: 'status-update',
  artifactUpdate: 'artifact-update',
}

function eventOf(body: string): WebhookEvent {
  const json = JSON.parse(body) as { kind?: WebhookEvent }
  return json.kind ?? EVENTS[Object.keys(json)[0] ?? ''] ?? 'task'
}
