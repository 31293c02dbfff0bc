/** The store: idempotent, never backwards, exact in its order, and no worse for being behind. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskKey } from '../../../src/bus/live-event.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { migrateDown, migrateUp } from '../../../src/store/migrate.js'
import { reconcile } from '../../../src/store/reconcile.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import { openSqlite } from '../../../src/store/sqlite.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import type { ListPlace, ListQuery } from '../../../src/task/list-query.js'
import { reduce } from '../../../src/task/reduce.js'
import { newTaskRecord, type TaskRecord } from '../../../src/task/task-record.js'
import { eventually } from '../../support/reading.js'

const DIST = new URL('../../../dist/src/', import.meta.url).href

let directory: string
let file: string
let store: TaskStore

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-store-'))
  file = join(directory, 'a2a.db')
  store = await openTaskStore(openSqlite(file), silentLogger)
})

afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

/** A second process on the same file; it runs the build. */
const OTHER_WRITER = `
  import { openSqlite } from '${DIST}store/sqlite.js'
  import { openTaskStore } from '${DIST}store/sql-task-store.js'
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const store = await openTaskStore(openSqlite(process.argv[1]), quiet)
  const record = JSON.parse(process.argv[2])
  for (let i = 0; i < 300; i += 1) {
    store.project({ ...record, taskId: 'b' + i })
    if (i % 10 === 0) await store.flush()
  }
  await store.close()
`

const time = (n: number) => new Date(1_700_000_000_000 + n).toISOString()

function submitted(taskId: string, at = 0): TaskRecord {
  const message = { messageId: `m-${taskId}`, role: 'ROLE_USER' as const, parts: [{ text: 'hi' }] }
  const ref = { tenant: '', agentId: 'a', taskId, owner: 'o', contextId: 'c' }
  return newTaskRecord({ ...ref, message, params: {}, at: time(at) })
}

function working(record: TaskRecord, at: number): TaskRecord {
  return reduce(record, { type: 'turnStarted', at: time(at) })
}

function completed(record: TaskRecord, at: number): TaskRecord {
  const artifacts = [{ artifactId: 'x', parts: [{ text: 'done' }] }]
  const result = { attempt: 1, seq: 2, state: 'TASK_STATE_COMPLETED' as const, artifacts }
  return reduce(record, { type: 'turnEnded', result, at: time(at) })
}

const FILTER = { tenant: '', agentId: 'a', owner: 'o' }

async function page(query: Partial<ListQuery> = {}) {
  return store.list({ filter: FILTER, pageSize: 50, includeArtifacts: false, ...query })
}

describe('project', () => {
  it('keeps the newest state, whatever order the states come in', async () => {
    const first = submitted('t')
    const second = working(first, 1)
    const third = completed(second, 2)
    for (const record of [third, first, second]) {
      store.project(record)
      await store.flush()
    }
    const { tasks } = await page({ includeArtifacts: true })
    expect(tasks).toEqual([{ ...third.task }])
    expect(await store.ended(taskKey(first))).toEqual(third)
  })

  it('makes one row of the same state written twice', async () => {
    const record = completed(working(submitted('t'), 1), 2)
    store.project(record)
    await store.flush()
    store.project(record)
    expect((await page()).totalSize).toBe(1)
  })

  it('shows an ended task before it is written', async () => {
    const record = completed(working(submitted('t'), 1), 2)
    store.project(record)
    expect(await store.ended(taskKey(record))).toMatchObject({ task: record.task })
  })

  it('is still there after a restart', async () => {
    store.project(completed(working(submitted('t'), 1), 2))
    await store.close()
    store = await openTaskStore(openSqlite(file), silentLogger)
    expect((await page()).totalSize).toBe(1)
  })

  it('lets two processes write at once', async () => {
    const other = execFile(process.execPath, [
      '--input-type=module',
      '-e',
      OTHER_WRITER,
      file,
      JSON.stringify(submitted('b')),
    ])
    for (let i = 0; i < 300; i += 1) {
      store.project(submitted(`a${i}`, i))
      if (i % 10 === 0) await store.flush()
    }
    await once(other, 'close')
    expect(other.exitCode).toBe(0)
    expect((await page()).totalSize).toBe(600)
  })

  it('leaves out a task that was answered with a message', async () => {
    const record = working(submitted('t'), 1)
    const answer = { messageId: 'r', role: 'ROLE_AGENT' as const, parts: [{ text: 'hi' }] }
    const result = { attempt: 1, seq: 0, state: 'TASK_STATE_COMPLETED' as const, artifacts: [], answer }
    store.project(reduce(record, { type: 'turnEnded', result, at: time(2) }))
    expect(await page()).toEqual({ tasks: [], totalSize: 0 })
    expect((await store.ended(taskKey(record)))?.answer).toEqual(answer)
  })
})

