/** Temporal's native core, of which a process has one: its log goes where ours goes. */
import { DefaultLogger, type LogLevel, Runtime } from '@temporalio/worker'
import type { Logger } from '../internal/logger.js'

let installed = false

/** Must run before the first connection is made; later calls change nothing. */
export function installRuntime(logger: Logger): void {
  if (installed) return
  installed = true
  const write: Record<LogLevel, (fields: object, message: string) => void> = {
    TRACE: () => {},
    DEBUG: (fields, message) => logger.debug(fields, message),
    INFO: (fields, message) => logger.debug(fields, message),
    WARN: (fields, message) => logger.warn(fields, message),
    ERROR: (fields, message) => logger.error(fields, message),
  }
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      write[level]({ source: 'temporal', ...meta }, message),
    ),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } },
  })
}
