/** Large values of messages and artifacts, by the hash of what they are, and which tasks use them. */
import type { Kysely } from 'kysely'
import { bytes, bytewiseText } from './columns.js'

export async function up(db: Kysely<never>): Promise<void> {
  const id = bytewiseText(db)
  await db.schema
    .createTable('blob')
    .addColumn('hash', id, (column) => column.primaryKey())
    .addColumn('size', 'bigint', (column) => column.notNull())
    .addColumn('touched_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('blob_by_age').on('blob').column('touched_at').execute()

  await db.schema
    .createTable('blob_chunk')
    .addColumn('hash', id, (column) => column.notNull())
    .addColumn('place', 'integer', (column) => column.notNull())
    .addColumn('content', bytes(db), (column) => column.notNull())
    .addPrimaryKeyConstraint('blob_chunk_key', ['hash', 'place'])
    .execute()

  await db.schema
    .createTable('blob_use')
    .addColumn('key', id, (column) => column.notNull())
    .addColumn('hash', id, (column) => column.notNull())
    .addPrimaryKeyConstraint('blob_use_key', ['key', 'hash'])
    .execute()
  await db.schema.createIndex('blob_use_by_hash').on('blob_use').column('hash').execute()
}

export async function down(db: Kysely<never>): Promise<void> {
  for (const table of ['blob_use', 'blob_chunk', 'blob']) await db.schema.dropTable(table).execute()
}
