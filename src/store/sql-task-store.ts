/** The task store over a SQL database. Writes are gathered and made in batches, off every caller's path. */
import type { Kysely } from 'kysely'
import type { ArtifactJson, MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Position } from '../a2a/cursor.js'
import { unavailable } from '../a2a/errors.js'
import { isTerminal, stateOf } from '../a2a/state.js'
import { taskKey } from '../bus/live-event.js'
import type { Logger } from '../internal/logger.js'
import type { ListQuery, TaskPage } from '../task/list-query.js'
import type { TaskRecord } from '../task/task-record.js'
import { byKey, listTasks } from './list-tasks.js'
import { migrateUp } from './migrate.js'
import { projectTasks } from './project-task.js'
import type { Tables } from './tables.js'
import type { Projection, TaskStore } from './task-store.js'

/** Milliseconds for which writes are gathered. */
const GATHER_MS = 20
/** Tasks written in one transaction, so that none holds the process up for long. */
const BATCH = 32
/** Tasks whose write may be outstanding; beyond that the reconciler finds them. */
const MAX_PENDING = 10_000
/** Wait before a failed write is tried again, in milliseconds. */
const RETRY_MS = 1_000

/** @throws the database cannot be opened or migrated */
export async function openTaskStore(db: Kysely<Tables>, logger: Logger): Promise<TaskStore> {
  await migrateUp(db as unknown as Kysely<never>)
  return new SqlTaskStore(db, logger)
}

class SqlTaskStore implements TaskStore {
  private readonly db: Kysely<Tables>
  private readonly logger: Logger
  /** By key: of several states of one task only the newest is written. */
  private pending = new Map<string, Projection>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private writing: Promise<boolean> = Promise.resolve(true)
  private closed = false

  constructor(db: Kysely<Tables>, logger: Logger) {
    this.db = db
    this.logger = logger
  }

  project(projection: Projection): void {
    const key = taskKey(projection)
    const known = this.pending.get(key)
    if (this.closed || (known !== undefined && known.revision >= projection.revision)) return
    if (known === undefined && this.pending.size >= MAX_PENDING) return
    this.pending.set(key, projection)
    this.timer ??= setTimeout(() => void this.write(), GATHER_MS)
  }

  async flush(): Promise<void> {
    do {
      const written = await this.write()
      if (!written) throw unavailable('The task list is not available; try again')
    } while (this.pending.size > 0)
  }

  async ended(key: string): Promise<TaskRecord | undefined> {
    const pending = this.pending.get(key)
    if (pending !== undefined && isTerminal(stateOf(pending.task))) return toRecord(pending)
    try {
      return await this.readEnded(key)
    } catch (error) {
      // Then Temporal is asked, which knows better anyway.
      this.logger.debug({ err: error }, 'store does not answer')
      return undefined
    }
  }

  async list(query: ListQuery): Promise<TaskPage> {
    try {
      await this.flush()
      return await listTasks(this.db, query)
    } catch (error) {
      throw unavailable('The task list is not available; try again', error)
    }
  }

  async open(limit: number): Promise<string[]> {
    const rows = await this.db
      .selectFrom('task')
      .select('key')
      .where('ended', '=', 0)
      .orderBy('checked_at')
      .limit(limit)
      .execute()
    return rows.map(({ key }) => key)
  }

  async checked(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    await this.db
      .updateTable('task')
      .set({ checked_at: Date.now() })
      .where('key', 'in', [...keys])
      .execute()
  }

  async forget(key: string): Promise<void> {
    await this.db.transaction().execute(async (transaction) => {
      for (const table of ['task', 'message', 'artifact', 'place'] as const) {
        await transaction.deleteFrom(table).where('key', '=', key).execute()
      }
    })
  }

  async close(): Promise<void> {
    if (this.closed) return
    await this.flush().catch((error: unknown) => this.logger.warn({ err: error }, 'last writes to the store were lost'))
    this.closed = true
    clearTimeout(this.timer)
    await this.db.destroy()
  }

  /** One batch after the other; false when it failed and is still to be done. */
  private write(): Promise<boolean> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.writeBatch())
    return this.writing
  }

  private async writeBatch(): Promise<boolean> {
    const batch = [...this.pending].slice(0, BATCH)
    if (batch.length === 0 || this.closed) return true
    try {
      await projectTasks(
        this.db,
        batch.map(([, projection]) => projection),
      )
    } catch (error) {
      this.logger.warn({ err: error, tasks: this.pending.size }, 'store could not be written, will be tried again')
      this.timer ??= setTimeout(() => void this.write(), RETRY_MS)
      return false
    }
    for (const [key, projection] of batch) if (this.pending.get(key) === projection) this.pending.delete(key)
    if (this.pending.size > 0) this.timer ??= setTimeout(() => void this.write(), 0)
    return true
  }

  private async readEnded(key: string): Promise<TaskRecord | undefined> {
    const row = await this.db
      .selectFrom('task')
      .selectAll()
      .where('key', '=', key)
      .where('ended', '=', 1)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const history = (await byKey<MessageJson>(this.db, 'message', [key])).get(key)
    const artifacts = (await byKey<ArtifactJson>(this.db, 'artifact', [key])).get(key)
    return toRecord({
      tenant: row.tenant,
      agentId: row.agent_id,
      taskId: row.task_id,
      owner: row.owner,
      ...(row.request_hash === null ? {} : { requestHash: row.request_hash }),
      createdAt: new Date(row.created_at).toISOString(),
      revision: row.revision,
      position: JSON.parse(row.position) as Position,
      task: {
        id: row.task_id,
        contextId: row.context_id,
        status: JSON.parse(row.status) as NonNullable<TaskJson['status']>,
        ...(artifacts === undefined ? {} : { artifacts }),
        ...(history === undefined ? {} : { history }),
        ...(row.metadata === null ? {} : { metadata: JSON.parse(row.metadata) as NonNullable<TaskJson['metadata']> }),
      },
      ...(row.answer === null ? {} : { answer: JSON.parse(row.answer) as MessageJson }),
    })
  }
}

function toRecord(projection: Projection): TaskRecord {
  return { format: 1, createdAt: '', ...projection, inbox: [], cancelRequested: false }
}
