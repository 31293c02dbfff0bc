/** Lists are read along an index, whatever the filter: never by sorting or reading all tasks. */
import { type CompiledQuery, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import { openDatabase, type StoreDatabase } from '../../../src/store/database.js'
import { placesOf } from '../../../src/store/list-tasks.js'
import { endedTasks } from '../../../src/store/sql-reconciliation.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import type { ListFilter, ListPlace } from '../../../src/task/list-query.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'
import { ended, FILTER, submitted, time } from '../../support/task-records.js'

const FILTERS: [name: string, filter: Partial<ListFilter>, index: RegExp][] = [
  ['none', {}, /task_by_status_time/],
  ['state', { state: 'TASK_STATE_SUBMITTED' }, /task_by_state/],
  ['context', { contextId: 'c1' }, /task_by_context/],
  ['context and state', { contextId: 'c1', state: 'TASK_STATE_COMPLETED' }, /task_by_(?:context|state)/],
  ['time', { statusTimeFrom: Date.parse(time(900)) }, /task_by_status_time/],
  ['time and state', { statusTimeFrom: Date.parse(time(900)), state: 'TASK_STATE_SUBMITTED' }, /task_by_state/],
]

/** A walk that began shortly before the last changes. */
const AFTER: ListPlace = { asOf: 5_900, statusTime: Date.parse(time(950)), taskId: 't9', totalSize: 1 }

describe.each(databaseKinds)('plans on $title', ({ kind, missing, create }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('follow the indexes', () => {})

  let place: TestDatabase
  let database: StoreDatabase
  let store: TaskStore

  beforeAll(async () => {
    place = await create()
    database = openDatabase(place.where, silentLogger)
    store = await openTaskStore(database, silentLogger)
    const inContext = (record: TaskRecord, i: number) => ({
      ...record,
      task: { ...record.task, contextId: `c${i % 7}` },
    })
    for (let i = 0; i < 3_000; i += 1) store.project(inContext(submitted(`t${i}`, i), i))
    await store.flush()
    for (let i = 0; i < 3_000; i += 1) if (i % 50 > 0) store.project(inContext(ended(`t${i}`, i + 1), i))
    await store.flush()
    await sql`analyze`.execute(database.db)
  })

  afterAll(async () => {
    await store.close()
    await place.remove()
  })

  function plan(filter: Partial<ListFilter>, after?: ListPlace): Promise<string> {
    const query = { filter: { ...FILTER, ...filter }, pageSize: 50, includeArtifacts: false }
    return planOf(placesOf(database.db, { ...query, ...(after === undefined ? {} : { after }) }))
  }

  async function planOf(query: Pick<ReturnType<typeof placesOf>, 'compile' | 'explain'>): Promise<string> {
    const rows = kind === 'SQLite' ? await explainSqlite(database, query.compile()) : await query.explain('text')
    return rows
      .map((row) => String((row as Record<string, unknown>).detail ?? Object.values(row as object)[0]))
      .join('\n')
  }

  it.each(FILTERS)('of a first page, filter: %s', async (_, filter, index) => {
    const text = await plan(filter)
    expect(text).toMatch(index)
    expect(text).not.toMatch(/Seq Scan on task|SCAN task|Sort|TEMP B-TREE/)
  })

  it.each(FILTERS)('of a further page, filter: %s', async (_, filter, index) => {
    const text = await plan(filter, AFTER)
    expect(text).toMatch(index)
    expect(text).toMatch(/place_by_end/)
    expect(text).not.toMatch(/Seq Scan on (?:task|place)|SCAN (?:task|place)\b/)
  })

  it.each([undefined, { key: 'k', endedAt: Date.parse(time(9)) }])('of old ended tasks, behind %j', async (after) => {
    const text = await planOf(endedTasks(database.db, Date.parse(time(2_000)), after).limit(50))
    expect(text).toMatch(/task_by_end/)
    expect(text).not.toMatch(/Seq Scan on task|SCAN task\b|Sort|TEMP B-TREE/)
  })
})

async function explainSqlite({ db }: StoreDatabase, compiled: CompiledQuery): Promise<unknown[]> {
  return (await db.executeQuery({ ...compiled, sql: `explain query plan ${compiled.sql}` })).rows
}
