/** The databases that the store runs on, each new and empty. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from 'vitest'
import { createDatabase, POSTGRES_INSTALL } from './postgres-server.js'

export interface TestDatabase {
  /** File or URL. */
  readonly where: string
  remove(): Promise<void>
}

export interface DatabaseKind {
  readonly kind: 'SQLite' | 'Postgres'
  /** The kind, and when it cannot be had, how to get it. */
  readonly title: string
  readonly missing: boolean
  create(): Promise<TestDatabase>
}

const SERVER = inject('postgresUrl')

const sqlite: DatabaseKind = {
  kind: 'SQLite',
  title: 'SQLite',
  missing: false,
  async create() {
    const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-store-'))
    return {
      where: join(directory, 'a2a.db'),
      remove: () => rm(directory, { recursive: true, force: true }),
    }
  },
}

export const postgres: DatabaseKind = {
  kind: 'Postgres',
  title: SERVER === '' ? `Postgres (skipped, it is not installed: ${POSTGRES_INSTALL})` : 'Postgres',
  missing: SERVER === '',
  async create() {
    // Removed with the server.
    return { where: await createDatabase(SERVER), remove: async () => {} }
  },
}

export const databaseKinds: readonly DatabaseKind[] = [sqlite, postgres]
