/** Waiting with a signal and a deadline: every wait of this package goes through one of these. */
import { startTimer } from './timer.js'

/**
 * Resolves after `ms`, or as soon as `signal` aborts; never rejects.
 *
 * @param kind `awaited` (default) keeps the process alive, since somebody waits for what comes after; `background` does not
 */
export function sleep(ms: number, signal?: AbortSignal, kind: 'awaited' | 'background' = 'awaited'): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      stop()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const stop = startTimer(done, ms, kind)
    signal?.addEventListener('abort', done, { once: true })
  })
}

/** Runs `fire` once: when `signal` aborts, or at once when it already has. Returns the way to stop listening. */
export function onAbort(signal: AbortSignal | undefined, fire: () => void): () => void {
  if (signal === undefined) return () => {}
  if (signal.aborted) {
    fire()
    return () => {}
  }
  signal.addEventListener('abort', fire, { once: true })
  return () => signal.removeEventListener('abort', fire)
}

/** What `withDeadline` rejects with when the time is over. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError'
}

/**
 * The promise's result, or a {@link DeadlineError} after `ms`, or the signal's reason when it aborts first.
 * The work itself is not stopped: the caller has to know what an unfinished call may still do.
 */
export function withDeadline<T>(work: Promise<T>, ms: number, what: string, signal?: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let off = () => {}
    const settle = (then: () => void) => {
      stop()
      off()
      then()
    }
    const stop = startTimer(() => settle(() => reject(new DeadlineError(`${what} took longer than ${ms} ms`))), ms)
    off = onAbort(signal, () => settle(() => reject(signal?.reason)))
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
