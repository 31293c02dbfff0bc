/** Retry-After, for errors that say when to come back. */
import { toA2AError } from '../../a2a/errors.js'

export function retryHeaders(thrown: unknown): Record<string, string> {
  const { retryAfterMs } = toA2AError(thrown)
  return retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }
}
