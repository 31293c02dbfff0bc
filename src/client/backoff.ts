/** When to try again: exponential, with jitter, never before the peer wants it, and not for ever. */
import { sleep } from '../internal/abort.js'

/** When a lost connection is tried again. */
export interface RetryOptions {
  /** Milliseconds before the first retry. Default 100. */
  readonly initialMs?: number
  /** The longest pause in milliseconds. Default 5,000. */
  readonly maxMs?: number
  /**
   * Milliseconds without any success after which the last error is final. A run asks for its task once more before (up to
   * 5,000 ms), since a quiet stream that was cut shows no success. Default 120,000; 0: no retry at all.
   */
  readonly giveUpMs?: number
}

export const DEFAULT_RETRY: Required<RetryOptions> = { initialMs: 100, maxMs: 5_000, giveUpMs: 120_000 }

export class Backoff {
  private tries = 0
  private failingSince: number | undefined
  private readonly options: Required<RetryOptions>
  private readonly random: () => number

  /** @param random 0 up to 1; the jitter */
  constructor(options: Required<RetryOptions>, random: () => number = Math.random) {
    this.options = options
    this.random = random
  }

  /** Something new has come: the next pause is a short one again. */
  reset(): void {
    this.tries = 0
    this.worked()
  }

  /** The peer has answered: the time to give up is far again. Pauses grow on, for one that answers and closes at once. */
  worked(): void {
    this.failingSince = undefined
  }

  /**
   * Milliseconds to wait before the next try, or undefined when it is time to give up.
   *
   * @param retryAfterMs what the peer has asked for; a pause is never shorter
   */
  next(retryAfterMs = 0, now = Date.now()): number | undefined {
    const { initialMs, maxMs, giveUpMs } = this.options
    this.failingSince ??= now
    const pause = Math.min(maxMs, initialMs * 2 ** Math.min(this.tries, 30))
    this.tries += 1
    const ms = Math.max(retryAfterMs, pause * (0.5 + this.random() / 2))
    return now - this.failingSince + ms > giveUpMs ? undefined : ms
  }
}

/**
 * Runs `work` until it succeeds, fails for good, or it is time to give up.
 *
 * @param retryable whether this error may go away, and the work may be done again
 * @throws the last error, or the signal's reason
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  {
    retry,
    retryable,
    signal,
  }: { retry: Required<RetryOptions>; retryable(error: unknown): boolean; signal: AbortSignal },
): Promise<T> {
  const backoff = new Backoff(retry)
  for (;;) {
    signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      const pause = retryable(error) ? backoff.next((error as { retryAfterMs?: number }).retryAfterMs) : undefined
      if (pause === undefined) throw error
      await sleep(pause, signal)
    }
  }
}
