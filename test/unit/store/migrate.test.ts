/** The schema goes up and down, once for all processes that start, and never under a newer version's feet. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import { openDatabase, type StoreDatabase } from '../../../src/store/database.js'
import { migrateDown, migrateUp } from '../../../src/store/migrate.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'

const INDEXES_OF_SQLITE = sql<{ name: string }>`select name from sqlite_master where type = 'index' order by name`
const INDEXES_OF_POSTGRES = sql<{
  name: string
}>`select indexname as name from pg_indexes where schemaname = current_schema() order by name`

const DIST = new URL('../../../dist/src/', import.meta.url).href

const STARTER = `
  import { openDatabase } from '${DIST}store/database.js'
  import { openTaskStore } from '${DIST}store/sql-task-store.js'
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const store = await openTaskStore(openDatabase(process.argv[1], quiet), quiet)
  await store.close()
`

describe.each(databaseKinds)('migrations on $title', ({ kind, missing, create }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('go up and down', () => {})

  let place: TestDatabase
  let database: StoreDatabase

  beforeEach(async () => {
    place = await create()
    database = openDatabase(place.where, silentLogger)
  })

  afterEach(async () => {
    await database.db.destroy()
    await place.remove()
  })

  const indexNames = async () => {
    const query = kind === 'SQLite' ? INDEXES_OF_SQLITE : INDEXES_OF_POSTGRES
    return (await query.execute(database.db)).rows.map(({ name }) => name)
  }
  const tables = async () => (await database.db.introspection.getTables()).map(({ name }) => name)

  it('go up, down to nothing, and up again', async () => {
    await migrateUp(database)
    const all = await tables()
    expect(all).toContain('task')
    const indexes = await indexNames()
    const undone: string[] = []
    for (let names = await migrateDown(database); names.length > 0; names = await migrateDown(database)) {
      expect(names).toHaveLength(1)
      undone.push(...names)
    }
    expect(await tables()).toEqual([])
    expect(await migrateUp(database)).toEqual(undone.reverse())
    expect(await tables()).toEqual(all)
    expect(await indexNames()).toEqual(indexes)
  })

  it('are made by one of six processes that start at once', async () => {
    const run = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', STARTER, place.where], { timeout: 50_000 })
    await Promise.all(Array.from({ length: 6 }, run))
    expect(await tables()).toContain('task')
  }, 60_000)

  it('leave the database of a newer version alone, and say what to do', async () => {
    await migrateUp(database)
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2099-01-01')`.execute(database.db)
    const opened = openTaskStore(openDatabase(place.where, silentLogger), silentLogger)
    await expect(opened).rejects.toThrow(/newer version of temporal-a2a \(9999-later\).*migrate --down/)
    await expect(migrateDown(database)).rejects.toThrow(/newer version/)
    expect(await tables()).toContain('task')
  })
})
