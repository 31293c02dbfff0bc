/** What nobody has written down is found again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskKey } from '../../../src/bus/live-event.js'
import { type Logger, silentLogger } from '../../../src/internal/logger.js'
import { openDatabase } from '../../../src/store/database.js'
import { reconcile, type Seen } from '../../../src/store/reconcile.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'
import { eventually } from '../../support/reading.js'
import { completed, ended, FILTER, submitted, working } from '../../support/task-records.js'

describe.each(databaseKinds)('reconcile on $title', ({ missing, create }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('finds what is missing', () => {})

  let database: TestDatabase
  let store: TaskStore
  let stop: AbortController
  let running: Promise<unknown>[]
  let truth: Map<string, TaskRecord>
  let seen: Seen[]
  let asked: Date[]

  beforeEach(async () => {
    database = await create()
    store = await openTaskStore(openDatabase(database.where, silentLogger), silentLogger)
    stop = new AbortController()
    running = []
    truth = new Map()
    seen = []
    asked = []
  })

  afterEach(async () => {
    stop.abort()
    await Promise.all(running)
    await store.close()
    await database.remove()
  })

  function start(logger: Logger = silentLogger, isTask = (_: TaskRecord) => true): void {
    const changedSince = async function* (time: Date) {
      asked.push(time)
      yield seen.filter(({ at }) => at >= time.getTime())
    }
    const record = async (key: string) => truth.get(key)
    running.push(reconcile({ store, logger, everyMs: 20, truth: { record, changedSince, isTask } }, stop.signal))
  }

  const states = async () => {
    const { tasks } = await store.list({ filter: FILTER, pageSize: 50, includeArtifacts: false })
    return tasks.map(({ id, status }) => `${id} ${status?.state?.slice(11)}`)
  }

  it('finds what began or closed unseen, corrects what is open, and forgets what is gone', async () => {
    const closed = ended('closed', 2)
    const begun = submitted('begun', 1)
    const open = submitted('open')
    store.project(open)
    store.project(submitted('gone'))
    await store.flush()
    for (const record of [closed, begun, completed(working(open, 3), 4)]) truth.set(taskKey(record), record)
    seen = [
      { key: taskKey(closed), closed: true, at: 1_000 },
      { key: taskKey(begun), closed: false, at: 2_000 },
    ]
    start()
    await eventually(async () =>
      expect(await states()).toEqual(['open COMPLETED', 'closed COMPLETED', 'begun SUBMITTED']),
    )
    const { totalSize } = await store.list({ filter: FILTER, pageSize: 1, includeArtifacts: false })
    expect(totalSize).toBe(3)
  })

  it('goes on where the last round of any process ended, by the time of Temporal', async () => {
    const at = Date.now() - 10 * 3_600_000
    const record = ended('t')
    truth.set(taskKey(record), record)
    seen = [{ key: taskKey(record), closed: true, at }]
    start()
    await eventually(async () => expect(await states()).toEqual(['t COMPLETED']))
    stop.abort()
    await Promise.all(running.splice(0))
    expect(asked[0]?.getTime()).toBe(0)

    stop = new AbortController()
    asked.length = 0
    start()
    await eventually(() => expect(asked[0]?.getTime()).toBe(at - 15_000))
  })

  it('leaves out what may turn out to be no task', async () => {
    const maybe = working(submitted('maybe'), 1)
    const sure = ended('sure')
    for (const record of [maybe, sure]) truth.set(taskKey(record), record)
    seen = [maybe, sure].map((record) => ({ key: taskKey(record), closed: false, at: 5 }))
    start(silentLogger, ({ taskId }) => taskId === 'sure')
    await eventually(async () => expect(await states()).toEqual(['sure COMPLETED']))
    expect(await states()).toEqual(['sure COMPLETED'])
  })

  it('finds what turns out to be a task later, and lists nothing again for it', async () => {
    const maybe = working(submitted('maybe'), 1)
    const later = ended('later', 2)
    for (const record of [maybe, later]) truth.set(taskKey(record), record)
    seen = [
      { key: taskKey(maybe), closed: false, at: 1_000_000 },
      { key: taskKey(later), closed: true, at: 2_000_000 },
    ]
    let decided = false
    start(silentLogger, ({ taskId }) => decided || taskId === 'later')
    await eventually(() => expect(asked.at(-1)?.getTime()).toBe(2_000_000 - 15_000))
    expect(await states()).toEqual(['later COMPLETED'])
    decided = true
    await eventually(async () => expect(await states()).toEqual(['later COMPLETED', 'maybe WORKING']))
  })

  it('finds it also when the process that has seen it is gone', async () => {
    const maybe = working(submitted('maybe'), 1)
    const later = ended('later', 2)
    for (const record of [maybe, later]) truth.set(taskKey(record), record)
    seen = [
      { key: taskKey(maybe), closed: false, at: 1_000_000 },
      { key: taskKey(later), closed: true, at: 2_000_000 },
    ]
    start(silentLogger, ({ taskId }) => taskId === 'later')
    await eventually(() => expect(asked.at(-1)?.getTime()).toBe(2_000_000 - 15_000))
    stop.abort()
    await Promise.all(running.splice(0))

    stop = new AbortController()
    start()
    await eventually(async () => expect(await states()).toContain('maybe WORKING'))
  })

  it('goes back to where a store is that was restored from a backup', async () => {
    const record = ended('t', 2)
    truth.set(taskKey(record), record)
    seen = [{ key: taskKey(record), closed: true, at: 2_000_000 }]
    start()
    await eventually(() => expect(asked.at(-1)?.getTime()).toBe(2_000_000 - 15_000))
    await eventually(async () => {
      // A round that is under way says where it is when it ends.
      await store.reconciliation.end(0, 1_000_000)
      expect(asked.map((time) => time.getTime())).toContain(1_000_000 - 15_000)
    })
  })

  it('says once that an empty store is filled again', async () => {
    const told: string[] = []
    const logger = { ...silentLogger, warn: (_: object, message: string) => told.push(message) }
    for (let i = 0; i < 5; i += 1) {
      const record = ended(`t${i}`, i)
      truth.set(taskKey(record), record)
      seen.push({ key: taskKey(record), closed: true, at: 1_000 + i })
    }
    start(logger)
    start(logger)
    await eventually(async () => expect((await states()).length).toBe(5))
    await eventually(() => expect(asked.length).toBeGreaterThan(3))
    expect(told).toEqual(['the store is empty, but Temporal has tasks: they are written again'])
  })
})
