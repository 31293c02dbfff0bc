/** Everything in one process: Temporal found or started, store, bus, engine, worker, server. What `serve()` loads. */
import { NativeConnection } from '@temporalio/worker'
import { type AgentDefinition, type AgentDirectory, agentDirectory } from '../agent/agent-definition.js'
import { InProcessBus } from '../bus/in-process-bus.js'
import type { Engine } from '../engine/engine.js'
import { LocalCalls } from '../engine/local-calls.js'
import { MemoryEngine } from '../engine/memory/memory-engine.js'
import { startOrTakeDown, type Teardown } from '../internal/teardown.js'
import { checkSettings } from '../process/check-settings.js'
import { ownSecretWarning, secretBeside } from '../process/installation-secret.js'
import { localFile } from '../process/local-file.js'
import { memoryWebhooks } from '../process/memory-webhooks.js'
import { startTaskService } from '../process/task-service.js'
import { openTemporalParts, type TemporalParts, type TemporalPartsOptions } from '../process/temporal-parts.js'
import { DEFAULT_TURN, type TurnTimes } from '../process/turn-times.js'
import { type GatewayWebhooks, gatewayWebhooks, standingTeller, workerWebhooks } from '../process/webhooks.js'
import type { WebhookLog } from '../push/webhook-log.js'
import type { WebhookSettings } from '../push/webhook-settings.js'
import { RemoteCalls, type RemoteCallsOptions } from '../remote/remote-calls.js'
import { createServer, type Server, type ServerOptions } from '../server/create-server.js'
import { requireSafeExposure } from '../server/exposure.js'
import { requireFreePort } from '../server/port.js'
import { randomSecret } from '../server/secrets.js'
import { isPostgresUrl } from '../store/database.js'
import type { TemporalServer } from '../temporal/embedded/index.js'
import { DEFAULT_TASK_QUEUE } from '../temporal/names.js'
import { StateWorkflows } from '../temporal/state-workflows.js'
import { TurnAnnouncer } from '../temporal/turn-announcer.js'
import { surviveLeakedRejections } from './leaked-rejections.js'
import { installRuntime } from './runtime.js'
import { superviseWorker } from './supervise-worker.js'

/** What runs in the process, and with what. */
export interface OneProcessOptions
  extends TemporalPartsOptions,
    Omit<ServerOptions, 'agents' | 'engine' | 'secret' | 'port' | 'logger' | 'webhooks'>,
    Partial<Pick<ServerOptions, 'secret' | 'port'>> {
  readonly agents: readonly AgentDefinition[]
  /** Default `temporal`. `memory` keeps tasks in this process only. */
  readonly engine?: 'temporal' | 'memory'
  readonly taskQueue?: string
  /** Days after its end that a task is kept. Default: for ever. */
  readonly keepTasksDays?: number
  readonly turn?: Partial<TurnTimes>
  /** How agents at a URL are connected to that `ctx.call` calls: credentials above all. */
  readonly connectOptions?: RemoteCallsOptions['connectOptions']
  readonly webhooks?: WebhookSettings
}

/** Gateway and worker in one process, running. */
export interface OneProcess {
  readonly server: Server
  readonly engine: Engine
  /** Undefined with the memory engine. */
  readonly temporal: TemporalServer | undefined
  /** The store's database as people may see it; undefined with the memory engine. */
  readonly store: string | undefined
  /** What operators see of webhooks, and may do about them. */
  readonly webhooks: WebhookLog
  /** What its operator should know; the log has it too. */
  readonly warnings: readonly string[]
  /** Stops everything that was started, in order; at most a few seconds. */
  stop(): Promise<void>
}

/**
 * Finds or starts Temporal, then starts a worker and a server.
 *
 * @throws TypeError a limit or a setting that is none
 */
export function startOneProcess(options: OneProcessOptions): Promise<OneProcess> {
  return startOrTakeDown(async (teardown) => {
    requireSafeExposure(options)
    checkSettings(options)
    await requireFreePort(options.port, options.host)
    const agents = agentDirectory(options.agents)
    const letThemEnd = surviveLeakedRejections(options.logger)
    teardown.add(async () => letThemEnd())
    const start = options.engine === 'memory' ? startMemory : startTemporal
    const { engine, temporal, store, secret, webhooks, warnings } = await start(options, agents, teardown)
    const server = await createServer({
      ...options,
      engine,
      secret,
      webhooks: webhooks.webhooks,
      port: options.port ?? 0,
    })
    teardown.add(() => server.stop())
    return { server, engine, temporal, store, webhooks: webhooks.log, warnings, stop: () => teardown.run() }
  })
}

