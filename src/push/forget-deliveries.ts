/** Forgets the log of deliveries in time, a little at a time. */
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import type { PushStore } from '../store/push-store.js'
import { DEFAULT_KEEP_LOG_DAYS } from './webhook-settings.js'

export interface ForgetOptions {
  readonly store: PushStore
  readonly logger: Logger
  /** Default 30. */
  readonly keepDays?: number | undefined
  /** Milliseconds between two rounds. Default ten minutes. */
  readonly everyMs?: number
}

const AT_ONCE = 500
const DAY_MS = 86_400_000

/** Runs until the signal aborts. Any number of processes may do it. */
export async function forgetDeliveries(options: ForgetOptions, signal: AbortSignal): Promise<void> {
  const { store, logger, keepDays = DEFAULT_KEEP_LOG_DAYS, everyMs = 600_000 } = options
  while (!signal.aborted) {
    try {
      const before = new Date(Date.now() - keepDays * DAY_MS)
      while (!signal.aborted && (await store.forgetDeliveries(before, AT_ONCE)) === AT_ONCE);
    } catch (error) {
      logger.debug({ err: error }, 'old deliveries could not be forgotten, will be tried again')
    }
    await sleep(everyMs, signal, 'background')
  }
}
