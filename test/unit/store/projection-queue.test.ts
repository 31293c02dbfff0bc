/** States that wait for the store have a bound, in number and in bytes. */
import type { Kysely } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { taskKey } from '../../../src/bus/live-event.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { Availability } from '../../../src/store/availability.js'
import { ProjectionQueue } from '../../../src/store/projection-queue.js'
import type { Tables } from '../../../src/store/tables.js'
import { completed, submitted, working } from '../../support/task-records.js'

const MIB = 1_048_576

/** Of a database that is away. */
const queue = () => new ProjectionQueue({} as Kysely<Tables>, new Availability(silentLogger), silentLogger)
let made: ProjectionQueue | undefined

afterEach(() => made?.close())

function heavy(taskId: string, bytes: number) {
  const record = submitted(taskId)
  return { ...record, task: { ...record.task, metadata: { text: 'x'.repeat(bytes) } } }
}

it('takes 64 MiB, and again when something was replaced by less', async () => {
  made = queue()
  let taken = 0
  while (taken < 100 && made.add(heavy(`t${taken}`, MIB))) taken += 1
  expect(taken).toBe(63)
  expect(made.add(submitted('light'))).toBe(true)
  expect(made.add(working({ ...submitted('t0'), revision: 5 }, 1))).toBe(true)
  expect(made.add(heavy('more', MIB))).toBe(true)
  expect(made.add(heavy('more still', MIB))).toBe(false)
})

it('takes 10,000 tasks, whatever becomes of each', async () => {
  made = queue()
  for (let i = 0; i < 10_000; i += 1) expect(made.add(submitted(`t${i}`))).toBe(true)
  expect(made.add(submitted('one more'))).toBe(false)
  const newer = completed(working(submitted('t7'), 1), 2)
  expect(made.add(newer)).toBe(true)
  expect(made.pending(taskKey(newer))).toBe(newer)
})

it('always takes one', async () => {
  made = queue()
  expect(made.add(heavy('huge', 70 * MIB))).toBe(true)
  expect(made.add(submitted('light'))).toBe(false)
})
