/** Large values: taken out, kept once, read in parts, put back as they were, and forgotten when nobody needs them. */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { taskKey } from '../../../src/bus/live-event.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { Availability } from '../../../src/store/availability.js'
import { Blobs } from '../../../src/store/blobs.js'
import { openDatabase, type StoreDatabase } from '../../../src/store/database.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import { mapRecord } from '../../../src/task/large-records.js'
import { KnownValues, largeValuesIn, mapArtifact, mapTask, type StoredPart } from '../../../src/task/large-values.js'
import type { ListQuery } from '../../../src/task/list-query.js'
import { reduce } from '../../../src/task/reduce.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'
import { fc } from '../../support/property.js'
import { FILTER, submitted, time, working } from '../../support/task-records.js'

const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const KIB = 1_024

describe.each(databaseKinds)('large values on $title', ({ missing, create }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('are kept', () => {})

  let place: TestDatabase
  let database: StoreDatabase
  let store: TaskStore
  let blobs: Blobs

  beforeEach(async () => {
    place = await create()
    database = openDatabase(place.where, silentLogger)
    store = await openTaskStore(database, silentLogger)
    blobs = new Blobs(database.db, new Availability(silentLogger))
  })

  afterEach(async () => {
    await store.close()
    await place.remove()
  })

  const rows = async (table: 'blob' | 'blob_chunk' | 'blob_use') =>
    (await database.db.selectFrom(table).select('hash').execute()).length

  it('are kept once, and read whole or in part', async () => {
    const content = randomBytes(700 * KIB)
    const hash = hashOf(content)
    const put = (key: string) => blobs.put(key, new Map([[hash, content]]))
    await Promise.all([put('a'), put('b')])
    await put('a')
    expect(await rows('blob')).toBe(1)
    expect(await rows('blob_chunk')).toBe(3)
    expect(await rows('blob_use')).toBe(2)
    expect(content.equals((await blobs.get([hash, 'none'])).get(hash) as Buffer)).toBe(true)
    expect(await blobs.get(['none'])).toEqual(new Map())
    await fc.assert(
      fc.asyncProperty(fc.nat(720 * KIB), fc.nat(720 * KIB), async (start, end) => {
        const part = await blobs.range(hash, start, end)
        expect(part?.equals(content.subarray(start, Math.max(start, end)))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('are put back exactly as they were, and only when they are large', async () => {
    const large = fc.integer({ min: 60, max: 70 }).map((kib) => kib * KIB)
    const text = fc.tuple(fc.string({ unit: 'binary', minLength: 1 }), large).map(([unit, length]) => ({
      text: unit.repeat(Math.ceil(length / unit.length)),
    }))
    const raw = large.map((length) => ({ raw: randomBytes(length).toString('base64') }))
    const data = fc.tuple(fc.jsonValue(), large).map(([value, length]) => ({
      data: { value, filler: 'ü'.repeat(length / 2) } as never,
    }))
    const part = fc.oneof(text, raw, data, fc.constant({ text: 'small' }), fc.constant({ url: 'https://a.example' }))
    const named = part.map((each) => ({ ...each, filename: 'f', mediaType: 'm/t' }))
    await fc.assert(
      fc.asyncProperty(fc.array(named, { minLength: 1, maxLength: 3 }), async (parts) => {
        const message = { messageId: 'm', role: 'ROLE_USER' as const, parts }
        const task: TaskJson = {
          id: 't',
          status: { state: 'TASK_STATE_WORKING', message },
          history: [message],
          artifacts: [{ artifactId: 'a', parts }],
        }
        const before = structuredClone(task)
        const taken = await store.takeOut('key', task, mapTask)
        expect(task).toEqual(before)
        expect(JSON.stringify(taken).length).toBeLessThan(3 * 66 * KIB)
        expect(await store.putBack(taken, mapTask)).toEqual(before)
      }),
      { numRuns: 20 },
    )
  })

  /** A task whose result weighs so many MiB, in artifacts of 1 MiB. */
  async function heavy(taskId: string, mib: number): Promise<{ whole: TaskJson; record: TaskRecord }> {
    const base = working(submitted(taskId), 1)
    const artifacts = Array.from({ length: mib }, (_, i) => ({
      artifactId: `a${i}`,
      parts: [{ raw: randomBytes(768 * KIB).toString('base64'), mediaType: 'application/pdf' }],
    }))
    const result = { attempt: 1, seq: 9, state: 'TASK_STATE_COMPLETED' as const, artifacts }
    const whole = reduce(base, { type: 'turnEnded', result, at: time(2) }).task
    const record = reduce(base, { type: 'turnEnded', result, at: time(2) })
    return { whole, record: { ...record, task: await store.takeOut(taskKey(base), whole, mapTask) } }
  }

  it('make a task of 20 MiB one that Temporal would take, and lists and reads show it whole', async () => {
    const { whole, record } = await heavy('t', 20)
    expect(JSON.stringify(record).length).toBeLessThan(10 * KIB)
    store.project(record)
    await store.flush()
    const blobs = vi.spyOn(Blobs.prototype, 'get')
    expect(await store.ended(taskKey(record), 'mallory')).toBe('elses')
    expect(blobs).not.toHaveBeenCalled()
    blobs.mockRestore()
    expect(await store.ended(taskKey(record), record.owner)).toMatchObject({ task: whole })
    const { tasks } = await store.list({ filter: FILTER, pageSize: 5, includeArtifacts: true })
    expect(tasks).toEqual([whole])
    expect(await rows('blob_use')).toBe(60)
  }, 60_000)

  const at = (time: number) => ({ unusedBefore: time, unknownBefore: 0, limit: 100 })

  it('are forgotten when no task uses them, and not before', async () => {
    const { record } = await heavy('kept', 2)
    store.project(record)
    await store.flush()
    expect(largeValuesIn(record.task, mapTask)).toHaveLength(2)
    const [past, future] = [Date.now() - 60_000, Date.now() + 60_000]
    expect(await blobs.forget(at(future))).toBe(0)
    await store.reconciliation.forget(taskKey(record))
    expect(await blobs.forget(at(past))).toBe(0)
    expect(await blobs.forget(at(future))).toBe(6)
    expect(await rows('blob_chunk')).toBe(0)
  })

  it('are kept for a task that goes on, whatever refers to them; once it has ended only what it shows is', async () => {
    const base = working(submitted('t'), 1)
    const key = taskKey(base)
    store.project(base)
    await store.flush()
    // As a checkpoint of the running turn does, of which no state of the task tells.
    await blobs.put(key, new Map([['of a checkpoint', randomBytes(8)]]))
    const { record } = await heavy('t', 1)
    const future = Date.now() + 60_000
    expect(await blobs.forget(at(future))).toBe(0)
    store.project(record)
    await store.flush()
    expect(await blobs.forget(at(future))).toBe(1)
    expect([...(await blobs.get(['of a checkpoint'])).keys()]).toEqual([])
    expect((await store.ended(key))?.task.artifacts?.[0]?.parts?.[0]?.raw).toHaveLength(1_048_576)
  })

  it('of a task that the store does not know are kept for long, and not for ever', async () => {
    await blobs.put('a2a//agent/unknown', new Map([['hash', randomBytes(8)]]))
    const future = Date.now() + 60_000
    expect(await blobs.forget(at(future))).toBe(0)
    expect(await blobs.forget({ ...at(future), unknownBefore: future })).toBe(1)
    expect(await rows('blob_use')).toBe(0)
  })

  it('are not written again by whoever knows that they are there, and grow by their last piece', async () => {
    const known = new KnownValues()
    const put = vi.spyOn(Blobs.prototype, 'put')
    const artifact = (text: string) => ({ artifactId: 'a', parts: [{ text }] })
    try {
      const text = Array.from({ length: 80_000 }, (_, i) => `line ${i}\n`).join('')
      const take = (value: string) => store.takeOut('key', artifact(value), mapArtifact, known)
      const [first, again] = [await take(text), await take(text)]
      expect(again).toEqual(first)
      expect(put).toHaveBeenCalledTimes(1)
      const more = await take(`${text}And more.`)
      expect(put.mock.calls.map(([, pieces]) => pieces.size)).toEqual([4, 1])
      expect(await store.putBack(more, mapArtifact)).toEqual(artifact(`${text}And more.`))
    } finally {
      put.mockRestore()
    }
  })

  it('that are the same content of two kinds stay two', async () => {
    const known = new KnownValues()
    const text = 'AAAA'.repeat(30_000)
    const artifact = { artifactId: 'a', parts: [{ text }, { raw: text }, { text: 'small' }] }
    for (let i = 0; i < 2; i += 1) {
      const taken = await store.takeOut('key', artifact, mapArtifact, known)
      expect(taken.parts.map((part) => (part as StoredPart).large?.kind)).toEqual(['text', 'raw', undefined])
      expect(await store.putBack(taken, mapArtifact)).toEqual(artifact)
    }
  })

  it('are looked for again only as far back as was not looked before', async () => {
    await blobs.put('key', new Map([['old', randomBytes(8)]]))
    await database.db.deleteFrom('blob_use').execute()
    const future = Date.now() + 60_000
    expect(await blobs.forget({ ...at(future), spanMs: 1_000 })).toBe(0)
    expect(await blobs.forget({ ...at(future), spanMs: 120_000 })).toBe(1)
  })

  it('end a page of a list early, and the next one goes on from there', async () => {
    const wholes: TaskJson[] = []
    for (const id of ['t1', 't2', 't3']) {
      const { whole, record } = await heavy(id, 20)
      store.project(record)
      wholes.push(whole)
    }
    const seen: TaskJson[] = []
    const sizes: number[] = []
    let after: ListQuery['after']
    do {
      const page = await store.list({ filter: FILTER, pageSize: 5, includeArtifacts: true, ...(after && { after }) })
      seen.push(...page.tasks)
      sizes.push(page.tasks.length)
      after = page.next
    } while (after !== undefined)
    expect(sizes).toEqual([2, 1])
    expect(seen.map(({ id }) => id).sort()).toEqual(['t1', 't2', 't3'])
    expect(seen.find(({ id }) => id === 't2')).toEqual(wholes[1])
    const { tasks } = await store.list({ filter: FILTER, pageSize: 5, includeArtifacts: false })
    expect(tasks).toHaveLength(3)
  }, 60_000)

  it('that are gone are never shown as something else', async () => {
    const { record } = await heavy('t', 1)
    await database.db.deleteFrom('blob_chunk').execute()
    store.project(record)
    const [part] = (await store.ended(taskKey(record)))?.task.artifacts?.[0]?.parts ?? []
    expect(part).toEqual({ text: '', mediaType: 'application/pdf', metadata: { lost: true } })
    await expect(store.putBack(record, mapRecord, 'refused')).rejects.toMatchObject({ reason: 'INTERNAL' })
  })
})
