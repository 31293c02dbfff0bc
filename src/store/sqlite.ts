/** SQLite through Node's own driver, for Kysely. */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { Kysely, SqliteAdapter, type SqliteDatabase, SqliteDialect } from 'kysely'
import type { Tables } from './tables.js'

export interface SqliteOptions {
  /**
   * How long a statement waits for another process's transaction, in milliseconds. The wait holds this process up, so it is
   * short by default: a transaction of ours takes a few milliseconds, and a write that fails is tried again.
   */
  readonly busyMs?: number
}

const BUSY_MS = 100

/** @param file path of the database; one that is not there is made, for its user only */
export function openSqlite(file: string, { busyMs = BUSY_MS }: SqliteOptions = {}): Kysely<Tables> {
  makePrivate(file)
  const database = new DatabaseSync(file, { timeout: busyMs })
  database.exec('PRAGMA journal_mode = WAL')
  database.exec('PRAGMA synchronous = NORMAL')
  return new Kysely<Tables>({ dialect: new Dialect({ database: adapt(database) }) })
}

/** SQLite would make it readable by all. The files beside it get the rights that it has. */
function makePrivate(file: string): void {
  if (file === ':memory:' || file.startsWith('file:')) return
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

class Dialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new Adapter()
  }
}

/** So that a migration happens whole or not at all, and two processes that start at once do it one after the other. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}

/** The few calls that Kysely makes, in the words of node:sqlite. */
function adapt(database: DatabaseSync): SqliteDatabase {
  return {
    close: () => database.close(),
    prepare(sql) {
      // A transaction that first reads and then writes would fail at once when another process writes in between.
      const statement = database.prepare(sql === 'begin' ? 'begin immediate' : sql)
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
      }
    },
  }
}
