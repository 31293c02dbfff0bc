/**
 * What the bus says of a cancel is a hint: anybody who can publish there may say it. So Temporal is asked, which has written
 * every cancel down that was accepted. One question at a time, however many hints come.
 */
import { sleep } from '../../internal/abort.js'
import { isCancelRequested, type TurnExecution } from './describe-turn.js'

export interface CancelCheckOptions extends TurnExecution {
  /** No more questions after it aborts. */
  readonly signal: AbortSignal
  /** Temporal has it: a cancel was requested. */
  onConfirmed(): void
  /** Temporal could not be asked; the next heartbeat brings the same. */
  onFailure(error: unknown): void
}

/** Pause after a hint that was not true, in milliseconds. */
const PAUSE_MS = 100

export class CancelCheck {
  private readonly options: CancelCheckOptions
  private asking = false
  /** A hint came while Temporal was being asked: the answer may be older than the hint. */
  private again = false

  constructor(options: CancelCheckOptions) {
    this.options = options
  }

  hint(): void {
    this.again = true
    if (!this.asking) void this.ask()
  }

  private async ask(): Promise<void> {
    const { signal, onConfirmed, onFailure } = this.options
    this.asking = true
    while (this.again && !signal.aborted) {
      this.again = false
      try {
        if (await isCancelRequested(this.options)) return onConfirmed()
      } catch (error) {
        onFailure(error)
      }
      await sleep(PAUSE_MS, signal)
    }
    this.asking = false
  }
}
