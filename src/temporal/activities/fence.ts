/**
 * Keeps an attempt that has lost its turn from being heard.
 *
 * Temporal gives a turn away when its worker has been silent for the heartbeat timeout. A process that was stopped for so long
 * and goes on does not know that. So events go out only as long as the last accepted heartbeat was sent less than that
 * time ago; later ones wait until a heartbeat was accepted again, and are dropped when none is.
 */
import type { LiveEvent } from '../../bus/live-event.js'

export interface FenceOptions {
  /** Silence after which the turn is given away, in milliseconds. */
  readonly timeoutMs: number
  /** Milliseconds since the turn was given to this attempt, as far as is known. */
  readonly sinceMs: number
  publish(event: LiveEvent): void
  /** Asks for a heartbeat now. */
  prove(): void
  /** Milliseconds that have passed since some fixed moment, also while the process or the machine was stopped. */
  readonly clock?: () => number
}

/** Events that wait for a heartbeat; with more, readers get a Task in their place. */
const MAX_HELD_EVENTS = 1_024

export class Fence {
  private readonly options: FenceOptions
  private readonly clock: () => number
  private until: number
  private held: LiveEvent[] = []
  private revoked = false

  constructor(options: FenceOptions) {
    this.options = options
    this.clock = options.clock ?? elapsedClock()
    this.until = this.clock() + options.timeoutMs - Math.max(0, options.sinceMs)
  }

  /** True while the turn is surely this attempt's own; when not, a heartbeat is asked for. */
  holds(): boolean {
    if (this.revoked) return false
    if (this.clock() < this.until) return true
    this.options.prove()
    return false
  }

  publish(event: LiveEvent): void {
    if (this.holds()) {
      this.options.publish(event)
    } else if (!this.revoked) {
      if (this.held.length >= MAX_HELD_EVENTS) this.held = []
      this.held.push(event)
    }
  }

  /** To be called before a heartbeat is sent; the function it gives, when it was accepted. */
  sending(): () => void {
    const sentAt = this.clock()
    return () => {
      this.until = Math.max(this.until, sentAt + this.options.timeoutMs)
      if (this.revoked || this.clock() >= this.until) return
      for (const event of this.held.splice(0)) this.options.publish(event)
    }
  }

  /** The turn is somebody else's. */
  revoke(): void {
    this.revoked = true
    this.held = []
  }
}

/** The monotonic clock does not count the time in which a machine sleeps, and the other one may be set back. */
function elapsedClock(): () => number {
  const wall = Date.now()
  const monotonic = performance.now()
  return () => Math.max(Date.now() - wall, performance.now() - monotonic)
}
