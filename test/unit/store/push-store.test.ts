/** Webhooks of tasks, and the log of what was delivered. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import { MemoryPushStore } from '../../../src/push/memory-push-store.js'
import { openDatabase } from '../../../src/store/database.js'
import type { PushConfig, PushStore } from '../../../src/store/push-store.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'

const config = (id: string, more: Partial<PushConfig> = {}): PushConfig => ({
  config: { id, taskId: 't', url: `https://hooks.example/${id}` },
  owner: 'o',
  version: '1.0',
  createdAt: 1,
  ...more,
})

/** Two processes that keep webhooks in one place. */
interface Place {
  readonly both: readonly [PushStore, PushStore]
  close(): Promise<void>
}

async function inDatabase(database: TestDatabase): Promise<Place> {
  const open = () => openTaskStore(openDatabase(database.where, silentLogger), silentLogger)
  const [one, other] = [await open(), await open()]
  return {
    both: [one.push, other.push],
    async close() {
      await Promise.all([one.close(), other.close()])
      await database.remove()
    },
  }
}

const places = [
  ...databaseKinds.map(({ title, missing, create }) => ({
    title,
    missing,
    open: async () => inDatabase(await create()),
  })),
  {
    title: 'memory',
    missing: undefined,
    async open(): Promise<Place> {
      const store = new MemoryPushStore()
      return { both: [store, store], close: async () => {} }
    },
  },
]

describe.each(places)('webhooks on $title', ({ missing, open }) => {
  // Postgres is not installed: the title says how, and CI requires it.
  if (missing) return it.skip('are kept', () => {})

  let place: Place
  let push: PushStore

  beforeEach(async () => {
    place = await open()
    push = place.both[0]
  })

  afterEach(() => place.close())

  it('are kept by task and id, with their secrets as they came, and found in order', async () => {
    expect(await push.putConfig('k', config('b', { sealed: 'x' }), 10)).toBe('created')
    expect(await push.putConfig('k', config('a'), 10)).toBe('created')
    expect(await push.putConfig('other', config('c'), 10)).toBe('created')
    expect(await push.configs('k', { limit: 10 })).toEqual([config('a'), config('b', { sealed: 'x' })])
    expect(await push.configs('k', { limit: 1 })).toEqual([config('a')])
    expect(await push.configs('k', { after: 'a', limit: 10 })).toEqual([config('b', { sealed: 'x' })])
    const changed = { ...config('a'), owner: 'o', config: { id: 'a', taskId: 't', url: 'https://new.example' } }
    expect(await push.putConfig('k', { ...changed, createdAt: 5 }, 2)).toBe('replaced')
    expect(await push.config('k', 'a')).toEqual(changed)
    expect(await push.deleteConfig('k', 'a')).toBe(true)
    expect(await push.deleteConfig('k', 'a')).toBe(false)
    expect(await push.config('k', 'a')).toBeUndefined()
  })

  it('are never more than allowed, whoever registers at once', async () => {
    const tries = Array.from({ length: 12 }, (_, i) =>
      (place.both[i % 2] as PushStore).putConfig('k', config(`c${i}`), 5).catch(() => 'busy'),
    )
    const outcomes = await Promise.all(tries)
    expect(outcomes.filter((outcome) => outcome === 'created').length).toBeLessThanOrEqual(5)
    for (let i = 0; i < 12; i += 1) await push.putConfig('k', config(`c${i}`), 5)
    expect(await push.configs('k', { limit: 100 })).toHaveLength(5)
  })

  it('can be switched off and on', async () => {
    await push.putConfig('k', config('a'), 10)
    await push.disableConfig('k', 'a', { at: 7, because: 'answered 410' })
    expect((await push.config('k', 'a'))?.disabled).toEqual({ at: 7, because: 'answered 410' })
    await push.disableConfig('k', 'a', undefined)
    expect(await push.config('k', 'a')).toEqual(config('a'))
  })

  it('have a log of deliveries and attempts, which is written once whatever is written again', async () => {
    for (const number of [1, 2, 3]) {
      const delivery = { id: `d${number}`, key: 'k', configId: 'a', number, body: `{"n":${number}}`, createdAt: number }
      await push.addDelivery(delivery)
      await push.addDelivery(delivery)
    }
    await push.addAttempt('d1', { attempt: 1, at: 10, took: 5, status: 500, cause: 'HTTP 500' }, 'pending')
    await push.addAttempt('d1', { attempt: 2, at: 20, took: 5, status: 200 }, 'delivered')
    await push.addAttempt('d1', { attempt: 1, at: 99, took: 5, status: 500 }, 'pending')
    expect(await push.delivery('d1')).toEqual({
      id: 'd1',
      key: 'k',
      configId: 'a',
      number: 1,
      state: 'delivered',
      body: '{"n":1}',
      attempts: 2,
      createdAt: 1,
      updatedAt: 20,
    })
    expect(await push.attempts('d1')).toEqual([
      { attempt: 1, at: 10, took: 5, status: 500, cause: 'HTTP 500' },
      { attempt: 2, at: 20, took: 5, status: 200 },
    ])
    const ids = async (options: { before?: number; limit: number }) =>
      (await push.deliveries('k', 'a', options)).map(({ id }) => id)
    expect(await ids({ limit: 2 })).toEqual(['d3', 'd2'])
    expect(await ids({ before: 2, limit: 2 })).toEqual(['d1'])
    expect(await push.forgetDeliveries(new Date(15), 10)).toBe(0)
    expect(await push.forgetDeliveries(new Date(1_000), 10)).toBe(1)
    expect(await push.attempts('d1')).toEqual([])
    expect(await ids({ limit: 10 })).toEqual(['d3', 'd2'])
  })

  it('of all tasks are found, those that were registered last first', async () => {
    await push.putConfig('k', config('a', { createdAt: 1 }), 10)
    await push.putConfig('other', config('b', { createdAt: 2 }), 10)
    await push.disableConfig('k', 'a', { at: 7, because: 'answered 410' })
    const ids = async (options: { disabledOnly?: boolean; limit: number }) =>
      (await push.latestConfigs(options)).map(({ key, config: { id } }) => `${key} ${id}`)
    expect(await ids({ limit: 10 })).toEqual(['other b', 'k a'])
    expect(await ids({ limit: 1 })).toEqual(['other b'])
    expect(await ids({ disabledOnly: true, limit: 10 })).toEqual(['k a'])
  })

  it('know since when every attempt has failed', async () => {
    const since = () => push.failingSince('k', 'a')
    expect(await since()).toBeUndefined()
    for (const number of [1, 2]) {
      await push.addDelivery({ id: `d${number}`, key: 'k', configId: 'a', number, body: '{}', createdAt: number })
    }
    expect(await since()).toBeUndefined()
    await push.addAttempt('d1', { attempt: 1, at: 10, took: 5, status: 500 }, 'pending')
    await push.addAttempt('d1', { attempt: 2, at: 20, took: 5, status: 500 }, 'pending')
    expect(await since()).toBe(10)
    await push.addAttempt('d1', { attempt: 3, at: 30, took: 5, status: 200 }, 'delivered')
    expect(await since()).toBeUndefined()
    await push.addAttempt('d2', { attempt: 1, at: 40, took: 5, status: 500 }, 'failed')
    expect(await since()).toBe(40)
  })
})
