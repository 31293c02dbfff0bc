/** Whether the database answers. While it does not, nobody waits for it. */
import { type A2AError, unavailable } from '../a2a/errors.js'
import { withDeadline } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { isAbsence, isRefusal } from './failures.js'

/** After a failure the database is left alone for this long, in milliseconds; then one caller tries. */
const REST_MS = 1_000

export class Availability {
  private readonly logger: Logger
  private failedAt: number | undefined
  private troubled = false
  private trying = false

  constructor(logger: Logger) {
    this.logger = logger
  }

  /**
   * Does what is asked unless the database is known not to answer.
   *
   * @param ms the longest the caller waits
   * @throws A2AError UNAVAILABLE, or the database's own error when it does not want the values
   */
  async run<T>(ms: number, what: string, work: () => Promise<T>): Promise<T> {
    if (this.failedAt !== undefined) {
      if (this.trying || Date.now() - this.failedAt < REST_MS) throw noStore()
      this.trying = true
    }
    try {
      const result = await withDeadline(work(), ms, what)
      this.answered()
      return result
    } catch (error) {
      if (isRefusal(error)) throw error
      this.failed(error)
      throw noStore(error)
    } finally {
      this.trying = false
    }
  }

  /** It has answered somebody who did not ask here. */
  answered(): void {
    if (this.troubled) this.logger.info({}, 'the store works again')
    this.failedAt = undefined
    this.troubled = false
  }

  failed(error: unknown): void {
    const { message, code } = error as { message?: unknown; code?: unknown }
    const absent = isAbsence(error)
    const what = absent ? 'the store does not answer' : 'the store could not do what was asked'
    // Once, and not with every try.
    this.logger[this.troubled ? 'debug' : 'warn']({ cause: message, code }, what)
    this.troubled = true
    if (absent) this.failedAt = Date.now()
  }
}

function noStore(cause?: unknown): A2AError {
  return unavailable('The task store is not available; try again', cause)
}
