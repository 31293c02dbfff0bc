/** What is told when the store cannot be opened. */

/** The database cannot be used as it is; the message says why and what to do. */
export class StoreDatabaseError extends Error {
  override readonly name = 'StoreDatabaseError'

  /** @param cause is told, but not kept: errors of a driver may hold the password */
  constructor(database: string, cause: unknown) {
    super(`The database ${database} cannot be used: ${reasonOf(cause)}`)
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ')
  const { code, message } = cause as { code?: unknown; message?: unknown }
  if (code === 'ERR_INVALID_URL') return 'it is not a URL such as postgres://user@host:5432/database'
  return typeof message === 'string' ? message : String(cause)
}
