/** Numbers that a caller may set: defaults for those that are not set, an error for those that cannot be meant. */
import { type FieldViolation, invalidParams } from '../a2a/errors.js'

export interface Kind {
  holds(value: unknown): boolean
  readonly description: string
}

/** `Infinity` is without end. */
export const MILLISECONDS: Kind = {
  holds: (value) => typeof value === 'number' && value >= 0,
  description: 'must be a number of milliseconds, 0 or more',
}

/** `Infinity` is no bound. */
export const BOUND: Kind = {
  holds: (value) => typeof value === 'number' && value > 0,
  description: 'must be a number above 0',
}

/**
 * What is given, and the defaults for the rest: `undefined` is not given.
 *
 * @param place the option that they are in, for the error; empty for the options themselves
 * @throws A2AError INVALID_PARAMS names every value that is wrong
 */
export function settings<Settings extends { readonly [Name in keyof Settings]: number }>(
  place: string,
  kind: Kind,
  defaults: Settings,
  given: { readonly [Name in keyof Settings]?: number | undefined } = {},
): Settings {
  const violations: FieldViolation[] = []
  const names = Object.keys(defaults) as (keyof Settings & string)[]
  const entries = names.map((name) => {
    const value: unknown = given[name] ?? defaults[name]
    const field = place === '' ? name : `${place}.${name}`
    if (!kind.holds(value)) violations.push({ field, description: kind.description })
    return [name, value]
  })
  if (violations.length > 0) throw invalidParams(violations)
  return Object.fromEntries(entries) as Settings
}
