/**
 * Keeps the store in step with the truth: a task that began or closed while nobody could write it down is found again, and
 * one that does not exist any more is forgotten. Any number of processes may do it; they take turns.
 */
import { sleep } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { LARGE_VALUES } from '../task/large-values.js'
import type { TaskRecord } from '../task/task-record.js'
import type { Reconciliation, TaskStore } from './task-store.js'
import { UndecidedTasks } from './undecided-tasks.js'

/** A task that has begun or closed. */
export interface Seen {
  readonly key: string
  readonly closed: boolean
  /** When that was, by Temporal's clock, milliseconds since 1970. */
  readonly at: number
}

export interface Truth {
  /** Undefined when there is no such task. */
  record(key: string): Promise<TaskRecord | undefined>
  /** The tasks that have begun or closed since then, in lists of a bounded length. */
  changedSince(time: Date, signal: AbortSignal): AsyncIterable<readonly Seen[]>
  /** False while it is open whether there will be a task to list at all. */
  isTask(record: TaskRecord): boolean
}

export interface ReconcileOptions {
  readonly store: TaskStore
  readonly truth: Truth
  readonly logger: Logger
  /** Milliseconds between two rounds. Default 1000. */
  readonly everyMs?: number
}

/** What this process knows of the comparison. */
interface Compared {
  /** Up to where it has looked itself, by Temporal's clock. */
  until: number
  readonly undecided: UndecidedTasks
}

/** Open tasks that are compared in one round, and undecided ones. */
const PER_ROUND = 20
/** Records that are read at once. */
const AT_ONCE = 4
/** Visibility lags behind: each round looks at the last moments of the one before again. */
const OVERLAP_MS = 15_000

/** Each search for large values that nobody needs goes back over the one before. */
const FORGET_SPAN_MS = 3 * LARGE_VALUES.forgetEveryMs

/** For so long a round is left to the process that has begun it, in milliseconds, unless it says that it goes on. */
const LEASE_MS = 1_500

/** Runs until the signal aborts. */
export async function reconcile(options: ReconcileOptions, signal: AbortSignal): Promise<void> {
  const { logger, everyMs = 1_000 } = options
  const compared: Compared = { until: 0, undecided: new UndecidedTasks() }
  let forgottenAt = 0
  while (!signal.aborted) {
    try {
      const until = await round(options, compared, everyMs, signal)
      if (until !== undefined && !signal.aborted && Date.now() - forgottenAt >= LARGE_VALUES.forgetEveryMs) {
        // The first time, what was left while no process ran is found as well.
        await forgetLargeValues(options, until, forgottenAt === 0 ? undefined : FORGET_SPAN_MS, signal)
        forgottenAt = Date.now()
      }
    } catch (error) {
      if (!signal.aborted) logger.debug({ err: error }, 'store could not be compared, will be tried again')
    }
    await sleep(everyMs, signal, 'background')
  }
}

/** @returns up to when the store has been compared; undefined when it was not this process's turn */
async function round(
  options: ReconcileOptions,
  compared: Compared,
  everyMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { reconciliation } = options.store
  const since = await reconciliation.begin(LEASE_MS)
  if (since === undefined) return undefined
  const begun = Date.now()
  const { undecided } = compared
  // It says less than this process knows where a task is undecided. Less than that is a store of before: a backup.
  const from = since < Math.min(compared.until, undecided.first) ? since : Math.max(since, compared.until)
  let until = since
  try {
    compared.until = await changedTasks(options, undecided, from, signal)
    until = Math.min(compared.until, undecided.first)
    await openTasks(options, signal)
  } finally {
    // A little earlier than this process comes again, so that it is never a whole round late.
    await reconciliation.end(everyMs / 2, until)
  }
  return begun
}

/** After a round: the tasks that began before it are in the store, with what they use. */
async function forgetLargeValues(
  { store, logger }: ReconcileOptions,
  until: number,
  spanMs: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  let forgotten = 0
  for (let more = true; more && !signal.aborted; ) {
    const pieces = await store.reconciliation.forgetLargeValues(until, spanMs)
    forgotten += pieces
    more = pieces > 0
  }
  if (forgotten > 0) logger.info({ pieces: forgotten }, 'large values that no task needs any more were removed')
}

/** @returns up to where nothing is missing any more */
async function changedTasks(
  options: ReconcileOptions,
  undecided: UndecidedTasks,
  since: number,
  signal: AbortSignal,
): Promise<number> {
  const { store, truth, logger } = options
  const { reconciliation } = store
  let until = since
  let leftAt = Number.POSITIVE_INFINITY
  let told = since > 0
  const look = async ({ key, at }: Pick<Seen, 'key' | 'at'>) => {
    const record = await truth.record(key)
    if (record === undefined || truth.isTask(record)) {
      undecided.delete(key)
      // Nobody else comes back to it.
      while (record !== undefined && !store.project(record)) await store.flush()
    } else if (!undecided.add(key, at)) leftAt = Math.min(leftAt, at)
  }
  // Before the list, which adds to them what was looked at just now.
  await forEach(undecided.take(PER_ROUND), AT_ONCE, signal, look)
  for await (const seen of truth.changedSince(new Date(Math.max(0, since - OVERLAP_MS)), signal)) {
    await reconciliation.hold(LEASE_MS)
    const missing = await missingOf(reconciliation, seen)
    if (missing.length > 0 && !told)
      logger.warn({}, 'the store is empty, but Temporal has tasks: they are written again')
    told ||= missing.length > 0
    await forEach(missing, AT_ONCE, signal, look)
    if (missing.length > 0) await store.flush()
    for (const { at } of seen) until = Math.max(until, at)
  }
  return signal.aborted ? since : Math.max(since, Math.min(until, leftAt))
}

async function missingOf(reconciliation: Reconciliation, seen: readonly Seen[]): Promise<Pick<Seen, 'key' | 'at'>[]> {
  const at = new Map(seen.map((each) => [each.key, each.at]))
  const keysOf = (closed: boolean) => [...new Set(seen.filter((each) => each.closed === closed).map(({ key }) => key))]
  const closed = keysOf(true)
  const begun = keysOf(false)
  const missing = [
    ...(closed.length === 0 ? [] : await reconciliation.notEnded(closed)),
    ...(begun.length === 0 ? [] : await reconciliation.absent(begun)),
  ]
  return missing.map((key) => ({ key, at: at.get(key) ?? 0 }))
}

async function openTasks({ store, truth }: ReconcileOptions, signal: AbortSignal): Promise<void> {
  await forEach(await store.reconciliation.takeOpen(PER_ROUND), AT_ONCE, signal, async (key) => {
    const record = await truth.record(key)
    if (record === undefined) await store.reconciliation.forget(key)
    else store.project(record)
  })
}

/** @param atOnce so many at a time; the first failure ends it */
async function forEach<T>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  run: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values()
  const lane = async () => {
    for (const item of left) {
      if (signal.aborted) return
      await run(item)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
