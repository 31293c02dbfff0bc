/** Stops an attempt at a turn whose handler gives no sign of life. */
import { onAbort } from '../internal/abort.js'
import { type Clock, systemClock } from '../internal/clock.js'
import { TurnStopped } from './agent-context.js'

/** A handler made no progress within the agent's `idleTimeoutMs`: the attempt has failed, and is tried again by policy. */
export class IdleTimeoutError extends Error {
  override readonly name = 'IdleTimeoutError'

  constructor(agentId: string, idleTimeoutMs: number) {
    super(`agent ${agentId} made no progress for ${idleTimeoutMs} ms (idleTimeoutMs)`)
  }
}

export class IdleTimeout {
  /** Aborts with the parent, or with the reason `idle`. */
  readonly signal: AbortSignal
  private readonly idleMs: number | undefined
  private readonly stop: AbortController | undefined
  private readonly offParent: () => void = () => {}
  private readonly clock: Clock
  private stopTimer: () => void = () => {}
  private progressAt: number
  private paused = false

  /** @param idleMs undefined: only the parent stops it */
  constructor(parent: AbortSignal, idleMs: number | undefined, clock: Clock = systemClock) {
    this.idleMs = idleMs
    this.clock = clock
    this.progressAt = clock.now()
    this.signal = parent
    if (idleMs === undefined) return
    const stop = new AbortController()
    this.stop = stop
    this.signal = stop.signal
    this.offParent = onAbort(parent, () => stop.abort(parent.reason))
    this.wait(idleMs)
  }

  /** The handler has given something. */
  progress(): void {
    if (this.idleMs === undefined) return
    this.progressAt = this.clock.now()
    this.paused = false
  }

  /** The handler waits for somebody else; until it gives something again, its silence means nothing. */
  pause(): void {
    this.paused = true
  }

  release(): void {
    this.stopTimer()
    this.offParent()
  }

  /** The error for what was thrown, when the silence was the reason. */
  failure(agentId: string): IdleTimeoutError | undefined {
    const reason: unknown = this.stop?.signal.reason
    const idle = reason instanceof TurnStopped && reason.reason === 'idle'
    return idle ? new IdleTimeoutError(agentId, this.idleMs ?? 0) : undefined
  }

  /** One timer per time-out, not one per result. */
  private wait(ms: number): void {
    this.stopTimer = this.clock.timer(() => {
      const left = (this.idleMs ?? 0) - (this.clock.now() - this.progressAt)
      if (this.paused) this.wait(this.idleMs ?? 0)
      else if (left > 0) this.wait(left)
      else this.stop?.abort(new TurnStopped('idle'))
    }, ms)
  }
}
