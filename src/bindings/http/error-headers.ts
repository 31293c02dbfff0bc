/** Headers that some errors come with: when to come back, and how to authenticate. */
import { toA2AError } from '../../a2a/errors.js'

export function errorHeaders(thrown: unknown): Record<string, string> {
  const { reason, retryAfterMs, metadata } = toA2AError(thrown)
  return {
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
    ...(reason === 'UNAUTHENTICATED' ? { 'www-authenticate': metadata.challenge ?? 'Bearer' } : {}),
  }
}
