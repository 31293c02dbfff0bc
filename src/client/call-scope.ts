/** The signal of one call: the caller's own, and the call's deadline. */
import { A2AError } from '../a2a/errors.js'
import { onAbort } from '../internal/abort.js'

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
 * @param timeoutMs milliseconds; undefined is without end
 */
export function openScope(signals: readonly (AbortSignal | undefined)[], timeoutMs: number | undefined): CallScope {
  const controller = new AbortController()
  const offs = signals.map((signal) => onAbort(signal, () => controller.abort(signal?.reason)))
  const timer =
    timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(() => controller.abort(deadlineExceeded(timeoutMs)), timeoutMs)
  return {
    signal: controller.signal,
    close() {
      clearTimeout(timer)
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

function deadlineExceeded(ms: number): A2AError {
  return new A2AError('DEADLINE_EXCEEDED', `The call took longer than ${ms} ms (timeoutMs)`)
}
