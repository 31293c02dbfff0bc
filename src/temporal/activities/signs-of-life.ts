/** What the SDK is shown of a turn whose heartbeats go past it. */
import type { Context } from '@temporalio/activity'
import { sleep } from '../../internal/abort.js'
import type { Checkpoint } from '../../task/turn-outcome.js'
import { describeTurn, type TurnExecution } from './describe-turn.js'

export interface SignsOfLifeOptions {
  readonly context: Pick<Context, 'heartbeat'>
  /** Of the turn, in milliseconds. */
  readonly heartbeatTimeoutMs: number
  readonly turn: TurnExecution
  /** Writes the newest checkpoint once more. */
  rewrite(): void
}

/** How long the SDK's own heartbeat is waited for, in milliseconds: less than a turn may be silent. */
const LANDING_MS = 2_000
const FIRST_PAUSE_MS = 5
const MAX_PAUSE_MS = 100
/** When the newest checkpoint is written once more after a heartbeat of which nothing was seen, in milliseconds. */
const REWRITES_MS = [250, 1_000, 3_000]

/**
 * The SDK sees none of the checkpoint writer's heartbeats, and gives a turn up that shows no life for the heartbeat timeout
 * and 5 s. So it is given what was written, once in a timeout, which is more than its throttle. It says nothing of when its
 * own RPC arrives, and what that brings would replace anything written meanwhile: until Temporal shows it, nothing else is
 * written, and nothing is taken for durable.
 */
export class SignsOfLife {
  private readonly options: SignsOfLifeOptions
  private shownAt = performance.now()
  private sign = 0
  private readonly stopping = new AbortController()
  private timers: ReturnType<typeof setTimeout>[] = []

  constructor(options: SignsOfLifeOptions) {
    this.options = options
  }

  /** Of what is durable now. Resolves when it is so again. */
  async show(written: Checkpoint): Promise<void> {
    const now = performance.now()
    if (now - this.shownAt < this.options.heartbeatTimeoutMs) return
    this.shownAt = now
    this.sign += 1
    this.options.context.heartbeat({ ...written, sign: this.sign })
    if (await this.hasLanded(this.sign)) return
    if (!this.stopping.signal.aborted) this.timers = REWRITES_MS.map((ms) => setTimeout(this.options.rewrite, ms))
  }

  stop(): void {
    this.stopping.abort()
    for (const timer of this.timers) clearTimeout(timer)
  }

  private async hasLanded(sign: number): Promise<boolean> {
    const { signal } = this.stopping
    const until = performance.now() + LANDING_MS
    for (let pauseMs = FIRST_PAUSE_MS; performance.now() < until; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
      await sleep(pauseMs, signal, 'background')
      if (signal.aborted) return false
      const pending = await describeTurn(this.options.turn).catch(() => undefined)
      if (pending?.checkpoint?.sign === sign) return true
    }
    return false
  }
}
