/** A thousand webhooks at one host, in made time: the gate and the schedule together. */
import { describe, expect, it } from 'vitest'
import { GATE_LIMITS, HostGate } from '../../../src/push/host-gate.js'
import { nextAttemptMs } from '../../../src/push/retry-schedule.js'

const HOST = new URL('https://hooks.example/')
const MANY = 1_000
const HOUR = 3_600_000

/** Things that happen, in their order. */
class Timeline {
  now = 0
  private readonly due = new Map<number, (() => void)[]>()

  after(ms: number, what: () => void): void {
    const at = Math.ceil(this.now + ms)
    this.due.set(at, [...(this.due.get(at) ?? []), what])
  }

  run(): void {
    while (this.due.size > 0) {
      this.now = Math.min(...this.due.keys())
      const things = this.due.get(this.now) ?? []
      this.due.delete(this.now)
      for (const thing of things) thing()
    }
  }
}

/** A random that repeats itself. */
function repeatable(): () => number {
  let state = 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

interface World {
  /** Whether the host can be reached, at that time. */
  up(now: number): boolean
  /** Milliseconds that an attempt takes. */
  readonly tookMs: number
}

function deliverMany({ up, tookMs }: World) {
  const time = new Timeline()
  const random = repeatable()
  const gate = new HostGate(GATE_LIMITS, () => time.now, random)
  const sent: number[] = []
  const ends: { at: number; delivered: boolean }[] = []
  let held = 0
  let atOnce = 0
  let mostAtOnce = 0

  const attempt = (owner: string, tries: number) => {
    const again = (retryAfterMs?: number) => {
      const pause = nextAttemptMs(tries, random(), retryAfterMs)
      if (pause === undefined) ends.push({ at: time.now, delivered: false })
      else time.after(pause, () => attempt(owner, tries + 1))
    }
    const entry = gate.enter(HOST, owner)
    if ('refused' in entry) {
      if (entry.refused === 'host-paused') return again(entry.retryAfterMs)
      held += 1
      return time.after(entry.retryAfterMs, () => attempt(owner, tries))
    }
    sent.push(time.now)
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    time.after(tookMs, () => {
      atOnce -= 1
      const reached = up(time.now)
      entry.leave(reached)
      if (reached) ends.push({ at: time.now, delivered: true })
      else again()
    })
  }
  for (let n = 0; n < MANY; n++) attempt(`owner ${n % 20}`, 1)
  time.run()
  return { sent, ends, held, mostAtOnce }
}

function most(moments: readonly number[], withinMs: number): number {
  let from = 0
  let found = 0
  for (const [at, moment] of moments.entries()) {
    while ((moments[from] ?? 0) <= moment - withinMs) from += 1
    found = Math.max(found, at - from + 1)
  }
  return found
}

describe('a thousand deliveries to one host', () => {
  it('all arrive within minutes when it is well, under the caps', () => {
    const { sent, ends, held, mostAtOnce } = deliverMany({ up: () => true, tookMs: 100 })
    expect(sent).toHaveLength(MANY)
    expect(ends.filter(({ delivered }) => delivered)).toHaveLength(MANY)
    expect(mostAtOnce).toBeLessThanOrEqual(GATE_LIMITS.perHost.inFlight)
    expect(most(sent, 1_000)).toBeLessThanOrEqual(2 * GATE_LIMITS.perHost.perSecond)
    expect(Math.max(...ends.map(({ at }) => at))).toBeLessThan(120_000)
    expect(held).toBeLessThan(20 * MANY)
  })

  it('hardly touch it when it is dead, and end when the schedule does', () => {
    const { sent, ends } = deliverMany({ up: () => false, tookMs: 15_000 })
    expect(ends.filter(({ delivered }) => !delivered)).toHaveLength(MANY)
    expect(Math.max(...ends.map(({ at }) => at))).toBeLessThan(92 * HOUR)
    // Those that were under way when it was found out, then one at a time.
    const { inFlight } = GATE_LIMITS.perHost
    expect(most(sent.slice(inFlight), 60_000)).toBeLessThanOrEqual(2)
    expect(most(sent.slice(inFlight), HOUR)).toBeLessThanOrEqual(20)
  })

  it('all arrive when it comes back after six hours', () => {
    const { ends } = deliverMany({ up: (now) => now > 6 * HOUR, tookMs: 200 })
    expect(ends.filter(({ delivered }) => delivered)).toHaveLength(MANY)
    expect(Math.max(...ends.map(({ at }) => at))).toBeLessThan(20 * HOUR)
  })
})
