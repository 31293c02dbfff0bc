/** How long a page of ListTasks takes among very many tasks. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, type RawBuilder, sql } from 'kysely'
import { silentLogger } from '../../src/internal/logger.js'
import { openDatabase } from '../../src/store/database.js'
import { openTaskStore } from '../../src/store/sql-task-store.js'
import type { Tables } from '../../src/store/tables.js'
import type { TaskStore } from '../../src/store/task-store.js'
import type { ListPlace, ListQuery } from '../../src/task/list-query.js'
import { createDatabase, findPostgres, POSTGRES_INSTALL, startPostgres } from '../../test/support/postgres-server.js'
import { type Group, type Line, type Result, resultOf } from '../support/line.js'
import { oneByOne, percentile } from '../support/stats.js'

const FULL = 1_000_000
const SHORT = 100_000
const FILTER = { tenant: '', agentId: 'a', owner: 'o' }
const EPOCH = 1_700_000_000_000
/** A table of the numbers from one to another. */
type Numbers = (from: number, to: number) => RawBuilder<unknown>

/** Rows that are inserted at once. */
const BATCH = 50_000
/** Tasks of one context. */
const CONTEXT = 50

const line = (database: string, tasks: number): Line => ({
  name: `page of 50 among ${tasks.toLocaleString('en')} tasks, ${database}, p95`,
  unit: 'ms',
  besideName: 'as many rows by key',
  goal: { kind: 'at most', of: 'value', bound: 10 },
})

/** Rows as the store writes them, made by the database itself. */
async function fill(db: Kysely<Tables>, tasks: number, numbers: Numbers): Promise<void> {
  for (let from = 1; from <= tasks; from += BATCH) await insert(db, numbers(from, from + BATCH - 1))
  await sql`insert into tally (tenant, agent_id, owner, state, tasks)
    select tenant, agent_id, owner, state, count(*) from task group by tenant, agent_id, owner, state`.execute(db)
  await sql`update counter set value = ${sql.lit(tasks)} where name = 'change'`.execute(db)
  await sql`analyze`.execute(db)
}

async function insert(db: Kysely<Tables>, numbers: RawBuilder<unknown>): Promise<void> {
  const status = sql`'{"state":"TASK_STATE_COMPLETED","timestamp":"2026-01-01T00:00:00.000Z"}'`
  const message = sql`'{"messageId":"m","role":"ROLE_USER","parts":[{"text":"What is the weather like in Lisbon today?"}]}'`
  await sql`
    insert into task (key, tenant, agent_id, task_id, owner, context_id, state, status_time, revision, since, created_at,
      ended, hidden, checked_at, messages, status, position)
    select 'a2a//a/' || n, '', 'a', cast(n as text), 'o', 'c' || (n / ${sql.lit(CONTEXT)}),
      case when n % 1000 = 0 then 'TASK_STATE_INPUT_REQUIRED' else 'TASK_STATE_COMPLETED' end,
      ${sql.lit(EPOCH)} + n, 3, n, ${sql.lit(EPOCH)}, case when n % 1000 = 0 then 0 else 1 end, 0, 0, 1, ${status},
      '{"turn":1,"attempt":1,"seq":1,"ended":true}' from ${numbers}`.execute(db)
  await sql`insert into message (key, place, json) select 'a2a//a/' || n, 0, ${message} from ${numbers}`.execute(db)
}

/** First and further pages, with and without filters, in turn. */
function pages(store: TaskStore, tasks: number): () => Promise<unknown> {
  const filters = [
    {},
    { state: 'TASK_STATE_INPUT_REQUIRED' as const },
    { contextId: `c${Math.floor(tasks / CONTEXT / 2)}` },
    { statusTimeFrom: EPOCH + tasks - 1_000 },
  ]
  let calls = 0
  let after: ListPlace | undefined
  return async () => {
    calls += 1
    const walking = calls % 2 === 0
    const query: ListQuery = { filter: FILTER, pageSize: 50, includeArtifacts: false }
    if (!walking) return store.list({ ...query, filter: { ...FILTER, ...filters[(calls >> 1) % filters.length] } })
    // Now and then from the middle of the list.
    const middle = { asOf: tasks, statusTime: EPOCH + ((calls * 7_919) % tasks), taskId: 'z', totalSize: tasks }
    const page = await store.list({ ...query, after: after ?? middle })
    after = calls % 10 === 0 ? undefined : page.next
    return page
  }
}

async function measure(name: string, where: string, tasks: number, numbers: Numbers): Promise<Result> {
  const loading = openDatabase(where, silentLogger)
  const store = await openTaskStore(openDatabase(where, silentLogger), silentLogger)
  const loader = loading.forMigration() as unknown as Kysely<Tables>
  try {
    await fill(loader, tasks, numbers)
    const page = pages(store, tasks)
    await oneByOne(20, page)
    const value = percentile(await oneByOne(400, page), 0.95)
    let calls = 0
    const byKey = () => {
      calls += 1
      const keys = Array.from({ length: 51 }, (_, i) => `a2a//a/${(((calls * 51 + i) * 7_919) % tasks) + 1}`)
      return loading.db.selectFrom('task').selectAll().where('key', 'in', keys).execute()
    }
    const beside = percentile(await oneByOne(200, byKey), 0.95)
    return resultOf(line(name, tasks), { value, beside })
  } finally {
    await store.close()
    await loader.destroy()
    await loading.db.destroy()
  }
}

export const listTasksGroup: Group = {
  name: 'list tasks',
  async run({ full, log }) {
    const tasks = full ? FULL : SHORT
    const results: Result[] = []
    const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-bench-list-'))
    try {
      log(`list tasks, SQLite, ${tasks} rows`)
      const counted: Numbers = (from, to) =>
        sql`(with recursive c(n) as (select ${sql.lit(from)} union all select n + 1 from c where n < ${sql.lit(to)}) select n from c)`
      results.push(await measure('SQLite', join(directory, 'a2a.db'), tasks, counted))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
    const binaries = await findPostgres()
    if (binaries === undefined) {
      log(`no Postgres here, its line is left out: ${POSTGRES_INSTALL}`)
      return results
    }
    log(`list tasks, Postgres, ${tasks} rows`)
    const server = await startPostgres(binaries)
    try {
      const where = await createDatabase(server.url)
      const counted: Numbers = (from, to) => sql`generate_series(${sql.lit(from)}, ${sql.lit(to)}) as n`
      results.push(await measure('Postgres', where, tasks, counted))
    } finally {
      await server.remove()
    }
    return results
  },
}
