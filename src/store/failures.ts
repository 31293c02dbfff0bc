/** Kinds of failure: the database does not want the values, or does not answer; or cannot do it now, which is the rest. */

/** SQLSTATE classes: cardinality, data, integrity. */
const REFUSED = /^2[123]/
/** SQLSTATE: connection, shut down, too many clients. */
const GONE = /^(?:08|57P|53300)/
/** Result codes of SQLite: too big, constraint, mismatch, range. */
const SQLITE_REFUSED: ReadonlySet<number> = new Set([18, 19, 20, 25])

/** True when the same values would be refused again, however healthy the database is. */
export function isRefusal(error: unknown): boolean {
  const { code, errcode } = parts(error)
  if (isSqlite(error)) return typeof errcode === 'number' && SQLITE_REFUSED.has(errcode & 0xff)
  return isSqlState(code) && REFUSED.test(code)
}

/** True when there is no use in asking anything else now. A file is always there: somebody else may have locked it. */
export function isAbsence(error: unknown): boolean {
  const { code } = parts(error)
  return !isSqlite(error) && (!isSqlState(code) || GONE.test(code))
}

function isSqlite(error: unknown): boolean {
  return parts(error).code === 'ERR_SQLITE_ERROR'
}

function isSqlState(code: unknown): code is string {
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
}

function parts(error: unknown): { code?: unknown; errcode?: unknown } {
  return (error ?? {}) as { code?: unknown; errcode?: unknown }
}
