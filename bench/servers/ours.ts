/** Our server with the memory engine: what protocol and bindings cost, without Temporal. */
import { silentLogger } from '../../src/internal/logger.js'
import { startOneProcess } from '../../src/worker/one-process.js'
import { agents } from '../support/agents.js'
import { serveQuestions } from '../support/child.js'

const running = await startOneProcess({ agents, logger: silentLogger, engine: 'memory', db: ':memory:' })
serveQuestions(() => running.stop())
process.send?.({ port: running.server.port })
