/** The times of a turn. The gateway that accepts a task fixes the heartbeat timeout, the worker that runs it the others. */
import { GRACE_MS, SUSPEND_AFTER_MS } from '../agent/turn-times.js'

export interface TurnTimes {
  /** Milliseconds between two checkpoints of a running turn. Default 2000. */
  readonly checkpointMs: number
  /** Silence of a worker after which its turn is given to another, in milliseconds. Default 6000. */
  readonly heartbeatTimeoutMs: number
  /** How long a handler may go on after it was told to stop, in milliseconds. Default 2000. */
  readonly graceMs: number
  /**
   * How long a handler may wait in the process, for `ctx.sleep` or `ctx.call`, before it is left and called again later;
   * milliseconds. Default 30000.
   */
  readonly suspendAfterMs: number
}

export const DEFAULT_TURN: TurnTimes = {
  checkpointMs: 2_000,
  heartbeatTimeoutMs: 6_000,
  graceMs: GRACE_MS,
  suspendAfterMs: SUSPEND_AFTER_MS,
}
