/** The task tables. */
import { type Kysely, sql } from 'kysely'
import type { CounterTable } from '../tables.js'
import { bytewiseText } from './columns.js'

/** What each of them begins with is what every list asks for; a hidden task is in no list. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  task_by_status_time: ['tenant', 'agent_id', 'owner', 'status_time', 'task_id'],
  task_by_state: ['tenant', 'agent_id', 'owner', 'state', 'status_time', 'task_id'],
  task_by_context: ['tenant', 'agent_id', 'owner', 'context_id', 'status_time', 'task_id'],
}

export async function up(db: Kysely<never>): Promise<void> {
  const id = bytewiseText(db)
  await db.schema
    .createTable('task')
    .addColumn('key', id, (column) => column.primaryKey())
    .addColumn('tenant', id, (column) => column.notNull())
    .addColumn('agent_id', id, (column) => column.notNull())
    .addColumn('task_id', id, (column) => column.notNull())
    .addColumn('owner', id, (column) => column.notNull())
    .addColumn('context_id', id, (column) => column.notNull())
    .addColumn('request_hash', 'text')
    .addColumn('state', id, (column) => column.notNull())
    .addColumn('status_time', 'bigint', (column) => column.notNull())
    .addColumn('revision', 'integer', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('ended', 'integer', (column) => column.notNull())
    .addColumn('hidden', 'integer', (column) => column.notNull())
    .addColumn('checked_at', 'bigint', (column) => column.notNull())
    .addColumn('messages', 'integer', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('metadata', 'text')
    .addColumn('position', 'text', (column) => column.notNull())
    .addColumn('answer', 'text')
    .execute()
  for (const [name, columns] of Object.entries(LISTS)) {
    await db.schema
      .createIndex(name)
      .on('task')
      .columns([...columns])
      .where(sql.ref('hidden'), '=', sql.lit(0))
      .execute()
  }
  await db.schema
    .createIndex('task_by_check')
    .on('task')
    .columns(['state', 'checked_at'])
    .where(sql.ref('ended'), '=', sql.lit(0))
    .execute()

  await db.schema
    .createTable('message')
    .addColumn('key', id, (column) => column.notNull())
    .addColumn('place', 'integer', (column) => column.notNull())
    .addColumn('json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('message_key', ['key', 'place'])
    .execute()

  await db.schema
    .createTable('artifact')
    .addColumn('key', id, (column) => column.notNull())
    .addColumn('artifact_id', id, (column) => column.notNull())
    .addColumn('place', 'integer', (column) => column.notNull())
    .addColumn('json', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('artifact_key', ['key', 'artifact_id'])
    .execute()

  await db.schema
    .createTable('place')
    .addColumn('key', id, (column) => column.notNull())
    .addColumn('tenant', id, (column) => column.notNull())
    .addColumn('agent_id', id, (column) => column.notNull())
    .addColumn('owner', id, (column) => column.notNull())
    .addColumn('task_id', id, (column) => column.notNull())
    .addColumn('status_time', 'bigint', (column) => column.notNull())
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .addColumn('left_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('place_key', ['key', 'since'])
    .execute()
  await db.schema.createIndex('place_by_end').on('place').columns(['tenant', 'agent_id', 'owner', 'until']).execute()
  await db.schema.createIndex('place_by_age').on('place').column('left_at').execute()

  await db.schema
    .createTable('tally')
    .addColumn('tenant', id, (column) => column.notNull())
    .addColumn('agent_id', id, (column) => column.notNull())
    .addColumn('owner', id, (column) => column.notNull())
    .addColumn('state', id, (column) => column.notNull())
    .addColumn('tasks', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('tally_key', ['tenant', 'agent_id', 'owner', 'state'])
    .execute()

  await db.schema
    .createTable('counter')
    .addColumn('name', id, (column) => column.primaryKey())
    .addColumn('value', 'bigint', (column) => column.notNull())
    .execute()
  const counters = db as unknown as Kysely<{ counter: CounterTable }>
  await counters
    .insertInto('counter')
    .values(['change', 'round', 'reconciled', 'push'].map((name) => ({ name, value: 0 })))
    .execute()
}

export async function down(db: Kysely<never>): Promise<void> {
  for (const table of ['counter', 'tally', 'place', 'artifact', 'message', 'task']) {
    await db.schema.dropTable(table).execute()
  }
}
