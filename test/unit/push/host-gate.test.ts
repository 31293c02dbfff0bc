import { describe, expect, it } from 'vitest'
import { type Entry, GATE_LIMITS, HostGate } from '../../../src/push/host-gate.js'
import { fc } from '../../support/property.js'

const LIMITS = {
  ...GATE_LIMITS,
  maxInFlight: 6,
  perHost: { inFlight: 3, perSecond: 5 },
  perOwner: { inFlight: 1_000, perSecond: 1_000 },
  failures: 2,
}

function gate(limits = LIMITS) {
  const time = { now: 0 }
  return {
    time,
    gate: new HostGate(
      limits,
      () => time.now,
      () => 0,
    ),
  }
}

const url = (text: string) => new URL(`https://${text}/`)

function pass(entry: Entry): (reached: boolean | undefined) => void {
  if ('refused' in entry) throw new Error(entry.refused)
  return entry.leave
}

function refusal(entry: Entry): string | undefined {
  return 'refused' in entry ? entry.refused : undefined
}

describe('what a host gets', () => {
  it('is so much at once, whatever the port, and others have their own', () => {
    const { gate: it } = gate()
    const leave = [url('a'), url('a:8443'), url('a:9000')].map((one) => pass(it.enter(one, 'me')))
    expect(refusal(it.enter(url('a:9001'), 'me'))).toBe('busy')
    const other = pass(it.enter(url('b'), 'me'))
    leave[0]?.(true)
    expect(refusal(it.enter(url('a'), 'me'))).toBeUndefined()
    other(true)
  })

  it('is so much at once in all', () => {
    const { gate: it } = gate()
    const leave = ['a', 'b', 'c', 'd', 'e', 'f'].map((host) => pass(it.enter(url(host), 'me')))
    expect(refusal(it.enter(url('g'), 'me'))).toBe('busy')
    leave[0]?.(undefined)
    expect(refusal(it.enter(url('g'), 'me'))).toBeUndefined()
  })

  it('is no more for one owner, and others have their own', () => {
    const { gate: it } = gate({ ...LIMITS, perOwner: { inFlight: 2, perSecond: 3 } })
    const leave = ['a', 'b'].map((host) => pass(it.enter(url(host), 'me')))
    expect(refusal(it.enter(url('c'), 'me'))).toBe('busy')
    expect(refusal(it.enter(url('c'), 'you'))).toBeUndefined()
    for (const one of leave) one(true)
    pass(it.enter(url('c'), 'me'))(true)
    // The fourth within a second.
    expect(refusal(it.enter(url('d'), 'me'))).toBe('busy')
    expect(refusal(it.enter(url('d')))).toBeUndefined()
  })

  it('is so much a second', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 }), (gaps) => {
        const { gate: it, time } = gate()
        const begun: number[] = []
        for (const gap of gaps) {
          time.now += gap
          const entry = it.enter(url('a'), 'me')
          if ('refused' in entry) continue
          begun.push(time.now)
          entry.leave(true)
        }
        for (const [at, from] of begun.entries()) {
          const within = begun.slice(at).filter((moment) => moment < from + 1_000)
          // What a quiet second has saved up, and what came during this one.
          expect(within.length).toBeLessThanOrEqual(2 * LIMITS.perHost.perSecond)
        }
      }),
    )
  })
})

describe('an origin that is not reached', () => {
  it('is left alone after some attempts in a row, then tried by one, for longer and longer, until it is reached', () => {
    const { gate: it, time } = gate()
    pass(it.enter(url('a'), 'me'))(false)
    pass(it.enter(url('a'), 'me'))(true)
    pass(it.enter(url('a'), 'me'))(false)
    pass(it.enter(url('a'), 'me'))(false)
    expect(it.enter(url('a'), 'me')).toEqual({ refused: 'host-paused', retryAfterMs: 30_000 })
    expect(refusal(it.enter(url('b'), 'me'))).toBeUndefined()
    // Another port is another service: who registers one cannot have this one left alone.
    expect(refusal(it.enter(url('a:8443'), 'me'))).toBeUndefined()

    for (const pause of [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]) {
      time.now += pause - 1
      expect(refusal(it.enter(url('a'), 'me'))).toBe('host-paused')
      time.now += 1
      const probe = pass(it.enter(url('a'), 'me'))
      expect(refusal(it.enter(url('a'), 'me'))).toBe('host-paused')
      probe(false)
    }
    time.now += 300_000
    pass(it.enter(url('a'), 'me'))(true)
    expect(refusal(it.enter(url('a'), 'me'))).toBeUndefined()
  })

  it('is left alone no longer by those that were under way', () => {
    const { gate: it, time } = gate()
    const three = [1, 2, 3].map(() => pass(it.enter(url('a'), 'me')))
    for (const leave of three) leave(false)
    time.now += 30_000
    expect(refusal(it.enter(url('a'), 'me'))).toBeUndefined()
  })

  it('is tried again when the one who tried it has not found out', () => {
    const { gate: it, time } = gate()
    pass(it.enter(url('a'), 'me'))(false)
    pass(it.enter(url('a'), 'me'))(false)
    time.now += 30_000
    pass(it.enter(url('a'), 'me'))(undefined)
    expect(refusal(it.enter(url('a'), 'me'))).toBeUndefined()
  })

  it('does not count attempts that were given up', () => {
    const { gate: it } = gate()
    for (let n = 0; n < 4; n++) pass(it.enter(url('a'), 'me'))(undefined)
    expect(refusal(it.enter(url('a'), 'me'))).toBeUndefined()
  })
})
