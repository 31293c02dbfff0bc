/** Column types that the two databases name differently. */
import { type Kysely, PostgresAdapter, type RawBuilder, sql } from 'kysely'

/** Text that is compared byte by byte, whatever the language of the database: SQLite's default. */
export function bytewiseText(db: Kysely<never>): RawBuilder<unknown> {
  return isPostgres(db) ? sql`text collate "C"` : sql`text`
}

export function bytes(db: Kysely<never>): RawBuilder<unknown> {
  return isPostgres(db) ? sql`bytea` : sql`blob`
}

function isPostgres(db: Kysely<never>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter
}
