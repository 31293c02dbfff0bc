/** How long a server wants to be left alone. */
import { readRetryAfter } from '../../internal/retry-after.js'

/** The longest pause that a peer can ask for; more is taken as this. */
const MAX_MS = 3_600_000

/** Milliseconds; undefined when the header is absent or unreadable. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const ms = readRetryAfter(headers.get('retry-after'), now)
  return ms === undefined ? undefined : Math.min(MAX_MS, ms)
}
