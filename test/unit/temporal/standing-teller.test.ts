/** What webhooks are told of a turn that runs: as often as it takes, and only while it runs. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import type { RecordOptions } from '../../../src/push/record-deliveries.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import type { TurnStanding } from '../../../src/task/turn-picture.js'
import type { WebhookEvents } from '../../../src/task/webhook-events.js'
import { StandingTeller } from '../../../src/temporal/standing-teller.js'
import { completed, submitted, working } from '../../support/task-records.js'

const BEGUN = working(submitted('t'), 1)

function standing(state: 'TASK_STATE_AUTH_REQUIRED' | 'TASK_STATE_WORKING', seq: number): TurnStanding {
  return { turn: 1, attempt: 1, seq, artifacts: [], status: { state, timestamp: '2026-01-01T00:00:00.000Z' } }
}

function teller({ record = BEGUN, events = 'states' }: { record?: TaskRecord; events?: WebhookEvents } = {}) {
  const told: string[] = []
  const failures: Error[] = []
  const webhook = { config: { id: 'w', url: 'https://example.com' }, owner: 'o', version: '1.0', createdAt: 0 }
  const store = {
    async configs() {
      const failure = failures.shift()
      if (failure !== undefined) throw failure
      return [webhook]
    },
    async addDelivery({ body }: { body: string }) {
      told.push(JSON.parse(body).statusUpdate.status.state)
    },
  }
  const queue = { add: async () => {}, wake: async () => {} }
  const recording = { store, queue, clock: { now: () => 0 } } as unknown as RecordOptions
  const made = new StandingTeller({
    reader: { record: async () => record },
    record: recording,
    events,
    logger: silentLogger,
  })
  return { made, told, failures }
}

describe('a task that waits while its handler goes on', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('is told, and that it works again only to who wants all', async () => {
    for (const [events, states] of [
      ['states', ['TASK_STATE_AUTH_REQUIRED']],
      ['all', ['TASK_STATE_AUTH_REQUIRED', 'TASK_STATE_WORKING']],
    ] as const) {
      const { made, told } = teller({ events })
      made.tell(BEGUN, standing('TASK_STATE_AUTH_REQUIRED', 2))
      made.tell(BEGUN, standing('TASK_STATE_WORKING', 3))
      await vi.advanceTimersByTimeAsync(0)
      expect(told).toEqual(states)
    }
  })

  it('is told later when the store does not answer', async () => {
    const { made, told, failures } = teller()
    failures.push(new Error('away'), new Error('away'))
    made.tell(BEGUN, standing('TASK_STATE_AUTH_REQUIRED', 2))
    await vi.advanceTimersByTimeAsync(2_000)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(told).toEqual(['TASK_STATE_AUTH_REQUIRED'])
  })

  it('is not told when its turn is over, whose end is told by its workflow', async () => {
    const { made, told } = teller({ record: completed(BEGUN, 2) })
    made.tell(BEGUN, standing('TASK_STATE_AUTH_REQUIRED', 2))
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual([])
  })

  it('holds up nobody who stops', async () => {
    const { made, told, failures } = teller()
    failures.push(...Array.from({ length: 30 }, () => new Error('away')))
    made.tell(BEGUN, standing('TASK_STATE_AUTH_REQUIRED', 2))
    await vi.advanceTimersByTimeAsync(0)
    await made.stop()
    expect(told).toEqual([])
  })
})
