/** The SDK's own heartbeat, which nobody can await, never replaces what was written after it. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DescribeService } from '../../../src/temporal/activities/describe-turn.js'
import { SignsOfLife } from '../../../src/temporal/activities/signs-of-life.js'
import { TURN_ACTIVITY } from '../../../src/temporal/names.js'
import { toPayloads } from '../../../src/temporal/payloads.js'

const WRITTEN = {
  format: 1,
  turn: 1,
  attempt: 1,
  seq: 0,
  artifacts: [],
  shown: [],
  decided: true,
  failures: 0,
  handovers: 0,
} as const

const TIMEOUT_MS = 6_000

/** A server on which the SDK's heartbeat arrives so late; never when that is undefined. */
function late(ms: number | undefined) {
  let details: unknown = WRITTEN
  let beats = 0
  let landed = false
  const rewrites: number[] = []
  const service: DescribeService = {
    describeWorkflowExecution: async () =>
      ({
        pendingActivities: [{ activityType: { name: TURN_ACTIVITY }, heartbeatDetails: toPayloads(details) }],
      }) as never,
  }
  const life = new SignsOfLife({
    context: {
      heartbeat(given) {
        beats += 1
        if (ms === undefined) return
        setTimeout(() => {
          details = given
          landed = true
        }, ms)
      },
    },
    heartbeatTimeoutMs: TIMEOUT_MS,
    turn: { service, namespace: 'default', execution: { workflowId: 'w', runId: 'r' } },
    rewrite: () => rewrites.push(performance.now()),
  })
  return { life, rewrites, landed: () => landed, beats: () => beats }
}

/** What is waited for, and when it was over. */
function timed(work: Promise<void>): { doneAt?: number } {
  const timing: { doneAt?: number } = {}
  void work.then(() => {
    timing.doneAt = performance.now()
  })
  return timing
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a sign of life', () => {
  it('lets nothing follow until the heartbeat has arrived', async () => {
    const { life, rewrites, landed } = late(600)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    const shown = timed(life.show(WRITTEN))
    await vi.advanceTimersByTimeAsync(599)
    expect([shown.doneAt, landed()]).toEqual([undefined, false])
    await vi.advanceTimersByTimeAsync(101)
    expect(shown.doneAt).toBeDefined()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(rewrites).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('comes once in a timeout', async () => {
    const { life, beats } = late(0)
    const begun = performance.now()
    for (const [atMs, expected] of [
      [0, 0],
      [TIMEOUT_MS - 1, 0],
      [TIMEOUT_MS, 1],
      [2 * TIMEOUT_MS - 1, 1],
      [2 * TIMEOUT_MS, 2],
    ] as const) {
      await vi.advanceTimersByTimeAsync(atMs - (performance.now() - begun))
      void life.show(WRITTEN)
      expect(beats(), `at ${atMs} ms`).toBe(expected)
    }
  })

  it('of which nothing is seen is written over three times, and holds nothing up for long', async () => {
    const { life, rewrites } = late(undefined)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    const begun = performance.now()
    const shown = timed(life.show(WRITTEN))
    await vi.advanceTimersByTimeAsync(60_000)
    const doneAt = shown.doneAt ?? Number.NaN
    expect(doneAt - begun).toBeGreaterThanOrEqual(2_000)
    expect(doneAt - begun).toBeLessThan(2_200)
    expect(rewrites.map((at) => at - doneAt)).toEqual([250, 1_000, 3_000])
  })

  it('is written over no more when the turn has ended', async () => {
    const { life, rewrites } = late(undefined)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    const shown = timed(life.show(WRITTEN))
    await vi.advanceTimersByTimeAsync(2_500)
    expect(shown.doneAt).toBeDefined()
    expect(rewrites).toHaveLength(1)
    life.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends with its turn', async () => {
    const { life, rewrites } = late(undefined)
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
    const shown = timed(life.show(WRITTEN))
    life.stop()
    await vi.advanceTimersByTimeAsync(0)
    expect(shown.doneAt).toBeDefined()
    expect(vi.getTimerCount()).toBe(0)
    expect(rewrites).toEqual([])
  })
})
