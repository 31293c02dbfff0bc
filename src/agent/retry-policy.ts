/** How often, and how soon, what throws is tried again: a turn of an agent, or a step of it. */

export interface RetryPolicy {
  /** How often it is tried in all. Default 3 for a turn, 1 for a step. */
  readonly maxAttempts?: number
  /** Wait before the second try, in milliseconds; doubles after each. Default 500. */
  readonly initialIntervalMs?: number
  /** The longest wait between two tries, in milliseconds. Default 30000, or the first wait where that is longer. */
  readonly maxIntervalMs?: number
}

/** Ten years, in milliseconds: an operator's mistake above it. */
const MAX_MS = 3_650 * 86_400_000

export function wholeRetryPolicy(given: RetryPolicy | undefined, attempts: number): Required<RetryPolicy> {
  const { maxAttempts = attempts, initialIntervalMs = 500 } = given ?? {}
  const { maxIntervalMs = Math.max(30_000, initialIntervalMs) } = given ?? {}
  return { maxAttempts, initialIntervalMs, maxIntervalMs }
}

/** What cannot be right about it; undefined when nothing is wrong. */
export function retryProblem(policy: Required<RetryPolicy>): string | undefined {
  const badSize = sizesProblem({ ...policy })
  if (badSize !== undefined) return badSize
  const { initialIntervalMs, maxIntervalMs } = policy
  if (maxIntervalMs >= initialIntervalMs) return undefined
  return `maxIntervalMs (${maxIntervalMs}) must not be less than initialIntervalMs (${initialIntervalMs})`
}

/** What cannot be right about counts and times in milliseconds, by their names; undefined when nothing is wrong. */
export function sizesProblem(sizes: Readonly<Record<string, number>>): string | undefined {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isFinite(value) || value < 1) return `${name} (${value}) must be a number of at least 1`
    if (value > MAX_MS) return `${name} (${value}) must not be more than ${MAX_MS}, ten years`
  }
  return undefined
}

/** @param failures how often it has failed */
export function retryDelayMs({ initialIntervalMs, maxIntervalMs }: Required<RetryPolicy>, failures: number): number {
  return Math.min(initialIntervalMs * 2 ** (failures - 1), maxIntervalMs)
}