describe('list', () => {
  async function walk(pageSize: number, between: () => void): Promise<string[]> {
    const ids: string[] = []
    let after: ListPlace | undefined
    do {
      const next = await page({ pageSize, ...(after === undefined ? {} : { after }) })
      ids.push(...next.tasks.map(({ id }) => id ?? ''))
      after = next.next
      between()
    } while (after !== undefined)
    return ids
  }

  it('orders by status time and then by id, and walks each task once', async () => {
    for (let i = 0; i < 25; i += 1) store.project(submitted(`t${String(i).padStart(2, '0')}`, Math.floor(i / 5)))
    const ids = await walk(7, () => {})
    expect(ids).toEqual(Array.from({ length: 25 }, (_, i) => `t${String(24 - i).padStart(2, '0')}`))
  })

  it('sees every task that was there all the time, while all of them change', async () => {
    const records = new Map(Array.from({ length: 60 }, (_, i) => [`t${i}`, submitted(`t${i}`, i)]))
    for (const record of records.values()) store.project(record)
    let clock = 1_000
    const ids = await walk(5, () => {
      for (const [id, record] of records) {
        if (clock % 3 === 0) continue
        clock += 1
        const { turn } = record.position
        if (turn > 0) continue
        const next = working(record, clock)
        records.set(id, next)
        store.project(next)
        clock += 1
      }
      store.project(submitted(`new${clock}`, clock))
    })
    expect(new Set(ids).size).toBe(ids.length)
    expect([...records.keys()].filter((id) => !ids.includes(id))).toEqual([])
  })

  it('keeps owners, agents and tenants apart', async () => {
    for (const change of [{}, { owner: 'p' }, { agentId: 'b' }, { tenant: 'x' }]) {
      store.project({ ...submitted(`t${JSON.stringify(change).length}`), ...change })
    }
    expect((await page()).totalSize).toBe(1)
    expect((await page({ filter: { ...FILTER, owner: 'p' } })).totalSize).toBe(1)
  })
})

describe('migrations', () => {
  it('go up, down and up again', async () => {
    const db = openSqlite(join(directory, 'other.db')) as never
    await migrateUp(db)
    await migrateDown(db)
    await migrateUp(db)
    await (db as { destroy(): Promise<void> }).destroy()
  })
})

describe('reconcile', () => {
  it('finds what closed unseen, corrects what is open, and forgets what is gone', async () => {
    const unseen = completed(working(submitted('unseen'), 1), 2)
    const open = submitted('open')
    const gone = submitted('gone')
    store.project(open)
    store.project(gone)
    await store.flush()
    const truth = new Map([
      [taskKey(unseen), unseen],
      [taskKey(open), completed(working(open, 3), 4)],
    ])
    const stop = new AbortController()
    const running = reconcile(
      {
        store,
        logger: silentLogger,
        everyMs: 10,
        truth: {
          record: async (key) => truth.get(key),
          closedSince: async function* () {
            yield taskKey(unseen)
          },
        },
      },
      stop.signal,
    )
    await eventually(async () => {
      const { tasks } = await page()
      expect(tasks.map(({ id, status }) => `${id} ${status?.state}`)).toEqual([
        'open TASK_STATE_COMPLETED',
        'unseen TASK_STATE_COMPLETED',
      ])
    })
    stop.abort()
    await running
  })
})
