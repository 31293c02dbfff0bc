/** The webhooks of tasks as the service sees them, over the store: what may be called, and what is kept how. */
import { invalidParams } from '../a2a/errors.js'
import { taskKey } from '../bus/live-event.js'
import type { Clock } from '../internal/clock.js'
import type { Webhooks } from '../service/webhooks.js'
import type { PushStore } from '../store/push-store.js'
import type { WebhookEvents } from '../task/webhook-events.js'
import { type DeliveryQueue, MAX_WEBHOOKS } from './record-deliveries.js'
import { headerViolations } from './webhook-headers.js'
import { checkWebhookTarget, type WebhookPolicy } from './webhook-policy.js'
import { type Sealer, sealSecrets, signingSecretProblem, withoutSecrets } from './webhook-secrets.js'

export interface TaskWebhooksOptions {
  readonly store: PushStore
  readonly queue: DeliveryQueue
  readonly sealer: Sealer
  readonly policy: WebhookPolicy
  readonly events: WebhookEvents
  readonly clock: Clock
}

export function createTaskWebhooks(options: TaskWebhooksOptions): Webhooks {
  const { store, queue, sealer, policy, events, clock } = options
  return {
    events,
    async check(config, signal) {
      const violations = headerViolations(config)
      const problem = signingSecretProblem(config.token)
      if (problem !== undefined) violations.push({ field: 'token', description: problem })
      const target = await checkWebhookTarget(config.url ?? '', policy, signal)
      // A host that has no address now may have one when there is something to tell.
      if ('refused' in target) violations.push({ field: 'url', description: target.refused })
      if (violations.length > 0) throw invalidParams(violations)
    },
    async put(ref, { config, owner, version }) {
      const key = taskKey(ref)
      const now = clock.now()
      const before = await store.config(key, config.id)
      const sealed = sealSecrets(sealer, key, config, before?.sealed, now)
      const kept = { config: withoutSecrets(config), owner, version, createdAt: now }
      const outcome = await store.putConfig(key, sealed === undefined ? kept : { ...kept, sealed }, MAX_WEBHOOKS)
      if (outcome === 'full') {
        throw invalidParams([
          { field: 'taskId', description: `has ${MAX_WEBHOOKS} webhooks already; delete one first` },
        ])
      }
      if (outcome === 'replaced') await queue.wake(key, config.id)
      return { isNew: outcome === 'created', shown: kept.config }
    },
    async get(ref, id) {
      return (await store.config(taskKey(ref), id))?.config
    },
    async list(ref, page) {
      return (await store.configs(taskKey(ref), page)).map(({ config }) => config)
    },
    async remove(ref, id) {
      const key = taskKey(ref)
      if (await store.deleteConfig(key, id)) await queue.wake(key, id)
    },
  }
}
