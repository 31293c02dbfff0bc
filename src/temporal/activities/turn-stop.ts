/** When and why an attempt at a turn has to stop. */
import type { Context } from '@temporalio/activity'
import { TurnStopped } from '../../agent/agent-context.js'
import { onAbort } from '../../internal/abort.js'
import { systemClock } from '../../internal/clock.js'

export interface TurnStopOptions {
  readonly context: Context
  /** Aborts when the worker begins to stop. */
  readonly shutdown: AbortSignal
  /** The longest that the turn may take in all its attempts, in milliseconds. */
  readonly deadlineMs: number
  /** How long a handler may go on after it was told to stop, in milliseconds. */
  readonly graceMs: number
}

export class TurnStop {
  private readonly options: TurnStopOptions
  private readonly stop = new AbortController()
  private readonly leave = new AbortController()

  constructor(options: TurnStopOptions) {
    this.options = options
  }

  /** Aborts with a {@link TurnStopped} when the handler has to stop. */
  get signal(): AbortSignal {
    return this.stop.signal
  }

  /** Aborts when the turn is somebody else's, or will be. */
  get left(): AbortSignal {
    return this.leave.signal
  }

  /** Stops by itself when the worker stops, the SDK says so or the time is over. Returns the way to end that. */
  listen(): () => void {
    const { context, shutdown } = this.options
    const release = [
      onAbort(shutdown, () => this.end('worker-shutdown')),
      onAbort(context.cancellationSignal, () => {
        if (context.cancellationDetails?.cancelRequested !== false) this.end('canceled')
      }),
      this.deadline(),
    ]
    return () => {
      for (const each of release) each()
    }
  }

  /** The first reason counts for the handler. */
  end(reason: TurnStopped['reason']): void {
    if (reason === 'worker-shutdown' || reason === 'superseded') this.leave.abort(new TurnStopped(reason))
    if (!this.stop.signal.aborted) this.stop.abort(new TurnStopped(reason))
  }

  /** Ends the turn in time to say so itself, before Temporal would end it without a word. */
  private deadline(): () => void {
    const { context, deadlineMs, graceMs } = this.options
    const ms = context.info.scheduledTimestampMs + deadlineMs - Date.now() - graceMs
    return systemClock.timer(() => this.end('deadline'), Math.max(1, ms))
  }
}
