/**
 * The value of a `Retry-After` header in milliseconds: seconds or a date (RFC 9110, section 10.2.3). Undefined when it is
 * absent or unreadable. However long the peer wants: who asks sets the bound.
 */
export function readRetryAfter(header: string | null | undefined, now = Date.now()): number | undefined {
  const value = header?.trim()
  if (value === undefined || value === '') return undefined
  const ms = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * 1_000 : dateMs(value) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}

/** NaN for what is no HTTP date: `Date.parse` alone takes much for one. */
function dateMs(value: string): number {
  return /^[A-Z][a-z]+, /.test(value) ? Date.parse(value) : Number.NaN
}
