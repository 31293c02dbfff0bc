/** The store: idempotent, never backwards, exact in its order, and no worse for being behind. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { taskKey } from '../../../src/bus/live-event.js'
import { silentLogger } from '../../../src/internal/logger.js'
import { openDatabase } from '../../../src/store/database.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { Projection, TaskStore } from '../../../src/store/task-store.js'
import type { ListPlace, ListQuery } from '../../../src/task/list-query.js'
import { reduce } from '../../../src/task/reduce.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { withStanding } from '../../../src/task/turn-picture.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'
import { fc } from '../../support/property.js'
import { accepting, asking, completed, ended, FILTER, submitted, time, working } from '../../support/task-records.js'

const DIST = new URL('../../../dist/src/', import.meta.url).href

/** A second process on the same database; it runs the build. */
const OTHER_WRITER = `
  import { openDatabase } from '${DIST}store/database.js'
  import { openTaskStore } from '${DIST}store/sql-task-store.js'
  const quiet = { debug() {}, info() {}, warn() {}, error() {} }
  const store = await openTaskStore(openDatabase(process.argv[1], quiet), quiet)
  const record = JSON.parse(process.argv[2])
  for (let i = 0; i < 300; i += 1) {
    store.project({ ...record, taskId: 'b' + i })
    if (i % 10 === 0) await store.flush().catch(() => {})
  }
  for (;;) if (await store.flush().then(() => true, () => false)) break
  await store.close()
`

/** As it is while its turn has come so far. */
function standing(
  record: TaskRecord,
  seq: number,
  state: 'TASK_STATE_WORKING' | 'TASK_STATE_AUTH_REQUIRED',
): TaskRecord {
  const { turn } = record.position
  const status = { state, timestamp: time(seq) }
  return withStanding(record, { turn, attempt: 1, seq, artifacts: [], status })
}

/** As it comes with a turn whose handler does not see the first message. */
function withoutFirst(record: TaskRecord): Projection {
  const [{ parts: _, ...first } = {}, ...rest] = record.task.history ?? []
  return { ...record, task: { ...record.task, history: [first, ...rest] }, unseen: { count: 1 } }
}

