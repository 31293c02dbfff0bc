/** The signal of one call: the caller's own, and the call's deadline. */
import { A2AError, invalidParams } from '../a2a/errors.js'
import { onAbort } from '../internal/abort.js'
import { startTimer } from '../internal/timer.js'
import { MILLISECONDS } from './settings.js'

export interface CallScope {
  readonly signal: AbortSignal
  /** Must be called when the call is over: stops the timer and lets go of the caller's signals. */
  close(): void
}

interface DeadlineOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/**
 * Aborts with the reason of the first of `signals` that does, or with an A2AError DEADLINE_EXCEEDED after `timeoutMs`.
 *
 * @param timeoutMs milliseconds; undefined and `Infinity` are without end. What is no such number aborts at once, with
 *   INVALID_PARAMS.
 */
export function openScope(signals: readonly (AbortSignal | undefined)[], timeoutMs: number | undefined): CallScope {
  const controller = new AbortController()
  const offs = signals.map((signal) => onAbort(signal, () => controller.abort(signal?.reason)))
  const stop = startDeadline(controller, timeoutMs)
  return {
    signal: controller.signal,
    close() {
      stop()
      for (const off of offs) off()
    },
  }
}

/** Several calls with one signal and one deadline, which counts from now. */
export async function withinOneDeadline<Options extends DeadlineOptions, T>(
  options: Options,
  work: (options: Options) => Promise<T>,
): Promise<T> {
  if (options.timeoutMs === undefined) return work(options)
  const scope = openScope([options.signal], options.timeoutMs)
  try {
    return await work({ ...options, signal: scope.signal, timeoutMs: Number.POSITIVE_INFINITY })
  } finally {
    scope.close()
  }
}

/** The work's result, or the signal's reason as soon as it aborts, whether the work minds it or not. */
export function unlessAborted<T>(work: Promise<T> | T, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason))
    Promise.resolve(work).then(resolve, reject).finally(off)
  })
}

function startDeadline(controller: AbortController, timeoutMs: number | undefined): () => void {
  if (timeoutMs === undefined) return () => {}
  if (MILLISECONDS.holds(timeoutMs)) return startTimer(() => controller.abort(deadlineExceeded(timeoutMs)), timeoutMs)
  controller.abort(invalidParams([{ field: 'timeoutMs', description: MILLISECONDS.description }]))
  return () => {}
}

/** A deadline is met between two tries: what the last one failed with is why it was. Other errors stay as they are. */
export function withLast(error: unknown, last: unknown): unknown {
  if (!(error instanceof CallDeadlineError) || !(last instanceof Error)) return error
  return new CallDeadlineError(`${error.message}. The last error: ${last.message}`, { cause: last })
}

class CallDeadlineError extends A2AError {
  constructor(message: string, options?: { cause: unknown }) {
    super('DEADLINE_EXCEEDED', message, options)
  }
}

function deadlineExceeded(ms: number): A2AError {
  return new CallDeadlineError(`The call took longer than ${ms} ms (timeoutMs)`)
}