interface Parts {
  readonly engine: Engine
  readonly temporal: TemporalServer | undefined
  readonly store: string | undefined
  readonly secret: Uint8Array
  readonly webhooks: GatewayWebhooks
  readonly warnings: readonly string[]
}

async function startMemory(options: OneProcessOptions, agents: AgentDirectory, teardown: Teardown): Promise<Parts> {
  const { graceMs, suspendAfterMs } = { ...DEFAULT_TURN, ...options.turn }
  const { logger } = options
  const secret = options.secret ?? randomSecret()
  const { tellWebhooks, stop, ...webhooks } = memoryWebhooks({ settings: options.webhooks, secret, logger })
  teardown.add(stop)
  const engine = new MemoryEngine({
    agents,
    bus: new InProcessBus(),
    logger,
    graceMs,
    suspendAfterMs,
    remoteCalls: new RemoteCalls(options),
    tellWebhooks,
  })
  teardown.add(() => engine.close())
  return { engine, temporal: undefined, store: undefined, secret, webhooks, warnings: [] }
}

async function startTemporal(options: OneProcessOptions, agents: AgentDirectory, teardown: Teardown): Promise<Parts> {
  const { logger, taskQueue = DEFAULT_TASK_QUEUE } = options
  const turn = { ...DEFAULT_TURN, ...options.turn }
  installRuntime(logger)
  const parts = await openTemporalParts(options, (to) => NativeConnection.connect(to), teardown)
  const { heartbeatTimeoutMs } = turn
  const secret = options.secret ?? parts.temporal.secret ?? secretBeside(localFile(options))
  const shared = options.secret === undefined ? sharedWith(parts, options) : undefined
  const warnings = shared === undefined ? [] : [ownSecretWarning(shared)]
  for (const warning of warnings) logger.warn({}, warning)
  const settings = options.webhooks
  const webhooks = gatewayWebhooks(parts, { taskQueue, settings }, secret)
  const engine = await startTaskService(
    parts,
    {
      agents,
      logger,
      taskQueue,
      eagerStart: true,
      runsTurns: true,
      heartbeatTimeoutMs,
      keepLogDays: settings?.keepLogDays,
      keepTasksDays: options.keepTasksDays,
    },
    teardown,
  )
  const { suspendAfterMs } = turn
  const agentCalls = new LocalCalls({ agents, engine, logger, suspendAfterMs, remote: new RemoteCalls(options) })
  const announcer = new TurnAnnouncer({ ...parts, logger }, 0)
  const teller = standingTeller(parts, { engine, logger, taskQueue, settings })
  const stopping = new AbortController()
  const stopWorker = await superviseWorker(
    {
      agents,
      connection: parts.connection,
      client: parts.client,
      taskQueue,
      bus: parts.bus,
      state: new StateWorkflows({ ...parts, taskQueue }),
      largeValues: parts.store,
      logger,
      agentCalls,
      webhooks: workerWebhooks(parts, { engine, logger, taskQueue, settings, secret }),
      ...turn,
      onTurnBegin: (input) => announcer.began(input),
      onTurnStanding: (input, standing) => {
        announcer.stands(input, standing)
        teller.tell(input, standing)
      },
      onTurnEnd: (record) => {
        engine.reader.remember(record)
        announcer.ended(record)
        void agentCalls.ended(record)
      },
    },
    stopping.signal,
  )
  teardown.add(async () => {
    stopping.abort()
    await stopWorker()
    await Promise.all([announcer.settled(), teller.stop()])
  })
  const { temporal, storeName: store } = parts
  return { engine, temporal, store, secret, webhooks, warnings }
}

/** What processes elsewhere may use as well; undefined when all is this machine's own. */
function sharedWith({ temporal, storeName }: TemporalParts<NativeConnection>, { db }: OneProcessOptions) {
  if (temporal.secret === undefined) return `Temporal at ${temporal.address}`
  return isPostgresUrl(db) ? storeName : undefined
}
