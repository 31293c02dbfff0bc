/** What the SDK is shown of a turn whose heartbeats go past it. */
import type { Context } from '@temporalio/activity'
import type { Checkpoint } from '../../task/turn-outcome.js'

/** After the SDK was shown that a turn goes on, its newest checkpoint is written again, in milliseconds. */
const REWRITE_MS = 250

/**
 * The SDK sees none of the checkpoint writer's heartbeats, and gives a turn up that shows no life for the heartbeat timeout
 * and 5 s. So it is given what was written, once in a timeout, which is more than its throttle. Should its own RPC come late,
 * it would overwrite what was written meanwhile: the newest is written once more soon after.
 */
export class SignsOfLife {
  private readonly context: Context
  private readonly rewrite: () => void
  private shownAt = performance.now()
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(context: Context, rewrite: () => void) {
    this.context = context
    this.rewrite = rewrite
  }

  /** Of what is durable now. */
  show(written: Checkpoint): void {
    const now = performance.now()
    if (now - this.shownAt < (this.context.info.heartbeatTimeoutMs ?? 0)) return
    this.shownAt = now
    this.context.heartbeat(written)
    this.timer = setTimeout(this.rewrite, REWRITE_MS)
  }

  stop(): void {
    clearTimeout(this.timer)
  }
}
