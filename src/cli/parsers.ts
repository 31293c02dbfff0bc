/** Values of flags and of their variables. Commander names the flag or the variable in front of what is said here. */
import { InvalidArgumentError } from 'commander'
import type { Check } from '../server/addresses.js'

export function port(text: string): number {
  const value = digits(text)
  if (!(value <= 65_535)) throw new InvalidArgumentError('must be 0 to 65535')
  return value
}

/** @param least the smallest value that makes sense */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = digits(text)
    if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`must be at least ${least}`)
    return value
  }
}

export function seconds(text: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= 86_400)) throw new InvalidArgumentError('must be seconds, 0 to 86400')
  return value
}

/** Text that has to be right. */
export function checked(problemOf: Check): (text: string) => string {
  return (text) => {
    const problem = problemOf(text)
    if (problem !== undefined) throw new InvalidArgumentError(problem)
    return text
  }
}

/** Values of a flag that may be given several times, and of a variable, which holds all of them with commas between. */
export function list(problemOf: Check = () => undefined): (text: string, before?: readonly string[]) => string[] {
  const one = checked(problemOf)
  return (text, before = []) => {
    const values = text.split(',').map((each) => each.trim())
    return [...before, ...values.filter((each) => each !== '').map(one)]
  }
}

/** Number takes white space for 0, and 0x10 for 16. */
function digits(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
