/** Puts what is to be told on its way to the webhooks of a task: into the log first, then into each webhook's queue. */
import { createHash } from 'node:crypto'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { taskKey } from '../bus/live-event.js'
import type { Clock } from '../internal/clock.js'
import type { PushConfig, PushStore } from '../store/push-store.js'
import type { ReachedState, WebhookEvents } from '../task/webhook-events.js'
import type { DueDelivery } from './due-delivery.js'
import { eventsToTell, webhookBody } from './webhook-bodies.js'

/** Webhooks that one task may have. */
export const MAX_WEBHOOKS = 10

/** Delivers to each webhook in order, as often as it takes. */
export interface DeliveryQueue {
  /** When it resolves, the delivery is not forgotten. Putting it there again changes nothing. */
  add(key: string, configId: string, due: DueDelivery): Promise<void>
  /** The webhook has changed or is gone: what waits for its next attempt looks again now. */
  wake(key: string, configId: string): Promise<void>
}

export interface RecordOptions {
  readonly store: PushStore
  readonly queue: DeliveryQueue
  readonly clock: Clock
  /** Puts large values back into an event. Default: there are none outside. */
  readonly whole?: (event: StreamResponseJson) => Promise<StreamResponseJson>
}

/** A revision makes fewer events than this. */
const PER_STATE = 1_000_000

/**
 * When it resolves, everything is on its way. Doing it again changes nothing, also when it was left halfway.
 *
 * @throws A2AError UNAVAILABLE
 */
export async function recordDeliveries(
  { store, queue, clock, whole = async (event) => event }: RecordOptions,
  reached: ReachedState,
  events: WebhookEvents,
): Promise<void> {
  const key = taskKey(reached.record)
  for (const webhook of await store.configs(key, { limit: MAX_WEBHOOKS })) {
    const configId = webhook.config.id ?? ''
    for (const [index, event] of eventsToTell(reached, events, webhook.version).entries()) {
      const body = webhookBody(await whole(event), webhook.version)
      if (body === undefined) continue
      const deliveryId = deliveryIdOf(key, webhook, reached, index)
      const number = reached.record.revision * PER_STATE + placeIn(reached, index)
      await store.addDelivery({ id: deliveryId, key, configId, number, body, createdAt: clock.now() })
      await queue.add(key, configId, { deliveryId, number, attemptsBefore: 0 })
    }
  }
}

/** Within a revision: what its running turn has come to, in that order, or the events of one state. */
function placeIn({ record: { position } }: ReachedState, index: number): number {
  return position.ended ? index : Math.min(position.seq, PER_STATE - 1)
}

/** The same for one event of one webhook whoever makes it, so that it is not delivered twice. */
function deliveryIdOf(key: string, { config, createdAt }: PushConfig, { record }: ReachedState, index: number): string {
  const { turn, attempt, seq, ended } = record.position
  const parts = [key, config.id ?? '', createdAt, turn, attempt, seq, ended, index]
  return `msg_${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 32)}`
}
