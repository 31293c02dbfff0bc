/** Brings a database to the schema of this version; at start, before anything else touches it. */
import { type Kysely, sql } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator } from 'kysely/migration'
import type { StoreDatabase } from './database.js'
import * as tasks from './migrations/0001-tasks.js'
import * as push from './migrations/0002-push.js'
import * as blobs from './migrations/0003-blobs.js'
import * as endedTasks from './migrations/0004-ended-tasks.js'
import { StoreDatabaseError } from './store-database-error.js'

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-tasks': tasks,
  '0002-push': push,
  '0003-blobs': blobs,
  '0004-ended-tasks': endedTasks,
}

/**
 * Safe when several processes start at once: one of them migrates, the others wait.
 *
 * @returns names of the migrations that were made
 * @throws StoreDatabaseError it does not answer, was written by a newer version, or a migration failed
 */
export function migrateUp(database: StoreDatabase): Promise<string[]> {
  return migrate(database, (migrator) => migrator.migrateToLatest())
}

/**
 * Undoes the latest migration: for going back to an older version.
 *
 * @returns its name, unless there was none
 * @throws StoreDatabaseError
 */
export function migrateDown(database: StoreDatabase): Promise<string[]> {
  return migrate(database, (migrator) => migrator.migrateDown())
}

async function migrate(
  { name, forMigration }: StoreDatabase,
  run: (migrator: Migrator) => Promise<MigrationResultSet>,
): Promise<string[]> {
  const db = forMigration()
  try {
    const unknown = (await done(db)).filter((migration) => !Object.hasOwn(MIGRATIONS, migration))
    if (unknown.length > 0) throw new Error(newerVersion(unknown))
    const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
    const { error, results = [] } = await run(migrator)
    if (error !== undefined) throw error
    return results.filter(({ status }) => status === 'Success').map(({ migrationName }) => migrationName)
  } catch (error) {
    throw new StoreDatabaseError(name, error)
  } finally {
    await db.destroy()
  }
}

/** Migrations that the database has been through. */
async function done(db: Kysely<never>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db)
  return rows.map(({ name }) => name)
}

function newerVersion(unknown: readonly string[]): string {
  return (
    `it was written by a newer version of temporal-a2a (${unknown.join(', ')}). Run that version or a newer one, ` +
    'or undo its migrations with it (temporal-a2a migrate --down), or give this version a database of its own'
  )
}
