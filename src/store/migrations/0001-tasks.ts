/** The task tables. */
import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('task')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('task_id', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('context_id', 'text', (column) => column.notNull())
    .addColumn('request_hash', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('status_time', 'bigint', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('ended', 'integer', (column) => column.notNull())
    .addColumn('hidden', 'integer', (column) => column.notNull())
    .addColumn('checked_at', 'bigint', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text')
    .addColumn('position', 'text', (column) => column.notNull())
    .addColumn('answer', 'text')
    .execute()
  await db.schema
    .createIndex('task_by_status_time')
    .on('task')
    .columns(['tenant', 'agent_id', 'owner', 'status_time', 'task_id'])
    .execute()
  await db.schema
    .createIndex('task_by_context')
    .on('task')
    .columns(['tenant', 'agent_id', 'owner', 'context_id', 'status_time', 'task_id'])
    .execute()
  await db.schema.createIndex('task_by_check').on('task').columns(['ended', 'checked_at']).execute()

  await db.schema
    .createTable('message')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('place', 'integer', (column) => column.notNull())
    .addColumn('json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('message_key', ['key', 'place'])
    .execute()

  await db.schema
    .createTable('artifact')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('artifact_id', 'text', (column) => column.notNull())
    .addColumn('place', 'integer', (column) => column.notNull())
    .addColumn('json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('artifact_key', ['key', 'artifact_id'])
    .execute()

  await db.schema
    .createTable('place')
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('status_time', 'bigint', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .addColumn('left_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('place_key', ['key', 'since'])
    .execute()
  await db.schema.createIndex('place_by_age').on('place').column('left_at').execute()

  await db.schema
    .createTable('counter')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
  const counters = db as Kysely<{ counter: { name: string; value: number } }>
  await counters.insertInto('counter').values({ name: 'change', value: 0 }).execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['counter', 'place', 'artifact', 'message', 'task']) await db.schema.dropTable(table).execute()
}
