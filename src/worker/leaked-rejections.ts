/** What a handler starts and forgets may fail later, when nobody waits for it: that is logged, and ends no other's task. */
import type { Logger } from '../internal/logger.js'

/** From now on a rejected promise that nobody handles does not end the process. Returns the way back. */
export function surviveLeakedRejections(logger: Logger): () => void {
  const report = (reason: unknown) => {
    logger.error({ err: reason }, 'a promise was rejected and nobody handled it: some handler forgets to await')
  }
  process.on('unhandledRejection', report)
  return () => void process.off('unhandledRejection', report)
}
