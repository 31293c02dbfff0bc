/**
 * What the log says of an error. Only these fields: errors of libraries carry much more, such as the request that failed with
 * its Authorization header and its body.
 */
export interface ErrorDescription {
  readonly type: string
  readonly message?: string
  readonly stack?: string
  readonly code?: string | number
  readonly cause?: ErrorDescription
}

/** Causes beyond are left out; they may be a circle. */
const MAX_CAUSES = 8

/** @param thrown anything: promises reject with what is no error, too */
export function describeError(thrown: unknown, causes = MAX_CAUSES): ErrorDescription {
  if (typeof thrown !== 'object' || thrown === null) return { type: typeof thrown, message: String(thrown) }
  const { name, message, stack, code, cause } = thrown as Readonly<Record<string, unknown>>
  return {
    type: typeof name === 'string' ? name : 'object',
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(cause === undefined || causes === 0 ? {} : { cause: describeError(cause, causes - 1) }),
  }
}
