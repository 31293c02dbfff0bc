/** What came back for an input: an HTTP answer, or the end of the connection or stream without one. */

export interface HttpAnswer {
  readonly status: number
  /** By lower-case name; several values are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  readonly trailers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Closed {
  /** How it was closed. */
  readonly closed: string
}

export type Outcome = HttpAnswer | Closed

export function isClosed(outcome: Outcome): outcome is Closed {
  return 'closed' in outcome
}

/** An answer that is not there after this time is none. */
export const ANSWER_MS = 2_000

export async function inTime<T>(work: Promise<T>, what: string, ms = ANSWER_MS): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
