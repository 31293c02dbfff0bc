/** Agents as a Temporal worker: executes the turns of their tasks, and says when one has ended. */

import { hostname } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { Client } from '@temporalio/client'
import { type InjectedSinks, type NativeConnection, Worker, type WorkerDeploymentOptions } from '@temporalio/worker'
import { failPoint } from '#failpoints'
import type { AgentCalls } from '../agent/agent-calls.js'
import type { AgentDirectory } from '../agent/agent-definition.js'
import type { EventBus } from '../bus/event-bus.js'
import { taskKey } from '../bus/live-event.js'
import { HoldQueue } from '../engine/hold-queue.js'
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import type { LargeValueStore } from '../task/large-values.js'
import { isEnded } from '../task/reduce.js'
import type { StateHome } from '../task/state-home.js'
import type { TaskRecord } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import type { TurnStanding } from '../task/turn-picture.js'
import { createAgentTurn } from '../temporal/activities/agent-turn.js'
import { createLookAtTurn } from '../temporal/activities/look-at-turn.js'
import type { WebhookActivities } from '../temporal/activities/webhooks.js'
import { CONFIRM_UPDATE, LOOK_ACTIVITY, SINKS, TURN_ACTIVITY } from '../temporal/names.js'
import type { TurnEndedNotice } from '../temporal/workflow/task-input.js'
import { mostCachedTasks } from './cached-tasks.js'
import { DEFAULT_MAX_TURNS } from './max-turns.js'
import { loadWorkflowBundle } from './workflow-bundle.js'

/** Which agents the worker runs, and on what. */
export interface WorkerOptions {
  readonly agents: AgentDirectory
  readonly connection: NativeConnection
  readonly client: Client
  readonly taskQueue: string
  readonly bus: EventBus
  readonly logger: Logger
  /** How long a handler may wait in the process before it is left, in milliseconds. */
  readonly suspendAfterMs: number
  /** How handlers reach other agents. */
  readonly agentCalls: AgentCalls
  /** The activities behind webhooks. */
  readonly webhooks: WebhookActivities
  /** Where the state of agents is kept. */
  readonly state: StateHome
  readonly largeValues: LargeValueStore
  /** A turn has begun here: its task is WORKING. */
  onTurnBegin(input: TurnInput): void
  /** A task has come to wait for its caller while its handler goes on, or works again. */
  onTurnStanding(input: TurnInput, standing: TurnStanding): void
  /** A turn has ended, durably. */
  onTurnEnd(record: TaskRecord): void
  /** Milliseconds between two checkpoints of a running turn. */
  readonly checkpointMs: number
  /** How long a handler may go on after it was told to stop, in milliseconds. */
  readonly graceMs: number
  /** Turns that run at once. Default 2000. */
  readonly maxTurns?: number
  /** How long running turns may go on when the worker stops, before they are handed over, in milliseconds. Default 0. */
  readonly drainMs?: number
  /** Default: none, any worker takes any task. */
  readonly version?: WorkerVersion
}

/** A version of a Worker Deployment: Temporal then decides by version which worker gets a task. */
export interface WorkerVersion {
  readonly deployment: string
  readonly buildId: string
  /** `pinned`: a task ends on the version it began on. `auto-upgrade`: each step runs on the current version. */
  readonly behavior: 'pinned' | 'auto-upgrade'
}

/** A worker that polls. */
export interface RunningWorker {
  /** Rejects when the worker has broken down; resolves when it was stopped. */
  readonly done: Promise<void>
  /** Takes no more turns, and gives back those that run. */
  stop(): Promise<void>
}

type TaskSinks = { [SINKS]: { turnEnded(notice: TurnEndedNotice): void } }

/** How long the sticky queue of a dead worker holds a workflow task up, in milliseconds. */
const STICKY_MS = 2_000
/** Workflow tasks that are worked on at once. */
const MAX_WORKFLOW_TASKS = 100
/** What writing down the turns that are handed over may take when a worker stops, in milliseconds. */
const HANDOVER_MS = 3_000

/** Age above which a workflow task may have been given to another worker, in milliseconds; Temporal does it after 10 s. */
const OLD_MS = 3_000

