/** Spans of time as people write them. */

type Unit =
  | 'ms'
  | 's'
  | 'second'
  | 'seconds'
  | 'm'
  | 'minute'
  | 'minutes'
  | 'h'
  | 'hour'
  | 'hours'
  | 'd'
  | 'day'
  | 'days'
  | 'w'
  | 'week'
  | 'weeks'

/** Milliseconds, or a number with a unit such as `'90 s'`, `'2h'` or `'3 days'`. */
export type Duration = number | `${number}${Unit}` | `${number} ${Unit}`

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** Ten years. */
const MAX_MS = 3_652 * 86_400_000

/**
 * @param what the duration is, for the error
 * @throws TypeError it is no duration, negative, or longer than ten years
 */
export function durationMs(duration: Duration, what: string): number {
  const ms = typeof duration === 'number' ? duration : parse(duration)
  if (ms >= 0 && ms <= MAX_MS) return Math.ceil(ms)
  throw new TypeError(
    `${what} (${JSON.stringify(duration)}) must be a number of milliseconds, or a number with a unit such as '90 s', '2 hours' or '3 days', up to ten years`,
  )
}

function parse(text: unknown): number {
  const [, number, unit = ''] =
    /^\s*(\d+(?:\.\d+)?)\s*(ms|s|seconds?|m|minutes?|h|hours?|d|days?|w|weeks?)\s*$/.exec(String(text)) ?? []
  return Number(number) * (unit === 'ms' ? 1 : (UNIT_MS[unit[0] ?? ''] ?? Number.NaN))
}
