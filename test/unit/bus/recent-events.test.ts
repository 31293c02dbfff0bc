/** What a reader who comes back is given: exactly what it missed, or nothing; within fixed bounds. */

import { describe, expect, it } from 'vitest'
import { compareCursors, follows, type Position, START } from '../../../src/a2a/cursor.js'
import type { LiveEvent } from '../../../src/bus/live-event.js'
import { RecentEvents } from '../../../src/bus/recent-events.js'
import { fc } from '../../support/property.js'

const LIMITS = { maxEventsPerTask: 10, maxBytesPerTask: 100_000, maxBytes: 1_000_000 }

function event(place: Position, key = 'k', bytes = 10): LiveEvent {
  const { turn, attempt, seq, ended } = place
  return { key, cursor: { turn, attempt, seq }, kind: ended ? 'end' : seq === 1 ? 'begin' : 'update', event: {}, bytes }
}

/** Lives of a task: turns of one or more attempts, each but the last of a turn cut off somewhere. */
const life = fc
  .array(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .map((turns) =>
    turns.flatMap((attempts, t) =>
      attempts.flatMap((events, a) =>
        Array.from({ length: events + 1 }, (_, i) => ({
          turn: t + 1,
          attempt: a + 1,
          seq: i + 1,
          ended: a === attempts.length - 1 && i === events,
        })),
      ),
    ),
  )

describe('recent events', () => {
  it('are all that came after a place, without a gap, or none', () => {
    fc.assert(
      fc.property(life, fc.nat(), (places, at) => {
        const recent = new RecentEvents(LIMITS)
        for (const place of places) recent.add(event(place))
        const all = [START, ...places]
        const index = at % all.length
        const missed = recent.after('k', all[index] as Position)
        const expected = places.slice(index)
        if (expected.length <= LIMITS.maxEventsPerTask) {
          expect(missed.map(({ cursor }) => cursor)).toEqual(expected.map(({ ended: _, ...cursor }) => cursor))
        } else {
          expect(missed.length).toBeLessThanOrEqual(LIMITS.maxEventsPerTask)
          let last = all[index] as Position
          for (const { cursor, kind } of missed) {
            expect(follows(last, cursor)).toBe(true)
            last = { ...cursor, ended: kind === 'end' }
          }
        }
      }),
    )
  })

  it('take nothing that is told twice or comes from an attempt that was replaced', () => {
    const recent = new RecentEvents(LIMITS)
    const second = { turn: 1, attempt: 2, seq: 1, ended: false }
    for (const place of [second, { ...second, attempt: 1, seq: 9 }, second]) recent.add(event(place))
    for (const place of [START, { turn: 1, attempt: 1, seq: 4, ended: false }]) {
      expect(recent.after('k', place).map(({ cursor }) => compareCursors(cursor, second))).toEqual([0])
    }
  })

  it('stay within the bounds of a task and of the process, and let the quietest task go first', () => {
    const recent = new RecentEvents({ maxEventsPerTask: 100, maxBytesPerTask: 20_000, maxBytes: 60_000 })
    for (let key = 0; key < 50; key += 1) {
      for (let seq = 1; seq <= 100; seq += 1) {
        recent.add(event({ turn: 1, attempt: 1, seq, ended: false }, `k${key}`, 600))
        expect(recent.size).toBeLessThanOrEqual(60_000)
      }
    }
    const place = { turn: 1, attempt: 1, seq: 99, ended: false }
    expect(recent.after('k49', place)).toHaveLength(1)
    expect(recent.after('k0', place)).toHaveLength(0)
    recent.add(event({ turn: 1, attempt: 1, seq: 1, ended: false }, 'large', 10_000_000))
    expect(recent.size).toBeLessThanOrEqual(60_000)
  })
})
