/** Deliveries to one webhook on a made clock: the schedule, what receivers say, order, giving up, delivering again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/internal/logger.js'
import { memoryWebhooks } from '../../../src/process/memory-webhooks.js'
import type { WebhookSender } from '../../../src/push/send-webhook.js'
import type { WebhookAnswer } from '../../../src/push/webhook-answer.js'
import type { TaskRecord } from '../../../src/task/task-record.js'
import { newTaskRecord } from '../../../src/task/task-record.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.parse('2026-01-01T00:00:00Z')

const task = { tenant: '', agentId: 'a', taskId: 't' }
const down: WebhookAnswer = { kind: 'retry', cause: 'connection-refused', tookMs: 1 }
const ok: WebhookAnswer = { kind: 'delivered', status: 204, tookMs: 1 }

interface Sent {
  readonly at: number
  readonly id: string
  readonly turn: number
}

describe('deliveries to a webhook', () => {
  let clock: VirtualClock
  let sent: Sent[]
  let answer: (request: Sent) => WebhookAnswer
  let hooks: ReturnType<typeof memoryWebhooks>

  beforeEach(async () => {
    clock = new VirtualClock(START)
    sent = []
    answer = () => ok
    const sender: WebhookSender = {
      async send({ headers, body }) {
        const turn = Number(JSON.parse(body).statusUpdate.status.message.messageId)
        const request = { at: clock.now() - START, id: headers['webhook-id'] ?? '', turn }
        sent.push(request)
        return answer(request)
      },
    }
    const settings = { allow: ['127.0.0.1'] }
    hooks = memoryWebhooks({ settings, secret: new Uint8Array(32), logger: silentLogger, clock, sender })
    const config = { id: 'w', taskId: 't', url: 'http://127.0.0.1/hook' }
    await hooks.webhooks.put(task, { config, owner: 'o', version: '1.0' })
  })

  afterEach(() => hooks.stop())

  /** The task comes to the end of a turn. */
  async function reach(turn: number): Promise<void> {
    const message = { messageId: 'm', parts: [] }
    const begun = newTaskRecord({ ...task, owner: 'o', contextId: 'c', message, params: {}, at: '' })
    const record: TaskRecord = {
      ...begun,
      revision: turn * 3,
      position: { turn, attempt: 1, seq: 1, ended: true },
      task: {
        ...begun.task,
        status: { state: 'TASK_STATE_INPUT_REQUIRED', message: { messageId: String(turn), parts: [] } },
      },
    }
    await hooks.tellWebhooks({ record, artifactsBefore: [] }, 'states')
    await rest()
  }

  async function rest(): Promise<void> {
    for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve))
  }

  /** Lets so much time go by. */
  async function pass(ms: number): Promise<void> {
    const until = clock.now() + ms
    while (clock.next(until)) await rest()
    clock.set(until)
  }

  const log = () => hooks.log.log(task, 'w')

  it('follow a receiver that is down for six hours, in order, each under its own id', async () => {
    answer = ({ at }) => (at < 6 * HOUR ? down : ok)
    for (let turn = 1; turn <= 5; turn += 1) await reach(turn)
    await pass(12 * HOUR)
    const delivered = sent.filter(({ at }) => at >= 6 * HOUR)
    expect(delivered.map(({ turn }) => turn)).toEqual([1, 2, 3, 4, 5])
    expect(new Set(delivered.map(({ id }) => id)).size).toBe(5)
    expect(new Set(sent.filter(({ turn }) => turn === 1).map(({ id }) => id)).size).toBe(1)
    expect(sent.filter(({ turn }) => turn > 1)).toHaveLength(4)
    const logged = await log()
    expect(logged.map(({ state }) => state)).toEqual(Array(5).fill('delivered'))
    expect(logged[4]?.tries.at(-1)).toMatchObject({ status: 204 })
    expect(logged[4]?.tries[0]?.cause).toMatch(/refuses connections/)
  })

  it('keep the schedule of 75 h 35 min within its jitter, and are then given up for the next', async () => {
    answer = ({ turn }) => (turn === 1 ? down : ok)
    await reach(1)
    await reach(2)
    await pass(100 * HOUR)
    const tries = sent.filter(({ turn }) => turn === 1)
    const pauses = tries.slice(1).map(({ at }, i) => at - (tries[i]?.at ?? 0))
    const schedule = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, ...[2, 5, 10, 14, 20, 24].map((h) => h * HOUR)]
    expect(pauses).toHaveLength(schedule.length)
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual((schedule[i] ?? 0) * 0.8)
      expect(pause).toBeLessThanOrEqual((schedule[i] ?? 0) * 1.2 + 1)
    }
    expect((await log()).map(({ state, attempts }) => [state, attempts])).toEqual([
      ['delivered', 1],
      ['failed', 10],
    ])
  })

  it('wait as long as a receiver asks', async () => {
    let first = true
    answer = () => {
      if (!first) return ok
      first = false
      return { kind: 'retry', cause: 'status', status: 429, retryAfterMs: 7 * MINUTE, tookMs: 1 }
    }
    await reach(1)
    await pass(HOUR)
    expect(sent).toHaveLength(2)
    expect(sent[1]?.at).toBeGreaterThanOrEqual(7 * MINUTE)
    expect(sent[1]?.at).toBeLessThanOrEqual(7 * MINUTE * 1.2 + 1)
  })

  it('do not count while too much is sent to the host', async () => {
    let held = 20
    answer = () => {
      held -= 1
      return held >= 0 ? { kind: 'held', cause: 'busy', retryAfterMs: SECOND, tookMs: 0 } : ok
    }
    await reach(1)
    await pass(HOUR)
    expect((await log())[0]).toMatchObject({ state: 'delivered', attempts: 1 })
  })

  it('end with 410, until somebody delivers again', async () => {
    answer = () => ({ kind: 'gone', cause: 'gone', status: 410, tookMs: 1 })
    await reach(1)
    await reach(2)
    await pass(DAY)
    expect(sent).toHaveLength(1)
    const [webhook] = await hooks.log.list({ disabledOnly: true })
    expect(webhook?.disabled?.because).toMatch(/410/)
    expect((await log()).map(({ state }) => state)).toEqual(['failed', 'failed'])
    answer = () => ok
    expect(await hooks.log.redeliver(task, 'w')).toBe(2)
    await rest()
    expect(sent.slice(1).map(({ turn }) => turn)).toEqual([1, 2])
    expect(await hooks.log.list({ disabledOnly: true })).toEqual([])
    expect((await log()).map(({ state }) => state)).toEqual(['delivered', 'delivered'])
    expect(await hooks.log.redeliver(task, 'w')).toBe(0)
    await hooks.log.redeliver(task, 'w', { deliveryId: sent[0]?.id ?? '' })
    await rest()
    expect(sent.slice(3).map(({ id }) => id)).toEqual([sent[0]?.id])
  })

  it('end after five days of failures only', async () => {
    answer = () => down
    await reach(1)
    await reach(2)
    await pass(10 * DAY)
    const last = sent.at(-1)?.at ?? 0
    expect(last).toBeGreaterThanOrEqual(5 * DAY)
    const [webhook] = await hooks.log.list({ disabledOnly: true })
    expect(webhook?.disabled?.because).toMatch(/five days/)
    const count = sent.length
    await reach(3)
    await pass(10 * DAY)
    expect(sent).toHaveLength(count)
    expect((await log())[0]).toMatchObject({ state: 'failed' })
  })

  it('end when the webhook is deleted, also while the next attempt is waited for', async () => {
    answer = () => down
    await reach(1)
    await hooks.webhooks.remove(task, 'w')
    await pass(10 * DAY)
    expect(sent).toHaveLength(1)
    expect((await log())[0]?.tries.at(-1)?.cause).toMatch(/deleted/)
  })

  it('are made at once when the webhook is replaced', async () => {
    answer = () => down
    await reach(1)
    await pass(10 * MINUTE)
    answer = () => ok
    const config = { id: 'w', taskId: 't', url: 'http://127.0.0.1/other' }
    const before = sent.length
    await hooks.webhooks.put(task, { config, owner: 'o', version: '1.0' })
    await rest()
    expect(sent).toHaveLength(before + 1)
    expect((await log())[0]?.state).toBe('delivered')
  })

  it('of a state that is told twice are made once', async () => {
    await reach(1)
    await reach(1)
    expect(sent).toHaveLength(1)
  })
})