/** Starts a worker on a connection of yours. */
export async function createWorker(options: WorkerOptions): Promise<RunningWorker> {
  const {
    agents,
    connection,
    client,
    taskQueue,
    bus,
    logger,
    graceMs,
    maxTurns = DEFAULT_MAX_TURNS,
    drainMs = 0,
  } = options
  const shutdown = new AbortController()
  const identity = `temporal-a2a ${process.pid}@${hostname()}`
  const sinks: InjectedSinks<TaskSinks> = {
    [SINKS]: {
      turnEnded: { callDuringReplay: false, fn: (_, notice) => new TurnEnd(options, notice).announce() },
    },
  }
  const cachedTasks = mostCachedTasks(getHeapStatistics().heap_size_limit)
  const worker = await Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue,
    identity,
    workflowBundle: await loadWorkflowBundle(),
    activities: {
      ...options.webhooks,
      [TURN_ACTIVITY]: createAgentTurn({
        agents,
        bus,
        logger,
        graceMs,
        identity,
        service: connection.workflowService,
        namespace: client.options.namespace,
        shutdown: shutdown.signal,
        checkpointMs: options.checkpointMs,
        suspendAfterMs: options.suspendAfterMs,
        agentCalls: options.agentCalls,
        state: options.state,
        holds: new HoldQueue(),
        largeValues: options.largeValues,
        onBegin: options.onTurnBegin,
        onStanding: options.onTurnStanding,
      }),
      [LOOK_ACTIVITY]: createLookAtTurn({
        service: connection.workflowService,
        namespace: client.options.namespace,
      }),
    },
    sinks,
    maxConcurrentActivityTaskExecutions: maxTurns,
    maxConcurrentLocalActivityExecutions: maxTurns,
    maxCachedWorkflows: cachedTasks,
    maxConcurrentWorkflowTaskExecutions: Math.min(MAX_WORKFLOW_TASKS, cachedTasks),
    stickyQueueScheduleToStartTimeout: STICKY_MS,
    shutdownGraceTime: drainMs + graceMs,
    shutdownForceTime: drainMs + graceMs + HANDOVER_MS,
    ...(options.version === undefined ? {} : { workerDeploymentOptions: deploymentOptions(options.version) }),
  })
  const done = worker.run()
  done.catch(() => {})
  return {
    done,
    async stop() {
      if (drainMs === 0) shutdown.abort()
      if (worker.getState() === 'RUNNING') worker.shutdown()
      await Promise.race([done.catch(() => {}), sleep(drainMs, undefined, 'background')])
      shutdown.abort()
      await done.catch((error: unknown) => logger.debug({ err: error }, 'worker ended with an error'))
    },
  }
}

function deploymentOptions({ deployment, buildId, behavior }: WorkerVersion): WorkerDeploymentOptions {
  return {
    version: { deploymentName: deployment, buildId },
    useWorkerVersioning: true,
    defaultVersioningBehavior: behavior === 'pinned' ? 'PINNED' : 'AUTO_UPGRADE',
  }
}

/** What happens in this process when a turn has ended. */
class TurnEnd {
  private readonly options: WorkerOptions
  private readonly record: TaskRecord
  private readonly provisional: boolean
  private readonly staysOpen: boolean

  constructor(options: WorkerOptions, { record, provisional, staysOpen }: TurnEndedNotice) {
    this.options = options
    this.record = record
    this.provisional = provisional
    this.staysOpen = staysOpen
  }

  announce(): void {
    // A workflow task that is old, because the process was stopped, may be somebody else's by now, with another outcome.
    const durable = this.provisional || this.age() > OLD_MS ? this.confirmed() : Promise.resolve(this.record)
    durable.then(
      (record) => {
        failPoint?.('turn.ended', taskKey(record))
        this.options.onTurnEnd(record)
      },
      (error: unknown) => this.options.logger.debug({ err: error }, 'the end of a turn was not confirmed'),
    )
  }

  /** The record as Temporal has it. */
  private async confirmed(): Promise<TaskRecord> {
    const handle = this.options.client.workflow.getHandle<() => Promise<TaskRecord>>(taskKey(this.record))
    if (isEnded(this.record) && !this.staysOpen) return handle.result()
    try {
      await handle.executeUpdate(CONFIRM_UPDATE)
      return this.record
    } catch (error) {
      if (isEnded(this.record)) return handle.result()
      throw error
    }
  }

  /** Milliseconds since the workflow task began. */
  private age(): number {
    return Date.now() - Date.parse(this.record.task.status?.timestamp ?? '')
  }
}
