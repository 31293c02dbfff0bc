/** A worker for as long as the process wants one: what breaks down is replaced. */
import { onAbort } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { createWorker, type RunningWorker, type WorkerOptions } from './create-worker.js'

/** Keeps a worker running until the signal aborts. Resolves, with the way to stop it after that, when the first one runs. */
export function superviseWorker(options: WorkerOptions, signal: AbortSignal): Promise<() => Promise<void>> {
  return supervise(() => createWorker(options), options.logger, signal)
}

export async function supervise(
  create: () => Promise<RunningWorker>,
  logger: Logger,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  let current = await create()
  const watch = async () => {
    for (;;) {
      try {
        return await current.done
      } catch (error) {
        if (signal.aborted) return
        logger.error({ err: error }, 'worker broke down, a new one is started')
        current = await restart(create, logger, signal)
      }
    }
  }
  const watching = watch()
  return async () => {
    await current.stop()
    await watching
  }
}

async function restart(
  create: () => Promise<RunningWorker>,
  logger: Logger,
  signal: AbortSignal,
): Promise<RunningWorker> {
  for (let waitMs = 200; ; waitMs = Math.min(waitMs * 2, 5_000)) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      onAbort(signal, () => {
        clearTimeout(timer)
        resolve()
      })
    })
    if (signal.aborted) return { done: Promise.resolve(), stop: async () => {} }
    try {
      const worker = await create()
      // Who stops meanwhile has stopped the one before.
      if (signal.aborted) await worker.stop()
      return worker
    } catch (error) {
      logger.warn({ err: error }, 'worker could not be started, will be tried again')
    }
  }
}
