/** What failed and why, in one line for people: `fetch failed` alone says nothing. */

/** Causes beyond are left out; they may be a circle. */
const MAX_CAUSES = 5

/** The message of an error and those of what caused it, each once. */
export function reasonOf(error: unknown, causes = MAX_CAUSES): string {
  if (!(error instanceof Error)) return String(error)
  // Of several addresses, each of which has refused.
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map((each) => reasonOf(each, 0)))].join('; ')
  }
  const cause = error.cause === undefined || causes === 0 ? '' : reasonOf(error.cause, causes - 1)
  if (cause === '' || error.message.includes(cause)) return error.message
  return error.message === '' ? cause : `${error.message}: ${cause}`
}
