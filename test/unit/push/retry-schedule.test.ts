import { describe, expect, it } from 'vitest'
import { JITTER, MAX_RETRY_AFTER_MS, nextAttemptMs, RETRY_SCHEDULE_MS } from '../../../src/push/retry-schedule.js'
import { fc } from '../../support/property.js'

const HOUR = 3_600_000
const attempt = fc.integer({ min: 1, max: RETRY_SCHEDULE_MS.length - 1 })
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

/** All pauses of a delivery that never succeeds. */
function pauses(at: (failed: number) => number, retryAfterMs?: number): number[] {
  const found: number[] = []
  for (let failed = 1; ; failed++) {
    const pause = nextAttemptMs(failed, at(failed), retryAfterMs)
    if (pause === undefined) return found
    found.push(pause)
  }
}

describe('the schedule', () => {
  it('makes ten attempts within 75 h 35 min, give or take the jitter', () => {
    const middle = pauses(() => 0.5)
    expect(middle).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map((s) => s * 1_000))
    expect(RETRY_SCHEDULE_MS).toEqual([0, ...middle])
    const sum = (numbers: number[]) => numbers.reduce((total, ms) => total + ms, 0)
    expect(sum(middle)).toBe(75 * HOUR + 35 * 60_000 + 5_000)
    expect(sum(pauses(() => 0))).toBeGreaterThan(60 * HOUR)
    expect(sum(pauses(() => 0.999))).toBeLessThan(91 * HOUR)
  })

  it('varies each pause by no more than the jitter, and not when it is asked twice', () => {
    fc.assert(
      fc.property(attempt, random, (failed, at) => {
        const pause = nextAttemptMs(failed, at) ?? Number.NaN
        const plain = RETRY_SCHEDULE_MS[failed] ?? Number.NaN
        expect(pause).toBeGreaterThanOrEqual(plain * (1 - JITTER))
        expect(pause).toBeLessThanOrEqual(Math.ceil(plain * (1 + JITTER)))
        expect(nextAttemptMs(failed, at)).toBe(pause)
      }),
    )
  })

  it('is never earlier than the receiver has asked, nor than it would be anyway, and never waits for years', () => {
    fc.assert(
      fc.property(attempt, random, fc.integer({ min: 0, max: 2 ** 40 }), (failed, at, asked) => {
        const pause = nextAttemptMs(failed, at, asked) ?? Number.NaN
        expect(pause).toBeGreaterThanOrEqual(Math.min(asked, MAX_RETRY_AFTER_MS))
        expect(pause).toBeGreaterThanOrEqual(nextAttemptMs(failed, at) ?? Number.NaN)
        expect(pause).toBeLessThanOrEqual(Math.ceil(24 * HOUR * (1 + JITTER)))
        expect(Number.isSafeInteger(pause)).toBe(true)
      }),
    )
  })

  it('ends, whatever a receiver asks', () => {
    fc.assert(
      fc.property(fc.integer({ min: RETRY_SCHEDULE_MS.length }), random, fc.nat(), (failed, at, asked) => {
        expect(nextAttemptMs(failed, at, asked)).toBeUndefined()
      }),
    )
  })
})
