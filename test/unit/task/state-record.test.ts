/** The state machine behind `ctx.state`: any order of turns, against a model that does one after the other. */

import { describe, expect, it } from 'vitest'
import {
  changeState,
  deltaBetween,
  NO_STATE,
  STATE_LIMITS,
  type StateChange,
  type StateRecord,
  type StateValues,
  sizeProblem,
  turnKey,
  verdict,
  withDelta,
} from '../../../src/task/state-record.js'
import { fc } from '../../support/property.js'

const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown)
const values = fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', '__proto__', 'constructor'), fc.string()), json, {
  maxKeys: 6,
})
const NOW = 1_700_000_000_000

/** A change as a home of state makes it. */
function attempt(record: StateRecord, change: StateChange, now: number): [StateRecord, ReturnType<typeof verdict>] {
  const answer = verdict(record, change, now)
  return [answer === 'apply' ? changeState(record, change, now) : record, answer]
}

describe('a delta', () => {
  it('leads from one to the other, and is none between equals', () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        const delta = deltaBetween(before, after)
        expect(withDelta(before, delta ?? { set: {}, deleted: [] })).toEqual(after)
        expect(deltaBetween(after, JSON.parse(JSON.stringify(after)) as StateValues)).toBeUndefined()
      }),
    )
  })
})

/** What some turn does next; turns run beside each other. */
type Action =
  | { readonly kind: 'read' | 'commit' | 'repeat' | 'hold' | 'release'; readonly turn: number }
  | { readonly kind: 'wait'; readonly ms: number }

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('read', 'commit', 'repeat', 'hold', 'release'),
    turn: fc.nat(4),
  }) as fc.Arbitrary<Action>,
  fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(20_000) }),
)

describe('state that turns count in', () => {
  it('counts every turn that was told so, once', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        let record: StateRecord = NO_STATE
        let now = NOW
        let counted = 0
        const versions = [record.version]
        const read = new Map<number, StateRecord>()
        const kept = new Map<number, StateChange>()
        for (const next of actions) {
          if (next.kind === 'wait') {
            now += next.ms
            continue
          }
          const { turn } = next
          const key = `task-${turn}/1`
          const holder = record.held !== undefined && record.held.untilMs > now ? record.held.turn : undefined
          if (next.kind === 'read') {
            read.set(turn, record)
          } else if (next.kind === 'hold' || next.kind === 'release') {
            const [after, answer] = attempt(record, { type: next.kind, turn: key }, now)
            if (next.kind === 'hold' && holder !== undefined && holder !== key && !kept.has(turn))
              expect(answer).toBe('busy')
            expect(after.values).toEqual(record.values)
            record = after
          } else {
            const seen = read.get(turn)
            if (seen === undefined) continue
            const count = Number(seen.values.count ?? 0) + 1
            const change: StateChange =
              next.kind === 'repeat'
                ? (kept.get(turn) ?? { type: 'commit', turn: key, version: -1, delta: { set: {}, deleted: [] } })
                : { type: 'commit', turn: key, version: seen.version, delta: { set: { count }, deleted: [] } }
            const [after, answer] = attempt(record, change, now)
            if (kept.has(turn)) expect(answer).toBe('done')
            else if (holder !== undefined && holder !== key) expect(answer).toBe('busy')
            else if (change.type === 'commit' && change.version !== record.version)
              expect(['conflict', 'forgotten']).toContain(answer)
            else expect(answer).toBe('apply')
            if (answer === 'apply') {
              counted += 1
              kept.set(turn, change)
              expect(versions).not.toContain(after.version)
              versions.push(after.version)
            }
            record = after
          }
          expect(record.values.count ?? 0).toBe(counted)
        }
      }),
    )
  })

  it('never uses a version again when it begins anew', () => {
    const commit = (version: number): StateChange => ({
      type: 'commit',
      turn: 'a/1',
      version,
      delta: { set: {}, deleted: [] },
    })
    const first = changeState(NO_STATE, commit(0), NOW)
    const later = changeState(NO_STATE, { ...commit(0), turn: 'b/1' } as StateChange, NOW + 1)
    expect(verdict(later, { ...commit(first.version), turn: 'c/1' } as StateChange, NOW + 2)).toBe('conflict')
  })
})

describe('a turn that is not remembered any more', () => {
  it('is told so in place of being taken for a new one', () => {
    let record: StateRecord = NO_STATE
    const change = (turn: number, version: number): StateChange => ({
      type: 'commit',
      turn: turnKey({ taskId: `task-${turn}`, turn: 1 }),
      version,
      delta: { set: { turn }, deleted: [] },
    })
    const first = change(0, 0)
    for (let turn = 0; turn < STATE_LIMITS.turns; turn += 1)
      record = changeState(record, change(turn, record.version), NOW)
    expect(verdict(record, first, NOW)).toBe('done')
    const lastRead = record.version
    record = changeState(record, change(STATE_LIMITS.turns, lastRead), NOW)
    expect(record.applied).toHaveLength(STATE_LIMITS.turns)
    expect(verdict(record, first, NOW)).toBe('forgotten')
    // One that cannot have been among those that are forgotten is a conflict.
    expect(verdict(record, change(9_999, lastRead), NOW)).toBe('conflict')
  })
})

describe('limits of state', () => {
  it.each([
    [{ text: 'ü'.repeat(40_000) }, 'is 80011 bytes as JSON; at most 65536 are kept'],
    [Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, 1])), 'has 1001 keys; at most 1000 are kept'],
    [{ ['k'.repeat(201)]: 1 }, 'has a key of 201 characters; at most 200 are kept'],
    [{ text: 'x' }, undefined],
  ])('case %#', (state, problem) => {
    expect(sizeProblem(state)).toBe(problem)
    const change: StateChange = { type: 'commit', turn: 'a/1', version: 0, delta: { set: state, deleted: [] } }
    expect(verdict(NO_STATE, change, NOW)).toBe(problem === undefined ? 'apply' : 'refused')
  })
})
