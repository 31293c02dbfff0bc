/**
 * What all attempts of a process may do together: to a host, for one owner, and to hosts that cannot be reached. Callers
 * choose the hosts, so without this many webhooks would be a weapon against one, and one caller's would stop all others.
 */
import { Lru } from '../internal/lru.js'
import { type ShareLimits, Shares } from './shares.js'

export interface GateLimits {
  /** Attempts under way. Each takes a slot of the worker, which runs turns too. */
  readonly maxInFlight: number
  readonly perHost: ShareLimits
  readonly perOwner: ShareLimits
  /** Attempts in a row that did not reach an origin (host and port), after which it is left alone. */
  readonly failures: number
  /** Milliseconds that it is left alone at first, and at most; each failed try of it doubles them. */
  readonly pauseMs: number
  readonly maxPauseMs: number
}

export const GATE_LIMITS: GateLimits = {
  maxInFlight: 50,
  perHost: { inFlight: 10, perSecond: 50 },
  perOwner: { inFlight: 25, perSecond: 100 },
  failures: 5,
  pauseMs: 30_000,
  maxPauseMs: 300_000,
}

/** Origins that are remembered as unreachable. */
const MAX_ORIGINS = 10_000
/** Milliseconds after which those that were held come back, not all at once. */
const HELD_MS = 500
const SPREAD_MS = 4_500

export type Entry =
  /** Call `leave` once, with whether the host was reached; undefined when that did not become clear. */
  | { readonly leave: (reached: boolean | undefined) => void }
  | { readonly refused: 'busy' | 'host-paused'; readonly retryAfterMs: number }

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
  private readonly hosts: Shares
  private readonly owners: Shares
  private readonly healths = new Lru<string, Health>(MAX_ORIGINS)
  private readonly limits: GateLimits
  private readonly now: () => number
  private readonly random: () => number

  /** @param now milliseconds that never go back */
  constructor(limits: GateLimits = GATE_LIMITS, now = () => performance.now(), random = Math.random) {
    this.limits = limits
    this.hosts = new Shares(limits.perHost)
    this.owners = new Shares(limits.perOwner)
    this.now = now
    this.random = random
  }

  /**
   * Asks for one attempt. Never waits: who is refused must come back.
   *
   * @param owner undefined: for the process itself, without a share of its own
   */
  enter({ hostname, host }: URL, owner?: string): Entry {
    const now = this.now()
    const health = this.healths.get(host)
    const probe = health !== undefined && health.pauses > 0
    if (probe) {
      const left = health.probing ? this.limits.pauseMs : health.until - now
      if (left > 0) return { refused: 'host-paused', retryAfterMs: this.spread(left) }
    }
    const hasRoom = this.inFlight < this.limits.maxInFlight && (owner === undefined || this.owners.hasRoom(owner, now))
    if (!hasRoom || !this.hosts.hasRoom(hostname, now)) return { refused: 'busy', retryAfterMs: this.spread(HELD_MS) }
    const leaveHost = this.hosts.take(hostname, now)
    const leaveOwner = owner === undefined ? () => {} : this.owners.take(owner, now)
    this.inFlight += 1
    if (probe) health.probing = true
    return {
      leave: (reached) => {
        this.inFlight -= 1
        leaveHost()
        leaveOwner()
        this.note(host, reached, probe)
      },
    }
  }

  /** Only who reached nothing counts: what a host answers may be one caller's doing, and others have webhooks there. */
  private note(origin: string, reached: boolean | undefined, probe: boolean): void {
    if (reached === true) {
      this.healths.delete(origin)
      return
    }
    const health = this.healths.get(origin) ?? { failures: 0, pauses: 0, until: 0, probing: false }
    if (probe) health.probing = false
    // Those that were under way when it was left alone tell nothing new.
    if (reached === undefined || (health.pauses > 0 && !probe)) return
    health.failures += 1
    if (health.failures >= this.limits.failures) {
      const { pauseMs, maxPauseMs } = this.limits
      health.until = this.now() + Math.min(maxPauseMs, pauseMs * 2 ** Math.min(health.pauses, 30))
      health.pauses += 1
    }
    this.healths.set(origin, health)
  }

  private spread(ms: number): number {
    return Math.ceil(ms + this.random() * SPREAD_MS)
  }
}
