/**
 * How a task is read while it runs: first the Task, then its events, in order and without a gap. Every stream and every
 * blocking send goes through here.
 *
 * A reader listens before it looks, so nothing falls between. What the bus has lost shows as a gap in the cursors: it is
 * filled with the events themselves while somebody keeps them, else replaced by a new Task. When the bus is silent for long,
 * the reader looks for itself.
 */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { stateOf } from '../a2a/state.js'
import type { Subscription } from '../bus/event-bus.js'
import type { Engine } from '../engine/engine.js'
import type { TaskRef } from '../task/task-record.js'
import { Follower, type FollowOptions, vanished } from './follower.js'
import { Listener, listen, SilencePace } from './listen.js'
import { type EventStream, STREAM_END, type StreamStep } from './stream-step.js'
import type { Until } from './until.js'

/**
 * Ends when `until` holds, or quietly when the signal aborts; its subscription ends with it.
 *
 * The stream throws A2AError UNAVAILABLE when its reader was too slow and can come back, and TASK_NOT_FOUND when the task has
 * vanished meanwhile.
 */
export function follow(engine: Engine, ref: TaskRef, options: FollowOptions): EventStream {
  return new TaskStream(engine, new Follower(engine, ref, options), options)
}

/** What every stream has found while it waits. */
const NONE: StreamStep[] = []

/** Not a generator: one that waits holds several times as much, and most streams wait most of the time. */
class TaskStream implements EventStream {
  private readonly engine: Engine
  private readonly follower: Follower
  private readonly subscription: Subscription
  private readonly listener: Listener
  private readonly signal: AbortSignal
  private resume: FollowOptions['resume']
  /** Steps that have been found and not been asked for. */
  private found: StreamStep[] = NONE
  private over = false

  constructor(engine: Engine, follower: Follower, { subscription, signal, first, resume }: FollowOptions) {
    this.engine = engine
    this.follower = follower
    this.subscription = subscription
    this.listener = new Listener(subscription, signal, follower.pace)
    this.signal = signal
    // As an object and not as a function, which would be two more for each stream.
    if (signal.aborted) subscription.close()
    else signal.addEventListener('abort', this)
    this.resume = resume
    if (resume !== undefined) this.found = ['open']
    else if (first !== undefined) this.found = [follower.task(first)]
  }

  async next(): Promise<IteratorResult<StreamStep, void>> {
    try {
      while (!this.over) {
        const step = this.found.shift()
        if (step !== undefined) return { done: false, value: step }
        this.found = NONE
        if (this.resume !== undefined) {
          const { resume } = this
          this.resume = undefined
          this.found = await this.follower.resume(resume)
          continue
        }
        if (this.follower.done) break
        const heard = this.listener.take()
        if (heard === 'over') break
        if (heard === 'nothing') {
          await this.listener.wait()
          continue
        }
        const next = typeof heard === 'string' ? undefined : this.follower.next(heard)
        if (next !== undefined) return { done: false, value: next }
        this.found = await this.follower.catchUp(heard)
      }
    } catch (error) {
      this.end()
      throw error
    }
    this.end()
    return STREAM_END
  }

  async return(): Promise<IteratorResult<StreamStep, void>> {
    this.end()
    return STREAM_END
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.subscription.close()
  }

  private end(): void {
    if (this.over) return
    this.over = true
    this.signal.removeEventListener('abort', this)
    this.listener.rest()
    this.engine.bus.unsubscribe(this.follower.key, this.subscription)
  }
}

/**
 * The task as soon as `until` holds, or as it is when the time is over or the caller has gone; or the Message that the
 * agent answered with.
 *
 * @param waitMs the longest wait, in milliseconds
 */
export async function waitFor(
  engine: Engine,
  ref: TaskRef,
  options: { subscription: Subscription; until: Until; waitMs: number; signal: AbortSignal },
): Promise<{ task: TaskJson } | { message: MessageJson }> {
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.waitMs)])
  for await (const event of listen(options.subscription, signal, new SilencePace(engine))) {
    if (typeof event !== 'string') {
      if (event.event.message !== undefined) return { message: event.event.message }
      const state = event.event.statusUpdate?.status?.state
      if (state === undefined || !options.until(state, event.cursor)) continue
      if (event.task !== undefined) return { task: event.task }
    }
    const reading = await (event === 'silent' ? engine.look(ref) : engine.read(ref))
    if (reading === 'later') continue
    if (reading === undefined) throw vanished(ref)
    if (reading.answer !== undefined) return { message: reading.answer }
    if (options.until(stateOf(reading.task), reading.position)) return { task: reading.task }
  }
  const reading = await engine.read(ref)
  if (reading === undefined) throw vanished(ref)
  return reading.answer === undefined ? { task: reading.task } : { message: reading.answer }
}
