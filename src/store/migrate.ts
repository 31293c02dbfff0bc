/** Brings a database to the schema of this version; at start, before anything else touches it. */
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import * as tasks from './migrations/0001-tasks.js'

const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-tasks': tasks,
}

/** @throws the database was written by a newer version, or a migration failed */
export async function migrateUp(db: Kysely<never>): Promise<void> {
  raise((await migrator(db).migrateToLatest()).error)
}

/** Undoes the latest migration: for going back to an older version. */
export async function migrateDown(db: Kysely<never>): Promise<void> {
  raise((await migrator(db).migrateDown()).error)
}

function migrator(db: Kysely<never>): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
}

function raise(error: unknown): void {
  if (error !== undefined) throw error
}
