/** How many messages an agent takes in a time. What is said here is counted in `server/rate-limiter.ts`. */

/** The units a limit may be given in, with the length of their window in seconds. The one place that lists them. */
export const RATE_UNITS = { perSecond: 1, perMinute: 60, perHour: 3_600, perDay: 86_400 } as const

export type RateUnit = keyof typeof RATE_UNITS

/** At least one unit; with several, each holds. */
export interface RateLimitMeta extends Partial<Readonly<Record<RateUnit, number>>> {
  /**
   * Whose messages are counted together: those of one authenticated caller, or all that reach the agent. Without
   * authentication all callers are one. Default `caller`.
   */
  readonly by?: 'caller' | 'agent'
  /**
   * Counts only messages that name this skill; `''` only those that reach the agent's own handler, because they name no
   * skill with one. Default: all.
   */
  readonly skill?: string
}

/** One limit in one unit. */
export interface RateLimit {
  readonly unit: RateUnit
  readonly max: number
  readonly by: 'caller' | 'agent'
  /** Counts only messages that name one of these; `''` is a message that names none. */
  readonly skills?: readonly string[]
}

type Given = RateLimitMeta | readonly RateLimitMeta[] | undefined

export function rateLimitList(given: Given): readonly RateLimitMeta[] {
  if (given === undefined) return []
  return Array.isArray(given) ? given : [given as RateLimitMeta]
}

/** @param unhandled ids of the skills that have no handler of their own */
export function rateLimits(given: readonly RateLimitMeta[], unhandled: readonly string[]): readonly RateLimit[] {
  return given.flatMap(({ by = 'caller', skill, ...units }) => {
    const skills = skill === '' ? ['', ...unhandled] : skill === undefined ? undefined : [skill]
    return unitsOf(units).map(([unit, max]) => ({ unit, max, by, ...(skills === undefined ? {} : { skills }) }))
  })
}

/**
 * What cannot be right about limits; undefined when nothing is wrong.
 *
 * @param skillIds of the agent
 */
export function rateLimitsProblem(given: readonly RateLimitMeta[], skillIds: readonly string[]): string | undefined {
  for (const { by, skill, ...units } of given) {
    const unknown = Object.keys(units).find((name) => !(name in RATE_UNITS))
    if (unknown !== undefined) return `a rate limit has no ${unknown}; its units are ${UNIT_NAMES}`
    if (unitsOf(units).length === 0) return `a rate limit needs one of ${UNIT_NAMES}`
    for (const [unit, max] of unitsOf(units)) {
      if (!Number.isInteger(max) || max < 1) return `${unit} (${max}) must be a whole number of messages, at least 1`
    }
    if (by !== undefined && by !== 'caller' && by !== 'agent') {
      return `a rate limit counts by 'caller' or 'agent', not by ${JSON.stringify(by)}`
    }
    if (skill !== undefined && skill !== '' && !skillIds.includes(skill)) {
      return `a rate limit names the skill ${JSON.stringify(skill)}, which the agent does not have`
    }
  }
  return undefined
}

const UNIT_NAMES = Object.keys(RATE_UNITS).join(', ')

function unitsOf(units: Partial<Readonly<Record<RateUnit, number>>>): [RateUnit, number][] {
  return Object.entries(units).filter(([, max]) => max !== undefined) as [RateUnit, number][]
}
