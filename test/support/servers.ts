/** Servers for tests, on free ports and in directories of their own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AgentDefinition } from '../../src/agent/agent-definition.js'
import type { NatsOptions } from '../../src/bus/nats/options.js'
import { type Logger, silentLogger } from '../../src/internal/logger.js'
import type { GatewayProcess } from '../../src/process/gateway-process.js'
import { startGateway } from '../../src/server/index.js'
import { startWorker, type WorkerProcess } from '../../src/worker/index.js'
import { type OneProcess, type OneProcessOptions, startOneProcess } from '../../src/worker/one-process.js'
import { agents } from './agents.js'

export interface TestServer extends OneProcess {
  readonly url: string
  readonly port: number
}

let queues = 0

/** With `TEMPORAL_A2A_TEST_STORE=postgres` there, where a test does not say otherwise: the same suite on the other database. */
async function storeBeside(directory: string): Promise<string> {
  if (process.env.TEMPORAL_A2A_TEST_STORE !== 'postgres') return join(directory, 'a2a.db')
  const { postgres } = await import('./databases.js')
  if (postgres.missing) throw new Error(postgres.title)
  return (await postgres.create()).where
}

/** @param options `temporalAddress` of the shared server for the Temporal engine, or `engine: 'memory'` */
export async function startTestServer(options: Partial<OneProcessOptions> = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-store-'))
  queues += 1
  const running = await startOneProcess({
    agents,
    logger: testLogger,
    db: options.engine === 'memory' ? join(directory, 'a2a.db') : await storeBeside(directory),
    dataDirectory: directory,
    taskQueue: `test-${process.pid}-${queues}-${Date.now()}`,
    turn: { graceMs: 300 },
    ...options,
  })
  return {
    ...running,
    url: running.server.url,
    port: running.server.port,
    async stop() {
      await running.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export interface SplitServers {
  /** One a gateway; they share nothing but Temporal, the store and, when there is one, the bus. */
  readonly urls: readonly string[]
  stop(): Promise<void>
}

/** Gateways and workers as in processes of their own, but in this one, so that a test can reach into its agents. */
export async function startSplitServers(options: {
  readonly temporalAddress: string
  readonly gateways: number
  readonly workers: number
  readonly nats?: NatsOptions
  readonly agents?: readonly AgentDefinition[]
}): Promise<SplitServers> {
  const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-split-'))
  queues += 1
  const shared = {
    agents: options.agents ?? agents,
    logger: testLogger,
    temporalAddress: options.temporalAddress,
    db: await storeBeside(directory),
    taskQueue: `test-${process.pid}-${queues}-${Date.now()}`,
    ...(options.nats === undefined ? {} : { nats: options.nats }),
  }
  const secret = new Uint8Array(32).fill(7)
  const gateways: GatewayProcess[] = []
  const workers: WorkerProcess[] = []
  for (let i = 0; i < options.gateways; i += 1) gateways.push(await startGateway({ ...shared, secret, port: 0 }))
  for (let i = 0; i < options.workers; i += 1) workers.push(await startWorker({ ...shared, turn: { graceMs: 300 } }))
  return {
    urls: gateways.map(({ server }) => server.url),
    async stop() {
      await Promise.all([...gateways, ...workers].map((each) => each.stop()))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Silent, unless `DEBUG` is set. */
export const testLogger: Logger = process.env.DEBUG
  ? {
      debug: (fields, message) => process.stderr.write(`debug ${message} ${JSON.stringify(fields)}\n`),
      info: (fields, message) => process.stderr.write(`info ${message} ${JSON.stringify(fields)}\n`),
      warn: (fields, message) =>
        process.stderr.write(
          `warn ${message} ${JSON.stringify(fields)} ${String((fields as { err?: Error }).err?.stack ?? '')}\n`,
        ),
      error: (fields, message) =>
        process.stderr.write(
          `error ${message} ${JSON.stringify(fields)} ${String((fields as { err?: Error }).err?.stack ?? '')}\n`,
        ),
    }
  : silentLogger
