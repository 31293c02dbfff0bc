/**
 * The logger that every part is given. A pino logger is one; so is any object with these four functions.
 *
 * Fields come first, then a sentence without decoration: `logger.warn({ port }, 'Temporal server died')`.
 */

type LogFunction = (fields: object, message: string) => void

/** Where log lines go. A pino logger is one. */
export interface Logger {
  debug: LogFunction
  info: LogFunction
  warn: LogFunction
  error: LogFunction
}

/** The same logger with these fields on every line. */
export function withFields(logger: Logger, fields: object): Logger {
  return {
    debug: (more, message) => logger.debug({ ...fields, ...more }, message),
    info: (more, message) => logger.info({ ...fields, ...more }, message),
    warn: (more, message) => logger.warn({ ...fields, ...more }, message),
    error: (more, message) => logger.error({ ...fields, ...more }, message),
  }
}

/** Says nothing. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
