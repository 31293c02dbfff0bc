/** Ended tasks are removed in time, with all they hold, and nothing else is. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskKey } from '../../../src/bus/live-event.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { openDatabase, type StoreDatabase } from '../../../src/store/database.js'
import { type ForgetEndedOptions, forgetEndedTasks } from '../../../src/store/forget-ended-tasks.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'
import { eventually } from '../../support/reading.js'
import { completed, ended, FILTER, submitted, time, working } from '../../support/task-records.js'

const DAY_MS = 86_400_000
/** Days since the first tasks of these tests ended. */
const AGE_DAYS = (Date.now() - Date.parse(time(0))) / DAY_MS

describe.each(databaseKinds)('ended tasks on $title', ({ missing, create }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('are removed in time', () => {})

  let place: TestDatabase
  let database: StoreDatabase
  let store: TaskStore
  let stop: AbortController
  let running: Promise<void>[]

  beforeEach(async () => {
    place = await create()
    database = openDatabase(place.where, silentLogger)
    store = await openTaskStore(database, silentLogger)
    stop = new AbortController()
    running = []
  })

  afterEach(async () => {
    stop.abort()
    await Promise.all(running)
    await store.close()
    await place.remove()
  })

  async function write(...records: readonly TaskRecord[]): Promise<void> {
    for (const record of records) store.project(record)
    await store.flush()
  }

  function start(options: Partial<ForgetEndedOptions> = {}): void {
    const defaults = {
      store,
      logger: silentLogger,
      keepDays: AGE_DAYS - 1,
      removeAtSource: async () => true,
      everyMs: 20,
    }
    running.push(forgetEndedTasks({ ...defaults, ...options }, stop.signal))
  }

  async function listed(): Promise<{ ids: (string | undefined)[]; total: number }> {
    const { tasks, totalSize } = await store.list({ filter: FILTER, pageSize: 50, includeArtifacts: false })
    return { ids: tasks.map(({ id }) => id).sort(), total: totalSize }
  }

  const KEYED = ['task', 'message', 'artifact', 'place', 'push_config', 'delivery', 'blob_use'] as const

  /** Tables that still have something of the task. */
  async function tablesWith(key: string): Promise<string[]> {
    const found: string[] = []
    for (const table of KEYED) {
      const row = await database.db.selectFrom(table).select('key').where('key', '=', key).executeTakeFirst()
      if (row !== undefined) found.push(table)
    }
    return found
  }

  const old = { config: { id: 'w', url: 'https://example.com' }, owner: 'o', version: '1.0', createdAt: 1 } as const

  async function deliver(key: string, state: 'pending' | 'delivered'): Promise<void> {
    await store.push.putConfig(key, old, 10)
    await store.push.addDelivery({ id: `d-${key}`, key, configId: 'w', number: 1, body: '{}', createdAt: 1 })
    if (state === 'delivered')
      await store.push.addAttempt(`d-${key}`, { attempt: 1, at: 1, took: 1, status: 200 }, state)
  }

  it('are removed with all they hold: messages, artifacts, large values, webhooks and what those were told', async () => {
    const large = 'x'.repeat(100_000)
    const record = submitted('old')
    const key = taskKey(record)
    const mine = {
      ...record,
      task: { ...record.task, history: [{ ...record.task.history?.[0], parts: [{ text: large }] }] },
    }
    const { mapRecord } = await import('../../../src/task/large-records.js')
    const outside = await store.takeOut(key, mine as TaskRecord, mapRecord)
    await write(outside)
    await write(completed(working(outside, 1), 2))
    await deliver(key, 'delivered')
    expect(await tablesWith(key)).toEqual([...KEYED])
    start()
    await eventually(async () => expect(await tablesWith(key)).toEqual([]))
    expect(await database.db.selectFrom('delivery_attempt').selectAll().execute()).toEqual([])
    expect(await listed()).toEqual({ ids: [], total: 0 })
    expect(await store.ended(key)).toBeUndefined()
  })

  it('are kept while they are younger, while they go on, and while a webhook has something to be told', async () => {
    const young = Date.now() - Date.parse(time(0)) - 1_000
    const told = ended('told')
    await write(ended('old'), ended('young', young), submitted('open'), working(submitted('works'), 1), told)
    await deliver(taskKey(told), 'pending')
    start()
    await eventually(async () => expect(await listed()).toEqual({ ids: ['open', 'told', 'works', 'young'], total: 4 }))
    await store.push.addAttempt(`d-${taskKey(told)}`, { attempt: 1, at: 1, took: 1, status: 200 }, 'delivered')
    await eventually(async () => expect(await listed()).toEqual({ ids: ['open', 'works', 'young'], total: 3 }))
  })

  it('are kept where they cannot be removed at their source, and the others go all the same', async () => {
    const records = Array.from({ length: 230 }, (_, i) => ended(`t${String(i).padStart(3, '0')}`, i % 7))
    await write(...records)
    const stays = new Set(records.filter((_, i) => i % 100 === 0).map(taskKey))
    const asked = new Map<string, number>()
    start({
      everyMs: 60_000,
      removeAtSource: async (key) => {
        asked.set(key, (asked.get(key) ?? 0) + 1)
        return !stays.has(key)
      },
    })
    await eventually(async () => expect(await listed()).toEqual({ ids: ['t000', 't100', 't200'], total: 3 }), 20_000)
    expect([...asked.values()].every((times) => times === 1)).toBe(true)
    expect(asked.size).toBe(230)
  }, 30_000)

  it('are tried again when their source does not answer', async () => {
    await write(ended('a'), ended('b', 1))
    let answers = 0
    start({
      removeAtSource: async () => {
        answers += 1
        if (answers <= 2) throw new Error('away')
        return true
      },
    })
    await eventually(async () => expect(await listed()).toEqual({ ids: [], total: 0 }))
  })

  it('are removed once, however many processes do it', async () => {
    await write(...Array.from({ length: 60 }, (_, i) => ended(`t${i}`, i)), submitted('open'))
    for (let process = 0; process < 4; process += 1) start()
    await eventually(async () => expect(await listed()).toEqual({ ids: ['open'], total: 1 }), 20_000)
  }, 30_000)
})
