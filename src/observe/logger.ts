/** The default logger: pino, JSON lines on stderr, without what must not be logged. */
import { destination, pino } from 'pino'
import type { Logger } from '../internal/logger.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Fields that are never written, wherever they occur. */
const SECRET_PATHS = ['authorization', 'cookie', 'token', 'credentials', 'parts', 'secret', 'apiKey'].flatMap(
  (name) => [name, `*.${name}`, `*.*.${name}`],
)

export function createLogger(level: LogLevel): Logger {
  return pino({ level, redact: SECRET_PATHS, base: null }, destination({ dest: 2, sync: true }))
}
