/** A worker: runs the turns of tasks and tells what they say. Any number of them take their work from one queue. */
import { NativeConnection } from '@temporalio/worker'
import { type AgentDefinition, agentDirectory } from '../agent/agent-definition.js'
import { LocalCalls } from '../engine/local-calls.js'
import { startOrTakeDown } from '../internal/teardown.js'
import { checkSettings } from '../process/check-settings.js'
import { createEngine } from '../process/task-service.js'
import { openTemporalParts, type TemporalPartsOptions } from '../process/temporal-parts.js'
import { placeOf, type TemporalPlace } from '../process/temporal-place.js'
import { DEFAULT_TURN, type TurnTimes } from '../process/turn-times.js'
import { standingTeller, workerWebhooks } from '../process/webhooks.js'
import type { WebhookSettings } from '../push/webhook-settings.js'
import { RemoteCalls, type RemoteCallsOptions } from '../remote/remote-calls.js'
import { DEFAULT_TASK_QUEUE } from '../temporal/names.js'
import { StateWorkflows } from '../temporal/state-workflows.js'
import { TurnAnnouncer } from '../temporal/turn-announcer.js'
import type { WorkerVersion } from './create-worker.js'
import { surviveLeakedRejections } from './leaked-rejections.js'
import { installRuntime } from './runtime.js'
import { superviseWorker } from './supervise-worker.js'

/** A write to the store takes a few milliseconds; one that takes longer is not waited for. */
const SETTLE_MS = 100

export interface WorkerProcessOptions extends TemporalPartsOptions {
  readonly agents: readonly AgentDefinition[]
  /** Where the gateways leave the work. Default `a2a`. */
  readonly taskQueue?: string
  /** Turns that run at once. Default 2000. */
  readonly maxTurns?: number
  /** How long running turns may go on after `stop`, before they are handed over, in milliseconds. Default 0. */
  readonly drainMs?: number
  /** Default: none, any worker takes any task. */
  readonly version?: WorkerVersion
  readonly turn?: Partial<Pick<TurnTimes, 'checkpointMs' | 'graceMs' | 'suspendAfterMs'>>
  /** How agents at a URL are connected to that `ctx.call` calls: credentials above all. */
  readonly connectOptions?: RemoteCallsOptions['connectOptions']
  /** That of the gateways, at least 32 bytes. Default: the one of the Temporal server that was started for `db`. */
  readonly secret?: Uint8Array
  /** Where webhooks may lead; the same as on the gateways. */
  readonly webhooks?: Pick<WebhookSettings, 'allow' | 'retryPace'>
}

/** A worker with what it needs, as `temporal-a2a worker` runs it. */
export interface WorkerProcess {
  readonly temporal: TemporalPlace
  /** The store's database as people may see it. */
  readonly store: string
  /** Gives running turns to other workers and ends; handlers that do not listen are left behind after their grace time. */
  stop(): Promise<void>
}

export function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  return startOrTakeDown(async (teardown) => {
    const { logger, maxTurns, drainMs, version, webhooks } = options
    checkSettings(webhooks === undefined ? {} : { webhooks })
    const agents = agentDirectory(options.agents)
    const letThemEnd = surviveLeakedRejections(options.logger)
    teardown.add(async () => letThemEnd())
    installRuntime(logger)
    const parts = await openTemporalParts(options, (to) => NativeConnection.connect(to), teardown)
    const taskQueue = options.taskQueue ?? DEFAULT_TASK_QUEUE
    const { heartbeatTimeoutMs } = DEFAULT_TURN
    // Turns run here, but those that handlers of this process call may run elsewhere.
    const engine = await createEngine(parts, {
      agents,
      logger,
      taskQueue,
      eagerStart: true,
      runsTurns: false,
      heartbeatTimeoutMs,
    })
    const suspendAfterMs = options.turn?.suspendAfterMs ?? DEFAULT_TURN.suspendAfterMs
    const agentCalls = new LocalCalls({ agents, engine, logger, suspendAfterMs, remote: new RemoteCalls(options) })
    const announcer = new TurnAnnouncer({ ...parts, logger }, SETTLE_MS)
    const teller = standingTeller(parts, { engine, logger, taskQueue, settings: options.webhooks })
    const stopping = new AbortController()
    const stopWorker = await superviseWorker(
      {
        agents,
        connection: parts.connection,
        client: parts.client,
        taskQueue,
        agentCalls,
        bus: parts.bus,
        state: new StateWorkflows({ ...parts, taskQueue }),
        largeValues: parts.store,
        logger,
        webhooks: workerWebhooks(parts, {
          engine,
          logger,
          taskQueue,
          settings: options.webhooks,
          secret: options.secret ?? parts.temporal.secret,
        }),
        checkpointMs: options.turn?.checkpointMs ?? DEFAULT_TURN.checkpointMs,
        graceMs: options.turn?.graceMs ?? DEFAULT_TURN.graceMs,
        suspendAfterMs,
        onTurnBegin: (input) => announcer.began(input),
        onTurnStanding: (input, standing) => {
          announcer.stands(input, standing)
          teller.tell(input, standing)
        },
        onTurnEnd: (record) => {
          announcer.ended(record)
          void agentCalls.ended(record)
        },
        ...(maxTurns === undefined ? {} : { maxTurns }),
        ...(drainMs === undefined ? {} : { drainMs }),
        ...(version === undefined ? {} : { version }),
      },
      stopping.signal,
    )
    teardown.add(async () => {
      stopping.abort()
      await stopWorker()
      await Promise.all([announcer.settled(), teller.stop()])
    })
    return { temporal: placeOf(parts.temporal), store: parts.storeName, stop: () => teardown.run() }
  })
}
