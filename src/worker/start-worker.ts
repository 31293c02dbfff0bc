/** `startWorker()`: turns executed here, requests answered by gateways elsewhere. */
import { createLogger } from '../observe/logger.js'
import { DEFAULT_DB } from '../serve.js'
import { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from './worker-process.js'

type Defaulted = 'db' | 'logger'

/** Defaults: database `.temporal-a2a/a2a.db`, warnings and errors as JSON lines on stderr. */
export type StartWorkerOptions = Omit<WorkerProcessOptions, Defaulted> & Partial<Pick<WorkerProcessOptions, Defaulted>>

/**
 * @throws AgentDefinitionError agents that contradict each other
 * @throws TemporalNotFoundError no Temporal server could be found, downloaded or built; the message says what to do
 */
export function startWorker(options: StartWorkerOptions): Promise<WorkerProcess> {
  return startWorkerProcess({
    ...options,
    db: options.db ?? DEFAULT_DB,
    logger: options.logger ?? createLogger('warn'),
  })
}
