/**
 * Looks at tasks for readers to whom the bus says nothing. Readers of one task share a look, and a process takes no more
 * than its budget, however many readers it has.
 */
import { isA2AError } from '../a2a/errors.js'
import { taskKey } from '../bus/live-event.js'
import type { TaskRef } from '../task/task-record.js'
import type { TaskReading } from './engine.js'

export interface LooksOptions {
  /** How many looks a second may be taken. Default 100. */
  readonly perSecond?: number
  /** How long a look is good for other readers of the task, in milliseconds. Default 500. */
  readonly freshMs?: number
  /** Milliseconds, for tests. Default `performance.now`. */
  now?(): number
}

export class Looks {
  private readonly read: (ref: TaskRef) => Promise<TaskReading | undefined>
  private readonly perSecond: number
  private readonly freshMs: number
  private readonly now: () => number
  /** The last look at each task, oldest first; those that are not fresh any more are dropped as new ones come. */
  private readonly last = new Map<
    string,
    { readonly at: number; readonly reading: Promise<TaskReading | undefined | 'later'> }
  >()
  private tokens: number
  private refilledAt: number

  constructor(read: (ref: TaskRef) => Promise<TaskReading | undefined>, options: LooksOptions = {}) {
    this.read = read
    this.perSecond = options.perSecond ?? 100
    this.freshMs = options.freshMs ?? 500
    this.now = options.now ?? (() => performance.now())
    this.tokens = this.perSecond
    this.refilledAt = this.now()
  }

  /** The task, not older than a moment; `later` when the budget is used up, or nobody can say just now. */
  async look(ref: TaskRef): Promise<TaskReading | undefined | 'later'> {
    const now = this.now()
    this.dropStale(now)
    const key = taskKey(ref)
    const known = this.last.get(key)
    if (known !== undefined) return known.reading
    if (!this.take(now)) return 'later'
    const reading = this.read(ref).catch(laterWhenUnavailable)
    this.last.set(key, { at: now, reading })
    return reading
  }

  private dropStale(now: number): void {
    for (const [key, { at }] of this.last) {
      if (now - at < this.freshMs) return
      this.last.delete(key)
    }
  }

  private take(now: number): boolean {
    this.tokens = Math.min(this.perSecond, this.tokens + ((now - this.refilledAt) * this.perSecond) / 1_000)
    this.refilledAt = now
    if (this.tokens < 1) return false
    this.tokens -= 1
    return true
  }
}

/** A reader that waits goes on waiting while the tasks are out of reach. */
function laterWhenUnavailable(error: unknown): 'later' {
  if (isA2AError(error) && error.reason === 'UNAVAILABLE') return 'later'
  throw error
}
