/**
 * Keeps the store in step with the truth: a task that closed while nobody could write it down is found again, and one that
 * does not exist any more is forgotten.
 */
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import type { TaskRecord } from '../task/task-record.js'
import type { TaskStore } from './task-store.js'

export interface Truth {
  /** Undefined when there is no such task. */
  record(key: string): Promise<TaskRecord | undefined>
  /** Keys of the tasks that have closed since then. */
  closedSince(time: Date, signal: AbortSignal): AsyncIterable<string>
}

export interface ReconcileOptions {
  readonly store: TaskStore
  readonly truth: Truth
  readonly logger: Logger
  /** Milliseconds between two rounds. Default 2000. */
  readonly everyMs?: number
  /** How far back the first round looks for closed tasks, in milliseconds. Default one hour. */
  readonly lookBackMs?: number
}

/** Open tasks that are compared in one round. */
const PER_ROUND = 20
/** Visibility lags behind: each round looks at the last moments of the one before again. */
const OVERLAP_MS = 10_000

/** Runs until the signal aborts. */
export async function reconcile(options: ReconcileOptions, signal: AbortSignal): Promise<void> {
  const { logger, everyMs = 2_000, lookBackMs = 3_600_000 } = options
  let since = Date.now() - lookBackMs
  while (!signal.aborted) {
    const begun = Date.now()
    try {
      await closedTasks(options, new Date(since), signal)
      await openTasks(options, signal)
      since = begun - OVERLAP_MS
    } catch (error) {
      if (!signal.aborted) logger.debug({ err: error }, 'store could not be compared, will be tried again')
    }
    await sleep(everyMs, signal)
  }
}

async function closedTasks({ store, truth }: ReconcileOptions, since: Date, signal: AbortSignal): Promise<void> {
  for await (const key of truth.closedSince(since, signal)) {
    if (signal.aborted) return
    if ((await store.ended(key)) !== undefined) continue
    const record = await truth.record(key)
    if (record !== undefined) store.project(record)
  }
}

async function openTasks({ store, truth }: ReconcileOptions, signal: AbortSignal): Promise<void> {
  const keys = await store.open(PER_ROUND)
  for (const key of keys) {
    if (signal.aborted) return
    const record = await truth.record(key)
    if (record === undefined) await store.forget(key)
    else store.project(record)
  }
  await store.checked(keys)
}
