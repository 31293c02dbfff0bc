/** Removes ended tasks in time, for operators who do not keep them for ever. Any number of processes may do it. */
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import type { EndedTask, TaskStore } from './task-store.js'

export interface ForgetEndedOptions {
  readonly store: TaskStore
  readonly logger: Logger
  /** Days after its end that a task is kept. */
  readonly keepDays: number
  /**
   * Removes a task where it came from, so that nobody finds it there, and resolves when it is gone: the store comes after.
   * False when it cannot be removed, as it goes on there.
   */
  removeAtSource(key: string): Promise<boolean>
  /** Milliseconds between two rounds. Default ten minutes. */
  readonly everyMs?: number
}

const PAGE = 200
/** Tasks that are removed at once. */
const AT_ONCE = 4
const DAY_MS = 86_400_000

/** Runs until the signal aborts. */
export async function forgetEndedTasks(options: ForgetEndedOptions, signal: AbortSignal): Promise<void> {
  const { logger, everyMs = 600_000 } = options
  while (!signal.aborted) {
    try {
      await round(options, signal)
    } catch (error) {
      if (!signal.aborted) logger.debug({ err: error }, 'old tasks could not be removed, will be tried again')
    }
    await sleep(everyMs, signal, 'background')
  }
}

async function round(options: ForgetEndedOptions, signal: AbortSignal): Promise<void> {
  const { reconciliation } = options.store
  const before = Date.now() - options.keepDays * DAY_MS
  let removed = 0
  let last: EndedTask | undefined
  try {
    do {
      const page = await reconciliation.endedBefore(before, PAGE, last)
      last = page.length < PAGE ? undefined : page.at(-1)
      const left = page.values()
      const lane = async () => {
        for (const { key } of left) {
          if (signal.aborted) return
          if ((await options.removeAtSource(key)) && (await reconciliation.forget(key))) removed += 1
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, lane))
    } while (last !== undefined && !signal.aborted)
  } finally {
    if (removed > 0) options.logger.info({ tasks: removed }, 'tasks that ended long ago were removed')
  }
}
