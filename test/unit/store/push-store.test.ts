/** Webhooks of tasks, and the log of what was delivered. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import { openDatabase } from '../../../src/store/database.js'
import type { PushConfig, PushStore } from '../../../src/store/push-store.js'
import { openTaskStore } from '../../../src/store/sql-task-store.js'
import type { TaskStore } from '../../../src/store/task-store.js'
import { databaseKinds, type TestDatabase } from '../../support/databases.js'

const config = (id: string, more: Partial<PushConfig> = {}): PushConfig => ({
  config: { id, taskId: 't', url: `https://hooks.example/${id}` },
  owner: 'o',
  createdAt: 1,
  ...more,
})

describe.each(databaseKinds)('webhooks on $title', ({ missing, create }) => {
  if (missing) return it.skip('are kept', () => {})

  let database: TestDatabase
  let stores: TaskStore[]
  let push: PushStore

  beforeEach(async () => {
    database = await create()
    const open = () => openTaskStore(openDatabase(database.where, silentLogger), silentLogger)
    stores = [await open(), await open()]
    push = (stores[0] as TaskStore).push
  })

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await database.remove()
  })

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
      (stores[i % 2] as TaskStore).push.putConfig('k', config(`c${i}`), 5).catch(() => 'busy'),
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
})
