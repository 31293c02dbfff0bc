/** States of tasks on their way to the database: gathered, written in batches, off every caller's path. */
import type { Kysely } from 'kysely'
import { unavailable } from '../a2a/errors.js'
import { taskKey } from '../bus/live-event.js'
import type { Logger } from '../internal/logger.js'
import { utf8Bytes } from '../internal/utf8-bytes.js'
import type { Availability } from './availability.js'
import { isRefusal } from './failures.js'
import { type News, newsOf } from './newer-state.js'
import { forgetOldPlaces } from './old-places.js'
import { projectTasks } from './project-tasks.js'
import type { Tables } from './tables.js'
import type { Projection } from './task-store.js'

/** Milliseconds for which writes are gathered. */
const GATHER_MS = 20
/** Tasks written in one transaction, so that none holds the process up for long. */
const BATCH = 32
/** Tasks whose write may be outstanding, and their bytes as JSON; beyond that they are left to the reconciler. */
const MAX_PENDING = 10_000
const MAX_PENDING_BYTES = 64 * 1_048_576
/** Wait before a failed write is tried again, in milliseconds: first and longest. */
const RETRY_MS = 100
const MAX_RETRY_MS = 1_000

interface Waiting {
  readonly projection: Projection
  readonly bytes: number
}

export class ProjectionQueue {
  private readonly db: Kysely<Tables>
  private readonly availability: Availability
  private readonly logger: Logger
  /** By key: of several states of one task only the newest is written. */
  private readonly waiting = new Map<string, Waiting>()
  private bytes = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private writing: Promise<boolean> = Promise.resolve(true)
  private retryMs = RETRY_MS
  private closed = false

  constructor(db: Kysely<Tables>, availability: Availability, logger: Logger) {
    this.db = db
    this.availability = availability
    this.logger = logger
  }

  /** False when there is no room; one always has. */
  add(projection: Projection): boolean {
    const key = taskKey(projection)
    const known = this.waiting.get(key)
    const news = newsOf(projection, known?.projection)
    if (this.closed || !(news.record || news.status)) return true
    const next = known === undefined ? projection : newest(projection, known.projection, news)
    const bytes = utf8Bytes(JSON.stringify(next))
    // What was known is in it, and its place is free.
    this.drop(key)
    const isFull = this.waiting.size >= MAX_PENDING || this.bytes + bytes > MAX_PENDING_BYTES
    if (isFull && this.waiting.size > 0) return false
    this.waiting.set(key, { projection: next, bytes })
    this.bytes += bytes
    this.writeIn(GATHER_MS)
    return true
  }

  /** The state that is to be written of this task, if one is. */
  pending(key: string): Projection | undefined {
    return this.waiting.get(key)?.projection
  }

  /** @throws A2AError UNAVAILABLE something could not be written, and will be tried again */
  async flush(): Promise<void> {
    while (this.waiting.size > 0) {
      if (!(await this.write())) throw unavailable('The store cannot be written')
    }
  }

  /** Nothing is written after it; what waits is dropped. */
  async close(): Promise<void> {
    this.closed = true
    clearTimeout(this.timer)
    this.waiting.clear()
    this.bytes = 0
  }

  private drop(key: string): void {
    this.bytes -= this.waiting.get(key)?.bytes ?? 0
    this.waiting.delete(key)
  }

  private writeIn(ms: number): void {
    this.timer ??= setTimeout(() => void this.write(), ms)
  }

  /** One batch after the other; false when it failed and is still to be done. */
  private write(): Promise<boolean> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.writeBatch())
    return this.writing
  }

  private async writeBatch(): Promise<boolean> {
    const batch = [...this.waiting].slice(0, BATCH)
    if (batch.length === 0 || this.closed) return true
    try {
      await this.project(batch.map(([, { projection }]) => projection))
      await forgetOldPlaces(this.db)
    } catch (error) {
      this.availability.failed(error)
      this.writeIn(this.retryMs)
      this.retryMs = Math.min(this.retryMs * 2, MAX_RETRY_MS)
      return false
    }
    this.retryMs = RETRY_MS
    this.availability.answered()
    for (const [key, written] of batch) if (this.waiting.get(key) === written) this.drop(key)
    if (this.waiting.size > 0) this.writeIn(0)
    return true
  }

  /** A state that the database does not want is left out, so that it holds up nobody else's. */
  private async project(projections: readonly Projection[]): Promise<void> {
    try {
      await projectTasks(this.db, projections)
    } catch (error) {
      if (!isRefusal(error)) throw error
      const [first] = projections
      if (projections.length === 1 && first !== undefined) {
        this.logger.error({ err: error, taskId: first.taskId }, 'the store refuses a task')
        return
      }
      for (const projection of projections) await this.project([projection])
    }
  }
}

function newest(given: Projection, known: Projection, news: News): Projection {
  if (news.record && news.status) return given
  const [record, { position, task }] = news.record ? [given, known] : [known, given]
  return {
    ...record,
    position,
    task: { ...record.task, ...(task.status === undefined ? {} : { status: task.status }) },
  }
}
