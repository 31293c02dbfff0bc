/** Large values: taken out, kept once, read in parts, put back as they were, and forgotten when nobody needs them. */
import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { taskKey } from '../../../src/bus/live-event.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { Availability } from '../../../src/store/availability.js'
import { Blobs } from '../../../src/store/blobs.js'
import { openDatabase, type StoreDatabase } from '../../../src/store/database.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import { largeValuesIn, mapTask } from '../../../src/task/large-values.js'
import { reduce } from '../../../src/task/reduce.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'
import { FILTER, submitted, time, working } from '../../support/task-records.js'

const hashOf = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const KIB = 1_024

describe.each(databaseKinds)('large values on $title', ({ missing, create }) => {
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
    await Promise.all([blobs.put(hash, content), blobs.put(hash, content)])
    await blobs.put(hash, content)
    expect(await rows('blob')).toBe(1)
    expect(await rows('blob_chunk')).toBe(3)
    expect(content.equals((await blobs.get(hash)) as Buffer)).toBe(true)
    expect(await blobs.get('none')).toBeUndefined()
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
        const taken = await store.takeOut(task, mapTask)
        expect(task).toEqual(before)
        // Anything else than a lone surrogate, whose bytes would not make it again, is small afterwards.
        const odd = parts.filter((each) => 'text' in each && !each.text.isWellFormed()).length
        expect(JSON.stringify(taken).length).toBeLessThan((1 + 3 * odd) * 3 * 66 * KIB * 2)
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
    const taken = await store.takeOut(whole, mapTask)
    return { whole, record: { ...reduce(base, { type: 'turnEnded', result, at: time(2) }), task: taken } }
  }

  it('make a task of 20 MiB one that Temporal would take, and lists and reads show it whole', async () => {
    const { whole, record } = await heavy('t', 20)
    expect(JSON.stringify(record).length).toBeLessThan(10 * KIB)
    store.project(record)
    await store.flush()
    expect((await store.ended(taskKey(record)))?.task).toEqual(whole)
    const { tasks } = await store.list({ filter: FILTER, pageSize: 5, includeArtifacts: true })
    expect(tasks).toEqual([whole])
    expect(await rows('blob_use')).toBe(20)
  }, 60_000)

  it('are forgotten when no task uses them, and not before', async () => {
    const { record } = await heavy('kept', 2)
    store.project(record)
    await store.flush()
    const unused = randomBytes(64 * KIB)
    await blobs.put(hashOf(unused), unused)
    expect(largeValuesIn(record.task, mapTask)).toHaveLength(2)
    expect(await blobs.forget(new Date(Date.now() - 60_000), 10)).toBe(0)
    expect(await blobs.forget(new Date(Date.now() + 60_000), 10)).toBe(1)
    expect(await rows('blob')).toBe(2)
    await store.reconciliation.forget(taskKey(record))
    expect(await blobs.forget(new Date(Date.now() + 60_000), 10)).toBe(2)
    expect(await rows('blob_chunk')).toBe(0)
  })

  it('that are gone are never shown as something else', async () => {
    const { record } = await heavy('t', 1)
    await database.db.deleteFrom('blob').execute()
    store.project(record)
    await expect(store.ended(taskKey(record))).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })
})
