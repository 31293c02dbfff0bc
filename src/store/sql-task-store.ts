/** The task store over a SQL database. */
import type { Kysely } from 'kysely'
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { unavailable } from '../a2a/errors.js'
import { isTerminal, stateOf } from '../a2a/state.js'
import { withDeadline } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { mapRecord } from '../task/large-records.js'
import { type KnownValues, mapTask, type Walk } from '../task/large-values.js'
import type { ListQuery, TaskPage } from '../task/list-query.js'
import type { TaskRecord } from '../task/task-record.js'
import { Availability } from './availability.js'
import { Blobs } from './blobs.js'
import type { StoreDatabase } from './database.js'
import { putBack, takeOut } from './large-parts.js'
import { listTasks } from './list-tasks.js'
import { migrateUp } from './migrate.js'
import { ProjectionQueue } from './projection-queue.js'
import { readEnded, toRecord } from './read-ended.js'
import { SqlPushStore } from './sql-push-store.js'
import { SqlReconciliation } from './sql-reconciliation.js'
import type { Tables } from './tables.js'
import type { Projection, TaskStore } from './task-store.js'

/** How long each of them may be waited for, in milliseconds; together below the two seconds in which a list is refused. */
const READ_MS = 500
const FLUSH_MS = 500
const LIST_MS = 1_000
const WRITE_MS = 10_000
const CLOSE_MS = 2_000

/**
 * Brings the database to this version first.
 *
 * @throws StoreDatabaseError it cannot be used
 */
export async function openTaskStore(database: StoreDatabase, logger: Logger): Promise<TaskStore> {
  try {
    await migrateUp(database)
  } catch (error) {
    await database.db.destroy()
    throw error
  }
  return new SqlTaskStore(database.db, logger)
}

class SqlTaskStore implements TaskStore {
  readonly push: SqlPushStore
  readonly reconciliation: SqlReconciliation
  private readonly db: Kysely<Tables>
  private readonly logger: Logger
  private readonly availability: Availability
  private readonly queue: ProjectionQueue
  private readonly blobs: Blobs
  private closed = false

  constructor(db: Kysely<Tables>, logger: Logger) {
    this.db = db
    this.logger = logger
    this.availability = new Availability(logger)
    this.queue = new ProjectionQueue(db, this.availability, logger)
    this.blobs = new Blobs(db, this.availability)
    this.push = new SqlPushStore(db, this.availability)
    this.reconciliation = new SqlReconciliation(db, this.availability, this.blobs)
  }

  project(projection: Projection): boolean {
    return this.closed || this.queue.add(projection)
  }

  async flush(): Promise<void> {
    await this.flushed(WRITE_MS)
  }

  async ended(key: string): Promise<TaskRecord | undefined>
  async ended(key: string, owner: string | undefined): Promise<TaskRecord | 'elses' | undefined>
  async ended(key: string, owner?: string): Promise<TaskRecord | 'elses' | undefined> {
    const pending = this.queue.pending(key)
    if (pending !== undefined && owner !== undefined && pending.owner !== owner) return 'elses'
    if (pending !== undefined && isTerminal(stateOf(pending.task))) return this.putBack(toRecord(pending), mapRecord)
    const record = await this.availability.run(READ_MS, 'reading a task from the store', () =>
      readEnded(this.db, key, owner),
    )
    return record === undefined || record === 'elses' ? record : this.putBack(record, mapRecord)
  }

  async list(query: ListQuery): Promise<TaskPage> {
    // A caller finds what it was just told about, unless very much is to be written first.
    await this.flushed(FLUSH_MS).catch(() => {})
    const page = await this.availability.run(LIST_MS, 'listing tasks', () => listTasks(this.db, query))
    const tasks: TaskJson[] = []
    for (const task of page.tasks) tasks.push(await this.putBack(task, mapTask))
    return { ...page, tasks }
  }

  takeOut<T>(key: string, value: T, walk: Walk<T>, known?: KnownValues): Promise<T> {
    return takeOut(this.blobs, key, value, walk, known)
  }

  putBack<T>(value: T, walk: Walk<T>, lost?: 'shown' | 'refused'): Promise<T> {
    return putBack(this.blobs, value, walk, lost)
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.flushed(CLOSE_MS).catch(() => {
      this.logger.warn({}, 'the last states could not be written to the store; they are made up for at the next start')
    })
    await this.queue.close()
    await withDeadline(this.db.destroy(), CLOSE_MS, 'closing the store').catch((error: unknown) =>
      this.logger.debug({ err: error }, 'the store was not closed in time'),
    )
  }

  private async flushed(ms: number): Promise<void> {
    const written = withDeadline(this.queue.flush(), ms, 'writing to the store')
    await written.catch((error: unknown) => {
      throw unavailable('The task list is not available; try again', error)
    })
  }
}
