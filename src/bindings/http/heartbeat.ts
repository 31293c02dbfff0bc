/** The clock of all open event streams: one timer for all of them, however many there are. */
import type { StreamLimits } from './call.js'

interface Beating {
  beat(): void
  expire(): void
}

const TICK_MS = 1000

export class Heartbeat {
  private static readonly open = new Set<Heartbeat>()
  private static timer: ReturnType<typeof setInterval> | undefined

  private readonly limits: Pick<StreamLimits, 'heartbeatMs' | 'maxStreamMs'>
  private readonly stream: Beating
  private readonly since = Date.now()
  private last = this.since

  constructor(limits: Pick<StreamLimits, 'heartbeatMs' | 'maxStreamMs'>, stream: Beating) {
    this.limits = limits
    this.stream = stream
    Heartbeat.open.add(this)
    Heartbeat.timer ??= setInterval(() => Heartbeat.tick(), Math.min(TICK_MS, limits.heartbeatMs))
  }

  /** Something was sent: the silence begins anew. */
  spoke(): void {
    this.last = Date.now()
  }

  stop(): void {
    Heartbeat.open.delete(this)
    if (Heartbeat.open.size > 0) return
    clearInterval(Heartbeat.timer)
    Heartbeat.timer = undefined
  }

  private static tick(): void {
    const now = Date.now()
    for (const heartbeat of Heartbeat.open) heartbeat.check(now)
  }

  private check(now: number): void {
    if (now - this.since >= this.limits.maxStreamMs) {
      this.stream.expire()
    } else if (now - this.last >= this.limits.heartbeatMs) {
      this.last = now
      this.stream.beat()
    }
  }
}
