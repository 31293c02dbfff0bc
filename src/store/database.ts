/** The store's database by its name: a file, or the URL of a Postgres server. */
import type { Kysely } from 'kysely'
import type { Logger } from '../internal/logger.js'
import { openPostgres } from './postgres.js'
import { openSqlite } from './sqlite.js'
import { StoreDatabaseError } from './store-database-error.js'
import type { Tables } from './tables.js'

export interface StoreDatabase {
  /** For people: without the password. */
  readonly name: string
  readonly db: Kysely<Tables>
  /** A connection of its own that has the patience for a migration. To be destroyed by whoever asked for it. */
  forMigration(): Kysely<never>
}

/** How long a migration waits for another process's, and how long one statement of it may take, in milliseconds. */
const MIGRATION_MS = 60_000

/**
 * Nothing is connected to yet.
 *
 * @param where path of an SQLite file, or `postgres://…`
 * @throws StoreDatabaseError
 */
export function openDatabase(where: string, logger: Logger): StoreDatabase {
  const name = databaseName(where)
  const open = (patient: boolean): Kysely<Tables> => {
    try {
      return isPostgresUrl(where)
        ? openPostgres(where, { logger, ...(patient ? { statementMs: MIGRATION_MS, maxConnections: 1 } : {}) })
        : openSqlite(where, patient ? { busyMs: MIGRATION_MS } : {})
    } catch (error) {
      throw new StoreDatabaseError(name, error)
    }
  }
  return { name, db: open(false), forMigration: () => open(true) as unknown as Kysely<never> }
}

export function isPostgresUrl(where: string): boolean {
  return /^postgres(?:ql)?:\/\//i.test(where)
}

/** The path or URL as people may see it: no password, and no options, which may hold one. */
export function databaseName(where: string): string {
  if (!isPostgresUrl(where)) return where
  if (!URL.canParse(where)) return 'postgres://…'
  const { username, host, pathname } = new URL(where)
  return `postgres://${username === '' ? '' : `${username}@`}${host}${pathname}`
}
