/** Heartbeats, cancel, failure: an attempt that has lost its turn is not heard. */

import { describe, expect, it } from 'vitest'
import type { LiveEvent } from '../../../src/bus/live-event.js'
import { Fence } from '../../../src/temporal/activities/fence.js'
import { fc } from '../../support/property.js'

const TIMEOUT_MS = 6_000

function event(seq: number): LiveEvent {
  return { key: 'k', cursor: { turn: 1, attempt: 1, seq }, kind: 'update', event: {}, bytes: 10 }
}

function fence(sinceMs = 0) {
  const world = { now: 1_000, heard: [] as number[], asked: 0 }
  const made = new Fence({
    timeoutMs: TIMEOUT_MS,
    sinceMs,
    publish: ({ cursor }) => world.heard.push(cursor.seq),
    prove: () => {
      world.asked += 1
    },
    clock: () => world.now,
  })
  return { world, fence: made }
}

describe('fencing', () => {
  it('an attempt is heard while its heartbeats are accepted', () => {
    const { world, fence: own } = fence()
    for (let seq = 1; seq <= 10; seq += 1) {
      const accepted = own.sending()
      world.now += 2_000
      accepted()
      own.publish(event(seq))
    }
    expect(world).toMatchObject({ heard: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], asked: 0 })
  })

  it('after a stop nothing is heard before a heartbeat was accepted, then all of it in order', () => {
    const { world, fence: own } = fence()
    own.publish(event(1))
    world.now += TIMEOUT_MS
    own.publish(event(2))
    own.publish(event(3))
    expect(world.heard).toEqual([1])
    expect(world.asked).toBe(2)
    expect(own.holds()).toBe(false)
    const accepted = own.sending()
    world.now += 10
    accepted()
    own.publish(event(4))
    expect(world.heard).toEqual([1, 2, 3, 4])
  })

  it('an answer that came too late proves nothing: what counts is when the heartbeat was sent', () => {
    const { world, fence: own } = fence()
    const accepted = own.sending()
    world.now += TIMEOUT_MS + 1
    own.publish(event(1))
    accepted()
    own.publish(event(2))
    expect(world.heard).toEqual([])
  })

  it('nothing is ever heard of an attempt whose turn is somebody else’s', () => {
    const { world, fence: own } = fence()
    world.now += TIMEOUT_MS
    own.publish(event(1))
    const accepted = own.sending()
    own.revoke()
    accepted()
    own.publish(event(2))
    expect(world.heard).toEqual([])
  })

  it('an attempt that waited in a queue for long has to prove itself first', () => {
    const { world, fence: own } = fence(TIMEOUT_MS)
    own.publish(event(1))
    expect(world.heard).toEqual([])
    own.sending()()
    expect(world.heard).toEqual([1])
  })

  it('never lets an event out later than the timeout after the last accepted heartbeat was sent', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5_000 }) }),
      fc.record({ do: fc.constant('send' as const) }),
      fc.record({ do: fc.constant('accept' as const) }),
      fc.record({ do: fc.constant('say' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { world, fence: own } = fence()
        let provenAt = world.now
        let pending: { at: number; accepted: () => void } | undefined
        let seq = 0
        for (const each of steps) {
          const before = world.heard.length
          if (each.do === 'wait') world.now += each.ms
          else if (each.do === 'send') pending = { at: world.now, accepted: own.sending() }
          else if (each.do === 'say') own.publish(event(++seq))
          else if (pending !== undefined) {
            provenAt = Math.max(provenAt, pending.at)
            pending.accepted()
          }
          if (world.heard.length > before) expect(world.now - provenAt).toBeLessThan(TIMEOUT_MS)
        }
        expect(world.heard).toEqual([...world.heard].sort((a, b) => a - b))
      }),
    )
  })
})
