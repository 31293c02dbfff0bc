/** What each of many may have under way at once, and begin within a second. */
import { Lru } from '../internal/lru.js'

export interface ShareLimits {
  readonly inFlight: number
  readonly perSecond: number
}

interface Share {
  inFlight: number
  /** What may begin now, as of `at`. */
  tokens: number
  at: number
}

/** Those that are remembered. The one that was longest without anything is forgotten first. */
const MAX_SHARES = 10_000

export class Shares {
  private readonly shares = new Lru<string, Share>(MAX_SHARES)
  private readonly limits: ShareLimits

  constructor(limits: ShareLimits) {
    this.limits = limits
  }

  hasRoom(key: string, now: number): boolean {
    const { inFlight, tokens } = this.of(key, now)
    return inFlight < this.limits.inFlight && tokens >= 1
  }

  /** @returns called once, when it has ended */
  take(key: string, now: number): () => void {
    const share = this.of(key, now)
    share.inFlight += 1
    share.tokens -= 1
    return () => {
      share.inFlight -= 1
    }
  }

  private of(key: string, now: number): Share {
    const { perSecond } = this.limits
    const share = this.shares.get(key) ?? { inFlight: 0, tokens: perSecond, at: now }
    share.tokens = Math.min(perSecond, share.tokens + ((now - share.at) / 1_000) * perSecond)
    share.at = now
    this.shares.set(key, share)
    return share
  }
}
