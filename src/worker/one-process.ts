/** Everything in one process: Temporal found or started, store, bus, engine, worker, server. What `serve()` loads. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Client } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import { type AgentDefinition, type AgentDirectory, agentDirectory } from '../agent/agent-definition.js'
import { InProcessBus } from '../bus/in-process-bus.js'
import type { Engine } from '../engine/engine.js'
import { MemoryEngine } from '../engine/memory/memory-engine.js'
import type { Logger } from '../internal/logger.js'
import { createServer, type Server, type ServerOptions } from '../server/create-server.js'
import { randomSecret } from '../server/secrets.js'
import { reconcile } from '../store/reconcile.js'
import { openTaskStore } from '../store/sql-task-store.js'
import { openSqlite } from '../store/sqlite.js'
import { closedTasksSince } from '../temporal/closed-tasks.js'
import { openTemporal, type TemporalProgress, type TemporalServer } from '../temporal/embedded/index.js'
import { DEFAULT_TASK_QUEUE, SEARCH_ATTRIBUTES } from '../temporal/names.js'
import { ReachabilityWatch } from '../temporal/reachability.js'
import { ensureSearchAttributes } from '../temporal/search-attributes.js'
import { TemporalEngine } from '../temporal/temporal-engine.js'
import { superviseWorker } from './create-worker.js'
import { installRuntime } from './runtime.js'

export interface OneProcessOptions
  extends Omit<ServerOptions, 'agents' | 'engine' | 'secret' | 'port'>,
    Partial<Pick<ServerOptions, 'secret' | 'port'>> {
  readonly agents: readonly AgentDefinition[]
  /** Default `temporal`. `memory` keeps tasks in this process only. */
  readonly engine?: 'temporal' | 'memory'
  /** `host:port` of a Temporal server; nothing is started then. */
  readonly temporalAddress?: string
  readonly namespace?: string
  /** Path of the store's database; Temporal's lies beside it. */
  readonly db: string
  readonly taskQueue?: string
  readonly env?: NodeJS.ProcessEnv
  readonly turn?: Partial<TurnTimes>
  /** While a Temporal server is looked for, downloaded or built. */
  onProgress?(progress: TemporalProgress): void
  /** Gives up while starting. */
  readonly signal?: AbortSignal
}

export interface TurnTimes {
  /** Milliseconds between two checkpoints of a running turn. Default 2000. */
  readonly checkpointMs: number
  /** Silence of a worker after which its turn is given to another, in milliseconds. Default 6000. */
  readonly heartbeatTimeoutMs: number
  /** How long a handler may go on after it was told to stop, in milliseconds. Default 2000. */
  readonly graceMs: number
}

const DEFAULT_TURN: TurnTimes = { checkpointMs: 2_000, heartbeatTimeoutMs: 6_000, graceMs: 2_000 }

export interface OneProcess {
  readonly server: Server
  readonly engine: Engine
  /** Undefined with the memory engine. */
  readonly temporal: TemporalServer | undefined
  /** Stops everything that was started, in order; at most a few seconds. */
  stop(): Promise<void>
}

export async function startOneProcess(options: OneProcessOptions): Promise<OneProcess> {
  const agents = agentDirectory(options.agents)
  const parts = options.engine === 'memory' ? startMemory(options, agents) : await startTemporal(options, agents)
  try {
    const server = await createServer({
      ...options,
      agents: options.agents,
      engine: parts.engine,
      secret: options.secret ?? parts.secret ?? randomSecret(),
      port: options.port ?? 0,
    })
    return {
      server,
      engine: parts.engine,
      temporal: parts.temporal,
      async stop() {
        await server.stop()
        await parts.stop()
      },
    }
  } catch (error) {
    await parts.stop()
    throw error
  }
}

interface Parts {
  readonly engine: Engine
  readonly temporal: TemporalServer | undefined
  readonly secret: Uint8Array | undefined
  stop(): Promise<void>
}

function startMemory({ logger, turn }: OneProcessOptions, agents: AgentDirectory): Parts {
  const { graceMs } = { ...DEFAULT_TURN, ...turn }
  const engine = new MemoryEngine({ agents, bus: new InProcessBus(), logger, graceMs })
  return { engine, temporal: undefined, secret: undefined, stop: () => engine.close() }
}

async function startTemporal(options: OneProcessOptions, agents: AgentDirectory): Promise<Parts> {
  const { db, logger, taskQueue = DEFAULT_TASK_QUEUE } = options
  const turn = { ...DEFAULT_TURN, ...options.turn }
  installRuntime(logger)
  await mkdir(dirname(db), { recursive: true })
  const undo: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const each of undo.splice(0).reverse()) await each()
  }
  try {
    const temporal = await openTemporal(findOptions(options))
    undo.push(() => temporal.stop())
    const connection = await NativeConnection.connect({ address: temporal.address, ...temporal.connection })
    undo.push(() => connection.close())
    const client = new Client({ connection, namespace: temporal.namespace })
    const reachability = watch(temporal, client, logger)
    undo.push(async () => reachability.close())
    const bus = new InProcessBus()
    const store = await openTaskStore(openSqlite(db), logger)
    undo.push(() => store.close())
    const engine = new TemporalEngine({
      client,
      bus,
      store,
      logger,
      reachability,
      taskQueue,
      eagerStart: true,
      searchAttributes: await ensureSearchAttributes(
        connection.operatorService,
        temporal.namespace,
        SEARCH_ATTRIBUTES,
        logger,
      ),
      heartbeatTimeoutMs: turn.heartbeatTimeoutMs,
    })
    const background = new AbortController()
    const reconciling = reconcile(
      {
        store,
        logger,
        truth: {
          record: (key) => engine.reader.record(key),
          closedSince: (time, signal) => closedTasksSince(client, time, signal),
        },
      },
      background.signal,
    )
    undo.push(async () => {
      background.abort()
      await reconciling
    })
    const stopWorker = await superviseWorker(
      {
        agents,
        connection,
        client,
        taskQueue,
        bus,
        logger,
        ...turn,
        onTurnBegin: (input) => engine.turnBegan(input),
        onTurnEnd: (record) => engine.turnEnded(record),
      },
      background.signal,
    )
    undo.push(async () => {
      background.abort()
      await stopWorker()
      await engine.close()
    })
    return { engine, temporal, secret: temporal.secret, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function findOptions(options: OneProcessOptions): Parameters<typeof openTemporal>[0] {
  const { temporalAddress: address, namespace, env, onProgress, signal } = options
  return {
    databaseFile: `${options.db}.temporal`,
    logger: options.logger,
    searchAttributes: SEARCH_ATTRIBUTES,
    ...(address === undefined ? {} : { address }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(env === undefined ? {} : { env }),
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  }
}

function watch(temporal: TemporalServer, client: Client, logger: Logger): ReachabilityWatch {
  const reachability = new ReachabilityWatch({
    probe: async () => {
      await client.workflowService.getSystemInfo({})
    },
    onChange: (up) => {
      if (up) logger.info({ address: temporal.address }, 'Temporal is reachable again')
      else logger.warn({ address: temporal.address }, 'Temporal is not reachable')
    },
  })
  temporal.onStatus((status) => reachability.report(status === 'up'))
  return reachability
}
