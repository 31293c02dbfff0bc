/** The engine of a process that answers requests, with the comparison of its store with Temporal. */
import type { ConnectionLike } from '@temporalio/client'
import type { Logger } from '../internal/logger.js'
import type { Teardown } from '../internal/teardown.js'
import { reconcile } from '../store/reconcile.js'
import { closedTasksSince } from '../temporal/closed-tasks.js'
import { SEARCH_ATTRIBUTES } from '../temporal/names.js'
import { ensureSearchAttributes, type OperatorService } from '../temporal/search-attributes.js'
import { TemporalEngine } from '../temporal/temporal-engine.js'
import type { TemporalParts } from './temporal-parts.js'

export interface TaskServiceOptions {
  readonly logger: Logger
  readonly taskQueue: string
  /** The connection is shared with a worker of this process, so a task can begin without a detour. */
  readonly eagerStart: boolean
  readonly heartbeatTimeoutMs: number
}

export async function startTaskService(
  parts: TemporalParts<ConnectionLike & { readonly operatorService: OperatorService }>,
  options: TaskServiceOptions,
  teardown: Teardown,
): Promise<TemporalEngine> {
  const { client, store, bus, reachability, connection, temporal } = parts
  const { logger } = options
  const engine = new TemporalEngine({
    ...options,
    client,
    bus,
    store,
    reachability,
    searchAttributes: await ensureSearchAttributes(
      connection.operatorService,
      temporal.namespace,
      SEARCH_ATTRIBUTES,
      logger,
    ),
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
  teardown.add(async () => {
    background.abort()
    await reconciling
  })
  return engine
}
