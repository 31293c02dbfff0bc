/** The one line a run is remembered by. */
import type { Violation } from '../oracles/violation.js'
import { killsOf, type RunResult } from './run.js'

/** What the line counts, and by which oracles. */
const COUNTS: readonly [what: string, oracles: readonly string[]][] = [
  ['lost', ['accepted-is-kept', 'inputs-handled-once']],
  ['doubled', ['key-names-one-task']],
  ['duplicated steps or calls', ['finished-steps-run-once', 'calls-begin-one-task']],
  ['gaps or repeats', ['no-gap-no-repeat', 'same-place-same-event', 'picture-equals-task']],
  ['wrong answers', ['says-what-was-meant']],
  ['false or second ends', ['one-end', 'shown-is-durable', 'states-move-forward', 'cancel-is-true']],
]

export function summary({ tasks, strikes, seconds, violations }: RunResult, seed: number): string {
  const counted = COUNTS.map(([what, oracles]) => `${labels(violations, oracles)} ${what}`).join(', ')
  const known = new Set(COUNTS.flatMap(([, oracles]) => oracles))
  const others = violations.filter(({ oracle }) => !known.has(oracle)).length
  const struck = Object.values(strikes).reduce((sum, count) => sum + count, 0)
  const kills = killsOf(strikes)
  const rest = others === 0 ? '' : `, ${others} other violations`
  return `${tasks.toLocaleString('en')} tasks in ${seconds.toFixed(0)} s under ${struck} faults (${kills} × kill -9): ${counted}${rest}; seed ${seed}`
}

function labels(violations: readonly Violation[], oracles: readonly string[]): number {
  return new Set(violations.filter(({ oracle }) => oracles.includes(oracle)).map(({ label }) => label)).size
}
