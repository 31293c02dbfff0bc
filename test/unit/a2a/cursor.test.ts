import { describe, expect, it } from 'vitest'
import { compareCursors, follows, type Position, START } from '../../../src/a2a/cursor.js'
import { fc } from '../../support/property.js'

const at = (turn: number, attempt: number, seq: number, ended = false): Position => ({ turn, attempt, seq, ended })

describe('follows', () => {
  it.each([
    ['the first event of a task', START, at(1, 1, 1), true],
    ['the next event', at(1, 1, 3), at(1, 1, 4), true],
    ['an event after a gap', at(1, 1, 3), at(1, 1, 5), false],
    ['the same event', at(1, 1, 3), at(1, 1, 3), false],
    ['the first event of a new attempt', at(1, 1, 57), at(1, 2, 1), true],
    ['the first event of a much later attempt', at(1, 1, 57), at(1, 1_000_000, 1), true],
    ['a later event of a new attempt', at(1, 1, 57), at(1, 2, 2), false],
    ['an event of an attempt that was replaced', at(1, 2, 1), at(1, 1, 58), false],
    ['the next turn after an end', at(1, 2, 9, true), at(2, 1, 1), true],
    ['the next turn without an end', at(1, 2, 9), at(2, 1, 1), false],
    ['a turn after the next', at(1, 2, 9, true), at(3, 1, 1), false],
    ['the question of a turn that has ended once more', at(1, 1, 9, true), at(1, 1, 10), true],
    ['another attempt at a turn that has ended', at(1, 1, 9, true), at(1, 2, 1), false],
  ])('%s', (_, last, next, expected) => {
    expect(follows(last, next)).toBe(expected)
  })

  it('holds only for cursors that come later', () => {
    const cursor = fc.record({
      turn: fc.nat(3),
      attempt: fc.integer({ min: 1, max: 3 }),
      seq: fc.nat(3),
      ended: fc.boolean(),
    })
    fc.assert(
      fc.property(cursor, cursor, (last, next) => {
        if (follows(last, next)) expect(compareCursors(next, last)).toBeGreaterThan(0)
      }),
    )
  })
})
