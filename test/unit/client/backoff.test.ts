/** When a client tries again. */
import { describe, expect, it } from 'vitest'
import { Backoff } from '../../../src/client/backoff.js'

const OPTIONS = { initialMs: 100, maxMs: 1_000, giveUpMs: 10_000 }

describe('a backoff', () => {
  it('doubles up to its bound, between half and all of the pause', () => {
    const pauses = (random: number) => {
      const backoff = new Backoff(OPTIONS, () => random)
      return [1, 2, 3, 4, 5, 6].map(() => backoff.next(0, 0))
    }
    expect(pauses(0)).toEqual([50, 100, 200, 400, 500, 500])
    expect(pauses(1)).toEqual([100, 200, 400, 800, 1_000, 1_000])
  })

  it('never comes before the peer wants it', () => {
    expect(new Backoff(OPTIONS, () => 1).next(3_000, 0)).toBe(3_000)
  })

  it('gives up after so long without success, and not for a pause that would be too long', () => {
    const backoff = new Backoff(OPTIONS, () => 1)
    expect(backoff.next(0, 0)).toBe(100)
    expect(backoff.next(0, 9_000)).toBe(200)
    expect(backoff.next(0, 9_900)).toBeUndefined()
    backoff.reset()
    expect(backoff.next(0, 20_000)).toBe(100)
    expect(backoff.next(20_000, 20_000)).toBeUndefined()
    expect(new Backoff({ ...OPTIONS, giveUpMs: 0 }).next(0, 0)).toBeUndefined()
  })

  it('does not give up where the peer answers, and takes longer pauses all the same', () => {
    const backoff = new Backoff(OPTIONS, () => 1)
    const pauses = [0, 9_000, 18_000, 27_000, 36_000].map((now) => {
      backoff.worked()
      return backoff.next(0, now)
    })
    expect(pauses).toEqual([100, 200, 400, 800, 1_000])
  })
})