describe.each(databaseKinds)('on $title', ({ missing, create }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('the store', () => {})

  let database: TestDatabase
  let store: TaskStore
  const open = () => openTaskStore(openDatabase(database.where, silentLogger), silentLogger)

  beforeEach(async () => {
    database = await create()
    store = await open()
  })

  afterEach(async () => {
    await store.close()
    await database.remove()
  })

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
      expect(tasks).toEqual([third.task])
      expect(await store.ended(taskKey(first))).toEqual(third)
    })

    it('goes by the place of a running turn for how it stands, and by revision for the rest, in any order', async () => {
      const begun = working(submitted('t'), 1)
      const waiting = standing(begun, 3, 'TASK_STATE_AUTH_REQUIRED')
      const again = standing(begun, 5, 'TASK_STATE_WORKING')
      const more = accepting(begun, 'more')
      const states = [begun, waiting, again, more]
      for (const order of [
        [0, 1, 2, 3],
        [0, 1, 3],
        [3, 1],
        [1, 3, 0],
        [2, 1, 3],
        [3, 2, 1, 0],
      ]) {
        for (const together of [true, false]) {
          const taskId = `t${order.join('')}${together}`
          for (const which of order) {
            store.project({ ...(states[which] as Projection), taskId })
            if (!together) await store.flush()
          }
          const found = (await page()).tasks.find(({ id }) => id === taskId)
          const expected = order.includes(2) ? again : waiting
          expect([order, together, found?.status]).toEqual([order, together, expected.task.status])
          expect([order, found?.history?.length]).toEqual([order, order.includes(3) ? 2 : 1])
          const over = completed(more, 9)
          for (const each of [over, again]) store.project({ ...each, taskId })
          await store.flush()
          store.project({ ...waiting, taskId })
          await store.flush()
          expect((await page()).tasks.map(({ status }) => status)).toEqual([over.task.status])
          await store.reconciliation.forget(taskKey({ ...FILTER, taskId }))
        }
      }
    })

    it('makes one row of the same state written twice', async () => {
      const record = ended('t')
      store.project(record)
      await store.flush()
      store.project(record)
      expect((await page()).totalSize).toBe(1)
    })

    it('shows an ended task before it is written', async () => {
      const record = ended('t')
      store.project(record)
      expect(await store.ended(taskKey(record))).toMatchObject({ task: record.task })
    })

    it('keeps all of a long history, and artifacts as they were last', async () => {
      let record = asking(working(submitted('t'), 1), 2)
      store.project(record)
      for (let i = 3; i < 9; i += 2) {
        await store.flush()
        record = asking(working(accepting(record, `answer ${i}`), i), i + 1)
        store.project(record)
      }
      record = completed(working(accepting(record, 'last'), 20), 21)
      store.project(record)
      await store.flush()
      expect(await store.ended(taskKey(record))).toMatchObject({ task: record.task })
    })

    it('never takes messages without their parts for what was said', async () => {
      const answered = working(accepting(asking(working(submitted('t'), 1), 2), 'which'), 3)
      store.project(withoutFirst(answered))
      await store.flush()
      expect((await page()).totalSize).toBe(0)
      const record = completed(answered, 4)
      store.project(record)
      await store.flush()
      expect(await store.ended(taskKey(record))).toMatchObject({ task: record.task })
    })

    it('shows a turn that has begun, whatever of the conversation came with it', async () => {
      const asked = asking(working(submitted('t'), 1), 2)
      store.project(asked)
      await store.flush()
      const answered = working(accepting(asked, 'which'), 3)
      store.project(withoutFirst(answered))
      await store.flush()
      const { tasks } = await page()
      expect(tasks).toMatchObject([{ status: { state: 'TASK_STATE_WORKING' }, history: answered.task.history }])
    })

    it('is still there after a restart', async () => {
      store.project(ended('t'))
      await store.close()
      store = await open()
      expect((await page()).totalSize).toBe(1)
    })

    it('takes every text that a task may hold', async () => {
      const text = 'a\u0000b \ud800 \u{1f600} \u2028 "\\ \'; drop table task; --'
      const base = working(submitted('t'), 1)
      const result = {
        attempt: 1,
        seq: 2,
        state: 'TASK_STATE_COMPLETED' as const,
        artifacts: [{ artifactId: 'x', name: text, parts: [{ text }, { data: { [text]: text } }] }],
      }
      const record = reduce(base, { type: 'turnEnded', result, at: time(2) })
      store.project(record)
      await store.flush()
      expect((await store.ended(taskKey(record)))?.task).toEqual(record.task)
    })

    it('lets two processes write at once', async () => {
      const args = [database.where, JSON.stringify(submitted('b'))]
      const other = execFile(process.execPath, ['--input-type=module', '-e', OTHER_WRITER, ...args])
      for (let i = 0; i < 300; i += 1) {
        store.project(submitted(`a${i}`, i))
        if (i % 10 === 0) await store.flush().catch(() => {})
      }
      await once(other, 'close')
      expect(other.exitCode).toBe(0)
      expect((await page()).totalSize).toBe(600)
    }, 60_000)

    it('leaves out a task that was answered with a message', async () => {
      const record = working(submitted('t'), 1)
      const answer = { messageId: 'r', role: 'ROLE_AGENT' as const, parts: [{ text: 'hi' }] }
      const result = { attempt: 1, seq: 0, state: 'TASK_STATE_COMPLETED' as const, artifacts: [], answer }
      store.project(reduce(record, { type: 'turnEnded', result, at: time(2) }))
      expect(await page()).toEqual({ tasks: [], totalSize: 0 })
      expect((await store.ended(taskKey(record)))?.answer).toEqual(answer)
    })

    it('does not let a task that the database refuses hold up the others', async () => {
      const odd = submitted('odd')
      store.project({ ...odd, owner: null as never })
      for (let i = 0; i < 5; i += 1) store.project(submitted(`t${i}`, i))
      await store.flush()
      expect((await page()).totalSize).toBe(5)
    })
  })

  describe('list', () => {
    async function walk(query: Partial<ListQuery>, between: () => void): Promise<string[]> {
      const ids: string[] = []
      let after: ListPlace | undefined
      do {
        const next = await page({ ...query, ...(after === undefined ? {} : { after }) })
        ids.push(...next.tasks.map(({ id }) => id ?? ''))
        after = next.next
        between()
      } while (after !== undefined)
      return ids
    }

    it('orders by status time and then by id, and walks each task once', async () => {
      for (let i = 0; i < 25; i += 1) store.project(submitted(`t${String(i).padStart(2, '0')}`, Math.floor(i / 5)))
      const ids = await walk({ pageSize: 7 }, () => {})
      expect(ids).toEqual(Array.from({ length: 25 }, (_, i) => `t${String(24 - i).padStart(2, '0')}`))
    })

    it('orders ids byte by byte, whatever the language of the database', async () => {
      for (const id of ['a', 'B', '_', '-', 'Z', 'z', '~', '1']) store.project(submitted(id))
      expect(await walk({ pageSize: 3 }, () => {})).toEqual(['~', 'z', 'a', '_', 'Z', 'B', '1', '-'])
    })

    it('sees each of 10,000 tasks exactly once while all of them change and others come', async () => {
      const count = 10_000
      const records = Array.from({ length: count }, (_, i) => submitted(`t${i}`, i % 997))
      for (const record of records) store.project(record)
      await flushed()
      let clock = 10_000
      let turn = 0
      const ids = await walk({ pageSize: 100 }, () => {
        turn += 1
        for (let i = turn * 143; i < (turn + 1) * 143; i += 1) {
          clock += 1
          const place = (i * 31) % count
          const record = records[place] as TaskRecord
          // Some clocks are wrong: a task may as well move back.
          const at = i % 3 === 0 ? (clock * 7) % 997 : clock
          const next = record.position.turn === 0 ? working(record, at) : completed(record, at)
          records[place] = next
          store.project(next)
        }
        store.project(submitted(`new${turn}`, clock))
      })
      expect(ids.length).toBe(count)
      expect(new Set(ids).size).toBe(count)
      expect(records.filter(({ revision }) => revision > 1).length).toBe(count)
      expect(ids.filter((id) => id.startsWith('new'))).toEqual([])
    }, 120_000)

    async function flushed(): Promise<void> {
      for (;;) {
        if (
          await store.flush().then(
            () => true,
            () => false,
          )
        )
          return
      }
    }

    it('filters by context, state and time, and counts what it filters', async () => {
      store.project(submitted('a', 1, 'one'))
      store.project(working(submitted('b', 2, 'one'), 5))
      store.project(submitted('c', 3, 'two'))
      const found = async (filter: object) => {
        const { tasks, totalSize } = await page({ filter: { ...FILTER, ...filter } })
        expect(totalSize).toBe(tasks.length)
        return tasks.map(({ id }) => id).join('')
      }
      expect(await found({})).toBe('bca')
      expect(await found({ contextId: 'one' })).toBe('ba')
      expect(await found({ contextId: 'none' })).toBe('')
      expect(await found({ state: 'TASK_STATE_WORKING' })).toBe('b')
      expect(await found({ state: 'TASK_STATE_SUBMITTED', contextId: 'one' })).toBe('a')
      expect(await found({ statusTimeFrom: Date.parse(time(3)) })).toBe('bc')
      expect(await found({ statusTimeFrom: Date.parse(time(3)), state: 'TASK_STATE_SUBMITTED' })).toBe('c')
    })

    it('shows as much history as was asked for, and artifacts when they were', async () => {
      const record = asking(working(accepting(asking(working(submitted('t'), 1), 2), 'second'), 3), 4)
      store.project(record)
      store.project(ended('u', 9))
      const [, task] = (await page({ historyLength: 2 })).tasks
      expect(task?.history).toEqual(record.task.history?.slice(-2))
      expect(task).not.toHaveProperty('artifacts')
      expect((await page({ historyLength: 0 })).tasks.some((each) => 'history' in each)).toBe(false)
      const full = (await page({ includeArtifacts: true })).tasks
      expect(full.map(({ artifacts }) => artifacts?.length)).toEqual([1, 0])
      expect(full[1]?.history).toEqual(record.task.history)
    })

    it('keeps owners, agents and tenants apart', async () => {
      for (const change of [{}, { owner: 'p' }, { agentId: 'b' }, { tenant: 'x' }]) {
        store.project({ ...submitted(`t${JSON.stringify(change).length}`), ...change })
      }
      expect((await page()).totalSize).toBe(1)
      expect((await page({ filter: { ...FILTER, owner: 'p' } })).totalSize).toBe(1)
    })

    it('gives nobody anything for a filter that was made to', async () => {
      store.project(submitted('mine'))
      await store.flush()
      const hostile = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom("' or 1=1 --", '"; drop table task; --', '%', '_', '*', "c'||'", '\\'),
      )
      await fc.assert(
        fc.asyncProperty(hostile, fc.constantFrom('contextId', 'owner', 'tenant', 'agentId'), async (text, field) => {
          fc.pre(text !== (FILTER as Record<string, string>)[field] && text !== 'c' && !text.includes('\u0000'))
          expect(await page({ filter: { ...FILTER, [field]: text } })).toEqual({ tasks: [], totalSize: 0 })
        }),
        { numRuns: 300 },
      )
      expect((await page()).totalSize).toBe(1)
    })

    it('counts right whatever happened', async () => {
      const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 })), {
        maxLength: 40,
      })
      let round = 0
      await fc.assert(
        fc.asyncProperty(steps, async (moves) => {
          round += 1
          const filter = { ...FILTER, owner: `o${round}` }
          const states = new Map<string, TaskRecord[]>()
          for (const [which, state] of moves) {
            const first = { ...submitted(`t${round}-${which}`), owner: filter.owner }
            const second = working(first, 1)
            const all = [first, second, asking(second, 2), completed(second, 2)]
            const record = all[state] as TaskRecord
            states.set(record.taskId, [...(states.get(record.taskId) ?? []), record])
            store.project(record)
            if (state === 1) await store.flush()
          }
          const { totalSize, tasks } = await page({ filter, pageSize: 100 })
          expect(totalSize).toBe(states.size)
          for (const state of ['SUBMITTED', 'WORKING', 'INPUT_REQUIRED', 'COMPLETED']) {
            const inState = tasks.filter(({ status }) => status?.state === `TASK_STATE_${state}`).length
            expect((await page({ filter: { ...filter, state: `TASK_STATE_${state}` as never } })).totalSize).toBe(
              inState,
            )
          }
        }),
        { numRuns: 25 },
      )
    })
  })
})
