/** `Retry-After` in milliseconds: seconds or a date (RFC 9110, section 10.2.3). */

/** The longest pause that a peer can ask for; more is taken as this. */
const MAX_MS = 3_600_000

/** Undefined when the header is absent or unreadable. */
export function retryAfterMs(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  const ms = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * 1_000 : dateMs(value) - now
  return Number.isNaN(ms) ? undefined : Math.min(MAX_MS, Math.max(0, ms))
}

/** NaN for what is no HTTP date: `Date.parse` alone takes much for one. */
function dateMs(value: string): number {
  return /^[A-Z][a-z]+, /.test(value) ? Date.parse(value) : Number.NaN
}
