/**
 * When a webhook is tried again (the schedule that Standard Webhooks suggests): ten attempts within about 75 hours.
 * Pure, so that a workflow may ask.
 */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds to wait before each attempt, from the first: 75 h 35 min in all. */
export const RETRY_SCHEDULE_MS: readonly number[] = [
  0,
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]

/** A pause is longer or shorter by up to this share, so that receivers that come back are not met by all at once. */
export const JITTER = 0.2
/** The longest pause that a receiver can ask for; more is taken as this. */
export const MAX_RETRY_AFTER_MS = 24 * HOUR

/**
 * Milliseconds from the failure of an attempt until the next one, or undefined when that was the last.
 *
 * @param failed attempts that have failed, from 1
 * @param random 0 up to 1; where in the jitter
 * @param retryAfterMs what the receiver has asked for; the next attempt is never earlier, up to a day
 */
export function nextAttemptMs(failed: number, random: number, retryAfterMs = 0): number | undefined {
  const pause = RETRY_SCHEDULE_MS[failed]
  if (pause === undefined) return undefined
  const asked = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS)
  return Math.ceil(Math.max(pause * (1 + JITTER * (2 * random - 1)), asked * (1 + JITTER * random)))
}
