/**
 * The latest events that this process has published, so that a reader who comes back gets exactly what it has missed.
 *
 * Bounded per task and for all tasks together. What is no longer here is replaced by a Task, never by a gap.
 */
import { compareCursors, follows, type Position } from '../a2a/cursor.js'
import type { LiveEvent } from './live-event.js'

export interface RecentEventsLimits {
  readonly maxEventsPerTask: number
  readonly maxBytesPerTask: number
  /** Of all tasks; the one that has been silent for the longest time goes first. */
  readonly maxBytes: number
}

export const DEFAULT_RECENT_EVENTS: RecentEventsLimits = {
  maxEventsPerTask: 2_048,
  maxBytesPerTask: 1_048_576,
  maxBytes: 33_554_432,
}

/** What an event costs in memory besides its content, roughly. */
const OVERHEAD_BYTES = 400

interface Log {
  events: LiveEvent[]
  /** Index of the oldest event that is kept. */
  head: number
  bytes: number
}

export class RecentEvents {
  private readonly limits: RecentEventsLimits
  /** The task that has begun or ended a turn last is the last one. */
  private readonly logs = new Map<string, Log>()
  private bytes = 0

  constructor(limits: RecentEventsLimits = DEFAULT_RECENT_EVENTS) {
    this.limits = limits
  }

  add(published: LiveEvent): void {
    const event = published.task === undefined ? published : withoutTask(published)
    const log = this.logOf(event)
    const last = log.events.at(-1)
    // Told twice, or by an attempt that has been replaced.
    if (last !== undefined && compareCursors(event.cursor, last.cursor) <= 0) return
    const bytes = event.bytes + OVERHEAD_BYTES
    log.events.push(event)
    log.bytes += bytes
    this.bytes += bytes
    const { maxEventsPerTask, maxBytesPerTask, maxBytes } = this.limits
    while (log.events.length - log.head > maxEventsPerTask || log.bytes > maxBytesPerTask) this.dropOldest(log)
    while (this.bytes > maxBytes) this.forgetQuietest()
  }

  /** What came after the place, in order and without a gap, as far as it is kept here. */
  after(key: string, place: Position): readonly LiveEvent[] {
    const log = this.logs.get(key)
    if (log === undefined) return []
    const missed: LiveEvent[] = []
    let at = place
    for (let i = firstAfter(log, place); i < log.events.length; i += 1) {
      const event = log.events[i] as LiveEvent
      if (!follows(at, event.cursor)) break
      missed.push(event)
      at = { ...event.cursor, ended: event.kind === 'end' }
    }
    return missed
  }

  clear(): void {
    this.logs.clear()
    this.bytes = 0
  }

  /** Bytes that are kept, roughly; for tests and metrics. */
  get size(): number {
    return this.bytes
  }

  private logOf({ key, kind }: LiveEvent): Log {
    const log = this.logs.get(key) ?? { events: [], head: 0, bytes: 0 }
    if (kind === 'update' && log.events.length > 0) return log
    this.logs.delete(key)
    this.logs.set(key, log)
    return log
  }

  private dropOldest(log: Log): void {
    const bytes = (log.events[log.head]?.bytes ?? 0) + OVERHEAD_BYTES
    log.events[log.head] = undefined as never
    log.head += 1
    log.bytes -= bytes
    this.bytes -= bytes
    if (log.head > 64 && log.head * 2 > log.events.length) {
      log.events = log.events.slice(log.head)
      log.head = 0
    }
  }

  private forgetQuietest(): void {
    for (const [key, log] of this.logs) {
      this.logs.delete(key)
      this.bytes -= log.bytes
      return
    }
  }
}

function withoutTask({ task: _, ...event }: LiveEvent): LiveEvent {
  return event
}

/** Binary search. */
function firstAfter({ events, head }: Log, place: Position): number {
  let low = head
  let high = events.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareCursors((events[middle] as LiveEvent).cursor, place) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
