/** {@link PushStore} in SQL. */
import { type Kysely, type Selectable, sql } from 'kysely'
import type { TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Availability } from './availability.js'
import type { Delivery, DeliveryAttempt, KeyedPushConfig, PushConfig, PushStore } from './push-store.js'
import type { DeliveryTable, PushConfigTable, Tables } from './tables.js'

const CALL_MS = 1_500

export class SqlPushStore implements PushStore {
  private readonly db: Kysely<Tables>
  private readonly availability: Availability

  constructor(db: Kysely<Tables>, availability: Availability) {
    this.db = db
    this.availability = availability
  }

  putConfig(key: string, config: PushConfig, max: number): Promise<'created' | 'replaced' | 'full'> {
    return this.call(() =>
      this.db.transaction().execute(async (db) => {
        // Whoever counts has to be alone with the task's webhooks: two at once would both find room for one.
        await db.updateTable('counter').set({ value: sql`value + 1` }).where('name', '=', 'push').execute()
        const ids = await db.selectFrom('push_config').select('config_id').where('key', '=', key).execute()
        const row = configRow(key, config)
        const known = ids.some(({ config_id }) => config_id === row.config_id)
        if (!known && ids.length >= max) return 'full'
        const { key: _, config_id, created_at, ...changing } = row
        await db
          .insertInto('push_config')
          .values(row)
          .onConflict((conflict) => conflict.columns(['key', 'config_id']).doUpdateSet(changing))
          .execute()
        return known ? 'replaced' : 'created'
      }),
    )
  }

  config(key: string, configId: string): Promise<PushConfig | undefined> {
    return this.call(async () => {
      const row = await this.db
        .selectFrom('push_config')
        .selectAll()
        .where('key', '=', key)
        .where('config_id', '=', configId)
        .executeTakeFirst()
      return row === undefined ? undefined : toConfig(row)
    })
  }

  configs(key: string, { after, limit }: { after?: string; limit: number }): Promise<PushConfig[]> {
    return this.call(async () => {
      const rows = await this.db
        .selectFrom('push_config')
        .selectAll()
        .where('key', '=', key)
        .$if(after !== undefined, (select) => select.where('config_id', '>', after ?? ''))
        .orderBy('config_id')
        .limit(limit)
        .execute()
      return rows.map(toConfig)
    })
  }

  latestConfigs(options: { disabledOnly?: boolean; limit: number }): Promise<KeyedPushConfig[]> {
    return this.call(async () => {
      const rows = await this.db
        .selectFrom('push_config')
        .selectAll()
        .$if(options.disabledOnly === true, (select) => select.where('disabled_at', 'is not', null))
        .orderBy('created_at', 'desc')
        .limit(options.limit)
        .execute()
      return rows.map((row) => ({ key: row.key, ...toConfig(row) }))
    })
  }

  deleteConfig(key: string, configId: string): Promise<boolean> {
    return this.call(async () => {
      const { numDeletedRows } = await this.db
        .deleteFrom('push_config')
        .where('key', '=', key)
        .where('config_id', '=', configId)
        .executeTakeFirst()
      return numDeletedRows > 0n
    })
  }

  disableConfig(key: string, configId: string, disabled: PushConfig['disabled']): Promise<void> {
    return this.call(async () => {
      await this.db
        .updateTable('push_config')
        .set({ disabled_at: disabled?.at ?? null, disabled_because: disabled?.because ?? null })
        .where('key', '=', key)
        .where('config_id', '=', configId)
        .execute()
    })
  }

