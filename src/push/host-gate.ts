/**
 * What all attempts of a process may do to a host together: so many at once and a second, and hardly any while it cannot
 * be reached. Callers choose the hosts, so without this many webhooks would be a weapon against one.
 */
import { Lru } from '../internal/lru.js'

export interface GateLimits {
  /** Attempts under way: all, and to one host. */
  readonly maxInFlight: number
  readonly maxInFlightPerHost: number
  /** Attempts to one host that may begin within a second. */
  readonly perSecond: number
  /** Attempts in a row that did not reach an origin (host and port), after which it is left alone. */
  readonly failures: number
  /** Milliseconds that it is left alone at first, and at most; each failed try of it doubles them. */
  readonly pauseMs: number
  readonly maxPauseMs: number
}

export const GATE_LIMITS: GateLimits = {
  maxInFlight: 256,
  maxInFlightPerHost: 10,
  perSecond: 50,
  failures: 5,
  pauseMs: 30_000,
  maxPauseMs: 300_000,
}

/** Hosts that are remembered. */
const MAX_HOSTS = 10_000
/** Milliseconds in which those that were held come back, not all at once. */
const HELD_MS = { least: 500, most: 5_000 }

export type Entry =
  /** Call `leave` once, with whether the host was reached; undefined when that did not become clear. */
  | { readonly leave: (reached: boolean | undefined) => void }
  | { readonly refused: 'host-busy' | 'host-paused'; readonly retryAfterMs: number }

interface Load {
  inFlight: number
  /** Attempts that may begin now, as of then. */
  tokens: number
  at: number
}

interface Health {
  /** Attempts in a row that did not reach it. */
  failures: number
  /** How often in a row it was left alone. */
  pauses: number
  /** Left alone until then. */
  until: number
  /** Somebody is finding out whether it can be reached again. */
  probing: boolean
}

export class HostGate {
  private inFlight = 0
  private readonly loads = new Lru<string, Load>(MAX_HOSTS)
  private readonly healths = new Lru<string, Health>(MAX_HOSTS)
  private readonly limits: GateLimits
  private readonly now: () => number
  private readonly random: () => number

  /** @param now milliseconds that never go back */
  constructor(limits: GateLimits = GATE_LIMITS, now = () => performance.now(), random = Math.random) {
    this.limits = limits
    this.now = now
    this.random = random
  }

  /** Asks for one attempt. Never waits: who is refused must come back. */
  enter({ hostname, host }: URL): Entry {
    const now = this.now()
    const health = this.healths.get(host)
    const probe = health !== undefined && health.pauses > 0
    if (probe) {
      const left = health.probing ? this.limits.pauseMs : health.until - now
      if (left > 0) return { refused: 'host-paused', retryAfterMs: this.spread(left) }
    }
    const { maxInFlight, maxInFlightPerHost } = this.limits
    const load = this.loadOf(hostname, now)
    if (this.inFlight >= maxInFlight || load.inFlight >= maxInFlightPerHost || load.tokens < 1) {
      return { refused: 'host-busy', retryAfterMs: this.spread(HELD_MS.least) }
    }
    this.inFlight += 1
    load.inFlight += 1
    load.tokens -= 1
    if (probe) health.probing = true
    return {
      leave: (reached) => {
        this.inFlight -= 1
        load.inFlight -= 1
        this.note(host, reached, probe)
      },
    }
  }

  /** Only who reached nothing counts: what a host answers may be one caller's doing, and others have webhooks there. */
  private note(host: string, reached: boolean | undefined, probe: boolean): void {
    if (reached === true) {
      this.healths.delete(host)
      return
    }
    const health = this.healths.get(host) ?? { failures: 0, pauses: 0, until: 0, probing: false }
    if (probe) health.probing = false
    // Those that were under way when it was left alone tell nothing new.
    if (reached === undefined || (health.pauses > 0 && !probe)) return
    health.failures += 1
    if (health.failures >= this.limits.failures) {
      health.until =
        this.now() + Math.min(this.limits.maxPauseMs, this.limits.pauseMs * 2 ** Math.min(health.pauses, 30))
      health.pauses += 1
    }
    this.healths.set(host, health)
  }

  private loadOf(hostname: string, now: number): Load {
    const { perSecond } = this.limits
    const load = this.loads.get(hostname) ?? { inFlight: 0, tokens: perSecond, at: now }
    load.tokens = Math.min(perSecond, load.tokens + ((now - load.at) / 1_000) * perSecond)
    load.at = now
    this.loads.set(hostname, load)
    return load
  }

  private spread(ms: number): number {
    return Math.ceil(ms + this.random() * (HELD_MS.most - HELD_MS.least))
  }
}
