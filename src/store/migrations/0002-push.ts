/** Webhooks: what callers have registered, what was delivered, and every attempt at it. */
import type { Kysely } from 'kysely'
import { bytewiseText } from './columns.js'

export async function up(db: Kysely<never>): Promise<void> {
  const id = bytewiseText(db)
  await db.schema
    .createTable('push_config')
    .addColumn('key', id, (column) => column.notNull())
    .addColumn('config_id', id, (column) => column.notNull())
    .addColumn('owner', id, (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text')
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('disabled_at', 'bigint')
    .addColumn('disabled_because', 'text')
    .addPrimaryKeyConstraint('push_config_key', ['key', 'config_id'])
    .execute()

  await db.schema
    .createTable('delivery')
    .addColumn('delivery_id', id, (column) => column.primaryKey())
    .addColumn('key', id, (column) => column.notNull())
    .addColumn('config_id', id, (column) => column.notNull())
    .addColumn('number', 'bigint', (column) => column.notNull())
    .addColumn('state', id, (column) => column.notNull())
    .addColumn('body', 'text', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('delivery_order', ['key', 'config_id', 'number'])
    .execute()
  await db.schema.createIndex('delivery_by_age').on('delivery').columns(['state', 'updated_at']).execute()

  await db.schema
    .createTable('delivery_attempt')
    .addColumn('delivery_id', id, (column) => column.notNull())
    .addColumn('attempt', 'integer', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('took', 'bigint', (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('cause', 'text')
    .addPrimaryKeyConstraint('delivery_attempt_key', ['delivery_id', 'attempt'])
    .execute()
}

export async function down(db: Kysely<never>): Promise<void> {
  for (const table of ['delivery_attempt', 'delivery', 'push_config']) await db.schema.dropTable(table).execute()
}
