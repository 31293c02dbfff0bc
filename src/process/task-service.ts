/** The engine of a process that answers requests, with the comparison of its store with Temporal. */
import type { ConnectionLike } from '@temporalio/client'
import type { AgentDirectory } from '../agent/agent-definition.js'
import type { Logger } from '../internal/logger.js'
import type { Teardown } from '../internal/teardown.js'
import { forgetDeliveries } from '../push/forget-deliveries.js'
import { recordDeliveries } from '../push/record-deliveries.js'
import { forgetEndedTasks } from '../store/forget-ended-tasks.js'
import { reconcile } from '../store/reconcile.js'
import { changedTasksSince } from '../temporal/changed-tasks.js'
import { deleteTask } from '../temporal/delete-task.js'
import { SEARCH_ATTRIBUTES } from '../temporal/names.js'
import { ensureSearchAttributes, type OperatorService } from '../temporal/search-attributes.js'
import { type PollPace, TemporalEngine } from '../temporal/temporal-engine.js'
import type { TemporalParts } from './temporal-parts.js'
import { webhookRecording } from './webhooks.js'

export interface TaskServiceOptions {
  readonly agents: AgentDirectory
  readonly logger: Logger
  readonly taskQueue: string
  /** The connection is shared with a worker of this process, so a task can begin without a detour. */
  readonly eagerStart: boolean
  readonly heartbeatTimeoutMs: number
  /** Turns run in this process, so that most events come without a bus between processes. */
  readonly runsTurns: boolean
  /** Days that the log of deliveries to webhooks is kept. Default 30. */
  readonly keepLogDays?: number | undefined
  /** Days after its end that a task is kept. Default: for ever. */
  readonly keepTasksDays?: number | undefined
}

/** While events come from everywhere, a look only finds what the bus has lost. */
const HEARING: PollPace = { firstMs: 1_000, maxMs: 30_000 }
/** While those of other processes do not, it finds everything: short turns soon, then checkpoints, written every 2 s. */
const DEAF: PollPace = { firstMs: 250, maxMs: 4_000 }

export async function startTaskService(
  parts: TemporalParts<ConnectionLike & { readonly operatorService: OperatorService }>,
  options: TaskServiceOptions,
  teardown: Teardown,
): Promise<TemporalEngine> {
  const { client, store } = parts
  const { logger, agents, taskQueue, keepTasksDays: keepDays } = options
  const engine = await createEngine(parts, options)
  const background = new AbortController()
  const removeAtSource = async (key: string) => (await deleteTask(parts, key, background.signal)) !== 'running'
  const reconciling = reconcile(
    {
      store,
      logger,
      truth: {
        record: (key) => engine.reader.record(key),
        changedSince: (time, signal) => changedTasksSince(client, taskQueue, time, signal),
        isTask: ({ agentId, position }) =>
          agents.get(agentId)?.answers === 'task' || position.ended || position.turn > 1,
      },
    },
    background.signal,
  )
  const forgetting = [
    forgetDeliveries({ store: store.push, logger, keepDays: options.keepLogDays }, background.signal),
    ...(keepDays === undefined
      ? []
      : [forgetEndedTasks({ store, logger, keepDays, removeAtSource }, background.signal)]),
  ]
  teardown.add(async () => {
    background.abort()
    await Promise.all([reconciling, ...forgetting])
  })
  return engine
}

/** The engine alone: for a process whose handlers call other agents. */
export async function createEngine(
  parts: TemporalParts<ConnectionLike & { readonly operatorService: OperatorService }>,
  options: TaskServiceOptions,
): Promise<TemporalEngine> {
  const { client, store, bus, reachability, connection, temporal } = parts
  const recording = webhookRecording(parts, options.taskQueue)
  return new TemporalEngine({
    ...options,
    client,
    bus,
    store,
    reachability,
    tellWebhooks: (reached, webhooks) => recordDeliveries(recording, reached, webhooks),
    poll: () => (options.runsTurns || bus.hearsOthers ? HEARING : DEAF),
    searchAttributes: await ensureSearchAttributes(
      connection.operatorService,
      temporal.namespace,
      SEARCH_ATTRIBUTES,
      options.logger,
    ),
  })
}
