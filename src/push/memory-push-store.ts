/** {@link PushStore} in this process, for the engine whose tasks are there too. */
import type { Delivery, DeliveryAttempt, KeyedPushConfig, PushConfig, PushStore } from '../store/push-store.js'

interface LoggedDelivery {
  delivery: Delivery
  readonly attempts: DeliveryAttempt[]
}

/** Deliveries that are kept; of those that came to their end the oldest go first. */
const MAX_DELIVERIES = 10_000

export class MemoryPushStore implements PushStore {
  private readonly byTask = new Map<string, Map<string, PushConfig>>()
  private readonly log = new Map<string, LoggedDelivery>()

  async putConfig(key: string, config: PushConfig, max: number): Promise<'created' | 'replaced' | 'full'> {
    const configs = this.byTask.get(key) ?? new Map<string, PushConfig>()
    const id = config.config.id ?? ''
    const before = configs.get(id)
    if (before === undefined && configs.size >= max) return 'full'
    configs.set(id, before === undefined ? config : { ...config, createdAt: before.createdAt })
    this.byTask.set(key, configs)
    return before === undefined ? 'created' : 'replaced'
  }

  async config(key: string, configId: string): Promise<PushConfig | undefined> {
    return this.byTask.get(key)?.get(configId)
  }

  async configs(key: string, { after, limit }: { after?: string; limit: number }): Promise<PushConfig[]> {
    return [...(this.byTask.get(key) ?? [])]
      .filter(([id]) => after === undefined || id > after)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([, config]) => config)
  }

  async latestConfigs(options: { disabledOnly?: boolean; limit: number }): Promise<KeyedPushConfig[]> {
    return [...this.byTask]
      .flatMap(([key, configs]) => [...configs.values()].map((config) => ({ key, ...config })))
      .filter(({ disabled }) => options.disabledOnly !== true || disabled !== undefined)
      .sort((a, b) => b.createdAt - a.createdAt)
      .slice(0, options.limit)
  }

  async deleteConfig(key: string, configId: string): Promise<boolean> {
    const configs = this.byTask.get(key)
    const deleted = configs?.delete(configId) ?? false
    if (configs?.size === 0) this.byTask.delete(key)
    return deleted
  }

  async disableConfig(key: string, configId: string, disabled: PushConfig['disabled']): Promise<void> {
    const configs = this.byTask.get(key)
    const known = configs?.get(configId)
    if (known === undefined) return
    const { disabled: _, ...rest } = known
    configs?.set(configId, disabled === undefined ? rest : { ...rest, disabled })
  }

  async addDelivery(delivery: Parameters<PushStore['addDelivery']>[0]): Promise<void> {
    if (this.log.has(delivery.id)) return
    const { createdAt: updatedAt } = delivery
    this.log.set(delivery.id, { delivery: { ...delivery, state: 'pending', attempts: 0, updatedAt }, attempts: [] })
    if (this.log.size > MAX_DELIVERIES) this.forget(() => true, 1)
  }

  async addAttempt(deliveryId: string, attempt: DeliveryAttempt, state: Delivery['state']): Promise<void> {
    const logged = this.log.get(deliveryId)
    if (logged === undefined || logged.delivery.attempts >= attempt.attempt) return
    logged.attempts.push(attempt)
    logged.delivery = { ...logged.delivery, state, attempts: attempt.attempt, updatedAt: attempt.at }
  }

  async delivery(deliveryId: string): Promise<Delivery | undefined> {
    return this.log.get(deliveryId)?.delivery
  }

  async deliveries(key: string, configId: string, options: { before?: number; limit: number }): Promise<Delivery[]> {
    const { before = Number.POSITIVE_INFINITY, limit } = options
    return this.of(key, configId)
      .map(({ delivery }) => delivery)
      .filter(({ number }) => number < before)
      .sort((a, b) => b.number - a.number)
      .slice(0, limit)
  }

  async attempts(deliveryId: string): Promise<DeliveryAttempt[]> {
    return [...(this.log.get(deliveryId)?.attempts ?? [])]
  }

  async failingSince(key: string, configId: string): Promise<number | undefined> {
    const all = this.of(key, configId)
    const delivered = all.filter(({ delivery }) => delivery.state === 'delivered')
    const last = Math.max(0, ...delivered.map(({ delivery }) => delivery.updatedAt))
    const failed = all
      .filter(({ delivery }) => delivery.state !== 'delivered')
      .flatMap(({ attempts }) => attempts.map(({ at }) => at))
      .filter((at) => at > last)
    return failed.length === 0 ? undefined : Math.min(...failed)
  }

  async forgetDeliveries(before: Date, limit: number): Promise<number> {
    return this.forget(({ updatedAt }) => updatedAt < before.getTime(), limit)
  }

  private of(key: string, configId: string): LoggedDelivery[] {
    return [...this.log.values()].filter(({ delivery }) => delivery.key === key && delivery.configId === configId)
  }

  private forget(old: (delivery: Delivery) => boolean, limit: number): number {
    let forgotten = 0
    for (const [id, { delivery }] of this.log) {
      if (forgotten >= limit) break
      if (delivery.state === 'pending' || !old(delivery)) continue
      this.log.delete(id)
      forgotten += 1
    }
    return forgotten
  }
}
