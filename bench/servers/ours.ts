/**
 * Our server in a process of its own. With the address of a Temporal server as its argument, tasks run on that one; without,
 * by the memory engine: what protocol and bindings cost.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../src/internal/logger.js'
import { startOneProcess } from '../../src/worker/one-process.js'
import { agents } from '../support/agents.js'
import { serveQuestions } from '../support/child.js'

const [temporalAddress] = process.argv.slice(2)
const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-bench-'))
const common = { agents, logger: silentLogger }
const running = await startOneProcess(
  temporalAddress === undefined
    ? { ...common, engine: 'memory', db: ':memory:' }
    : { ...common, temporalAddress, taskQueue: `bench-${process.pid}`, db: join(directory, 'a2a.db') },
)
serveQuestions(async () => {
  await running.stop()
  await rm(directory, { recursive: true, force: true })
})
process.send?.({ port: running.server.port, directory })
