/** The default logger: pino, JSON lines on stderr, without what must not be logged. */
import { type DestinationStream, destination, pino } from 'pino'
import type { Logger } from '../internal/logger.js'
import { describeError } from './describe-error.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Fields that are never written, wherever they occur. */
const SECRET_PATHS = ['authorization', 'cookie', 'token', 'credentials', 'parts', 'secret', 'apiKey'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
)

/** @param out default: stderr */
export function createLogger(level: LogLevel, out: DestinationStream = destination({ dest: 2, sync: true })): Logger {
  const options = {
    level,
    redact: SECRET_PATHS,
    base: null,
    formatters: { log: withDescribedErrors },
    // In place of pino's own, which writes whatever an error has.
    serializers: { err: (described: unknown) => described },
  }
  return pino(options, out)
}

function withDescribedErrors(fields: Record<string, unknown>): Record<string, unknown> {
  const described = Object.entries(fields).map(([name, value]) => [
    name,
    (name === 'err' && value !== undefined) || value instanceof Error ? describeError(value) : value,
  ])
  return Object.fromEntries(described)
}