  addDelivery({ id, configId, createdAt, ...rest }: Parameters<PushStore['addDelivery']>[0]): Promise<void> {
    return this.call(async () => {
      const row = { ...rest, delivery_id: id, config_id: configId, created_at: createdAt, updated_at: createdAt }
      await this.db
        .insertInto('delivery')
        .values({ ...row, state: 'pending', attempts: 0 })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
  }

  addAttempt(deliveryId: string, attempt: DeliveryAttempt, state: Delivery['state']): Promise<void> {
    return this.call(() =>
      this.db.transaction().execute(async (db) => {
        const { status = null, cause = null } = attempt
        await db
          .insertInto('delivery_attempt')
          .values({ ...attempt, delivery_id: deliveryId, status, cause })
          .onConflict((conflict) => conflict.columns(['delivery_id', 'attempt']).doNothing())
          .execute()
        await db
          .updateTable('delivery')
          .set({ state, attempts: attempt.attempt, updated_at: attempt.at })
          .where('delivery_id', '=', deliveryId)
          .where('attempts', '<', attempt.attempt)
          .execute()
      }),
    )
  }

  delivery(deliveryId: string): Promise<Delivery | undefined> {
    return this.call(async () => {
      const row = await this.db
        .selectFrom('delivery')
        .selectAll()
        .where('delivery_id', '=', deliveryId)
        .executeTakeFirst()
      return row === undefined ? undefined : toDelivery(row)
    })
  }

  deliveries(key: string, configId: string, options: { before?: number; limit: number }): Promise<Delivery[]> {
    const { before, limit } = options
    return this.call(async () => {
      const rows = await this.db
        .selectFrom('delivery')
        .selectAll()
        .where('key', '=', key)
        .where('config_id', '=', configId)
        .$if(before !== undefined, (select) => select.where('number', '<', before ?? 0))
        .orderBy('number', 'desc')
        .limit(limit)
        .execute()
      return rows.map(toDelivery)
    })
  }

  attempts(deliveryId: string): Promise<DeliveryAttempt[]> {
    return this.call(async () => {
      const rows = await this.db
        .selectFrom('delivery_attempt')
        .select(['attempt', 'at', 'took', 'status', 'cause'])
        .where('delivery_id', '=', deliveryId)
        .orderBy('attempt')
        .execute()
      return rows.map(({ status, cause, ...row }) => ({
        ...row,
        ...(status === null ? {} : { status }),
        ...(cause === null ? {} : { cause }),
      }))
    })
  }

  failingSince(key: string, configId: string): Promise<number | undefined> {
    return this.call(async () => {
      const last = await this.db
        .selectFrom('delivery')
        .select(({ fn }) => fn.max('updated_at').as('at'))
        .where('key', '=', key)
        .where('config_id', '=', configId)
        .where('state', '=', 'delivered')
        .executeTakeFirst()
      const first = await this.db
        .selectFrom('delivery_attempt')
        .innerJoin('delivery', 'delivery.delivery_id', 'delivery_attempt.delivery_id')
        .select(({ fn }) => fn.min('delivery_attempt.at').as('at'))
        .where('delivery.key', '=', key)
        .where('delivery.config_id', '=', configId)
        .where('delivery.state', '!=', 'delivered')
        .where('delivery_attempt.at', '>', Number(last?.at ?? 0))
        .executeTakeFirst()
      return first?.at === null || first?.at === undefined ? undefined : Number(first.at)
    })
  }

  forgetDeliveries(before: Date, limit: number): Promise<number> {
    return this.call(async () => {
      const old = await this.db
        .selectFrom('delivery')
        .select('delivery_id')
        .where('state', 'in', ['delivered', 'failed'])
        .where('updated_at', '<', before.getTime())
        .limit(limit)
        .execute()
      const ids = old.map(({ delivery_id }) => delivery_id)
      if (ids.length === 0) return 0
      await this.db.deleteFrom('delivery_attempt').where('delivery_id', 'in', ids).execute()
      await this.db.deleteFrom('delivery').where('delivery_id', 'in', ids).execute()
      return ids.length
    })
  }

  private call<T>(work: () => Promise<T>): Promise<T> {
    return this.availability.run(CALL_MS, 'reading or writing webhooks', work)
  }
}

function configRow(key: string, { config, owner, sealed, version, createdAt, disabled }: PushConfig): PushConfigTable {
  return {
    key,
    config_id: config.id ?? '',
    owner,
    config: JSON.stringify(config),
    sealed: sealed ?? null,
    version,
    created_at: createdAt,
    disabled_at: disabled?.at ?? null,
    disabled_because: disabled?.because ?? null,
  }
}

function toConfig(row: Selectable<PushConfigTable>): PushConfig {
  const { config, owner, sealed, version, created_at, disabled_at, disabled_because } = row
  return {
    config: JSON.parse(config) as TaskPushNotificationConfigJson,
    owner,
    version,
    createdAt: created_at,
    ...(sealed === null ? {} : { sealed }),
    ...(disabled_at === null ? {} : { disabled: { at: disabled_at, because: disabled_because ?? '' } }),
  }
}

function toDelivery(row: Selectable<DeliveryTable>): Delivery {
  const { delivery_id, key, config_id, number, state, body, attempts, created_at, updated_at } = row
  return {
    id: delivery_id,
    key,
    configId: config_id,
    number,
    state,
    body,
    attempts,
    createdAt: created_at,
    updatedAt: updated_at,
  }
}
