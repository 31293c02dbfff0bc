/**
 * How a task is read while it runs: first the Task, then its events, in order and without a gap. Every stream and every
 * blocking send goes through here.
 *
 * A reader listens before it looks, so nothing falls between. What the bus has lost shows as a gap in the cursors: it is
 * filled with the events themselves while somebody keeps them, else replaced by a new Task. When the bus is silent for long,
 * the reader looks for itself.
 */
import type { MessageJson, StreamResponseJson, TaskJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../a2a/apply-event.js'
import { type Cursor, compareCursors, follows, type Position } from '../a2a/cursor.js'
import { cursorText, taskTag } from '../a2a/cursor-text.js'
import { A2AError } from '../a2a/errors.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import { limitHistory } from '../a2a/task-view.js'
import type { Subscription } from '../bus/event-bus.js'
import { type LiveEvent, taskKey } from '../bus/live-event.js'
import { stateEvent } from '../bus/state-event.js'
import type { Engine, TaskReading } from '../engine/engine.js'
import { onAbort } from '../internal/abort.js'
import type { TaskRef } from '../task/task-record.js'

/** One event of a stream, and the place to continue after it. */
export interface Frame {
  readonly event: StreamResponseJson
  /** As text for the reader; undefined for a Message that stands alone. */
  readonly cursor?: string
  /** The stream ends with this frame, because its reader has seen what it came for. */
  readonly last?: true
}

/** `open`: the stream has begun, and nothing is to be shown yet. */
export type StreamStep = Frame | 'open'

export type EventStream = AsyncGenerator<StreamStep, void, undefined>

/** True when the reader has seen what it came for. */
export type Until = (state: TaskStateJson, at: Cursor) => boolean

/** Terminal, whatever turn. */
export const untilTerminal: Until = (state) => isTerminal(state)

/** Terminal, or waiting for the caller again, after the given turn. */
export function untilAnswered(turn: number): Until {
  return (state, at) => at.turn >= turn && (isTerminal(state) || isInterrupted(state))
}

/** The given turn has said something. */
export function untilBegun(turn: number): Until {
  return (_, at) => at.turn >= turn && at.seq > 0
}

/** As {@link untilAnswered}, but open while a credential is awaited, which comes without a message (A2A section 7.6.1). */
export function untilStreamed(turn: number): Until {
  return (state, at) => at.turn >= turn && (isTerminal(state) || state === 'TASK_STATE_INPUT_REQUIRED')
}

export interface FollowOptions {
  /** Opened before the task was started or read. */
  readonly subscription: Subscription
  /**
   * The Task to show first. Undefined: nothing is shown before the agent has said whether it answers with a task, or, with
   * `resume`, but what was missed.
   */
  readonly first: Pick<TaskReading, 'task' | 'position'> | undefined
  /** With `first` undefined: the task before the agent has said anything, to be shown with its first event. */
  readonly unseen?: Pick<TaskReading, 'task' | 'position'>
  /** The reader has been here before: the place up to which it has everything, and the task as it is now. */
  readonly resume?: { readonly after: Position; readonly reading: TaskReading }
  readonly until: Until
  readonly historyLength: number | undefined
  readonly signal: AbortSignal
}

/** How often a reader looks whether a snapshot has caught up with an event that the bus has already brought. */
const CATCH_UP_TRIES = 20
const CATCH_UP_MS = 50

/**
 * Ends when `until` holds, or quietly when the signal aborts.
 *
 * @throws A2AError UNAVAILABLE the reader was too slow; it can come back
 * @throws A2AError TASK_NOT_FOUND the task has vanished meanwhile
 */
export async function* follow(engine: Engine, ref: TaskRef, options: FollowOptions): EventStream {
  const { subscription, signal } = options
  const follower = new Follower(engine, ref, options)
  if (options.resume !== undefined) {
    yield 'open'
    for (const frame of await follower.resume(options.resume)) yield frame
  } else if (options.first !== undefined) {
    yield follower.task(options.first)
  }
  if (follower.done) return
  for await (const event of events(subscription, signal, follower.pace)) {
    const next = typeof event === 'string' ? undefined : follower.next(event)
    if (next !== undefined) yield next
    else for (const frame of await follower.catchUp(event)) yield frame
    if (follower.done) return
  }
}

/** One reader: where it is, and what brings it further. */
class Follower {
  private readonly engine: Engine
  private readonly ref: TaskRef
  private readonly key: string
  private readonly tag: string
  private readonly options: FollowOptions
  readonly pace: SilencePace
  /** Up to here the reader has everything. */
  private position: Position | undefined
  private state: TaskStateJson | undefined
  private answered = false

  constructor(engine: Engine, ref: TaskRef, options: FollowOptions) {
    this.engine = engine
    this.ref = ref
    this.key = taskKey(ref)
    this.tag = taskTag(this.key)
    this.options = options
    this.pace = new SilencePace(engine)
  }

  get done(): boolean {
    if (this.answered) return true
    return this.state !== undefined && this.position !== undefined && this.options.until(this.state, this.position)
  }

  /** The frame of an event that comes right after what the reader has; undefined for any other. */
  next(event: LiveEvent): Frame | undefined {
    const { position } = this
    if (position === undefined || event.event.message !== undefined || !follows(position, event.cursor))
      return undefined
    // An attempt that ends before it has shown anything: what earlier ones have shown may be more than the task has kept.
    if (event.kind === 'end' && event.cursor.seq === 1 && event.cursor.attempt > 1) return undefined
    return this.show(event.event, { ...event.cursor, ended: event.kind === 'end' })
  }

  /** What brings the reader to where the task is, when the next event alone does not. */
  catchUp(event: LiveEvent | 'silent' | 'behind'): Promise<Frame[]> {
    if (event === 'silent') return this.look()
    return event === 'behind' ? this.behind() : this.upToEvent(event)
  }

  /** What brings the reader to an event that is not the next one, the event included. */
  private async upToEvent(event: LiveEvent): Promise<Frame[]> {
    if (event.event.message !== undefined) return [this.answer(event.event)]
    if (this.position !== undefined && compareCursors(event.cursor, this.position) <= 0) return []
    const { unseen, signal } = this.options
    if (this.position === undefined && unseen !== undefined && follows(unseen.position, event.cursor)) {
      const task = new TaskBuilder(unseen.task)
      task.apply(event.event)
      return [this.task({ task: task.build(), position: { ...event.cursor, ended: event.kind === 'end' } })]
    }
    const frames = await this.missed()
    if (this.position !== undefined && compareCursors(event.cursor, this.position) <= 0) return frames
    const next = this.next(event)
    if (next !== undefined) return [...frames, next]
    const reading = await snapshotAt(this.engine, this.ref, event, signal)
    const useful = reading !== undefined && (this.position === undefined || isNewer(reading.position, this.position))
    return useful ? [...frames, this.task(reading)] : frames
  }

  /**
   * More has come than the reader's queue holds. It has just read something, so it goes on from the events that are still
   * kept; one that is behind even those is too slow.
   */
  private async behind(): Promise<Frame[]> {
    if (this.position === undefined) return this.look()
    const frames = await this.missed()
    if (frames.length === 0) throw tooSlow()
    return frames
  }

  /** Nothing has come for a while: what there is to see. */
  private async look(): Promise<Frame[]> {
    const reading = await this.engine.look(this.ref)
    if (reading === 'later') return []
    if (reading === undefined) throw vanished(this.ref)
    if (reading.answer !== undefined) return [this.answer({ message: reading.answer })]
    if (this.position === undefined ? !hasBegun(reading.position) : !isNewer(reading.position, this.position)) return []
    this.pace.reset()
    return this.position === undefined ? [this.task(reading)] : this.upTo(reading)
  }

  async resume({ after, reading }: NonNullable<FollowOptions['resume']>): Promise<Frame[]> {
    this.position = after
    return this.upTo(reading)
  }

  task({ task, position }: Pick<TaskReading, 'task' | 'position'>): Frame {
    this.position = position
    this.state = stateOf(task)
    return this.frame({ task: limitHistory(task, this.options.historyLength) }, position)
  }

  /** What brings the reader to where the reading is: the events themselves while they are known, else the Task. */
  private async upTo(reading: TaskReading): Promise<Frame[]> {
    const newer = () => this.position === undefined || isNewer(reading.position, this.position)
    const frames = newer() ? await this.missed() : []
    if (newer()) frames.push(this.end(reading) ?? this.task(reading))
    // Nothing was missed; what the reader has last seen is what the task still is.
    else if (this.position !== undefined && compareCursors(this.position, reading.position) === 0) {
      this.state = stateOf(reading.task)
    }
    return frames
  }

  /** The event of a turn's end, out of the task after it, for a reader who has everything before it. */
  private end(reading: TaskReading): Frame | undefined {
    if (!reading.position.ended) return undefined
    const { taskId } = this.ref
    return this.next(stateEvent({ ...this.ref, ...reading, taskId }))
  }

  /** What the bus still knows of the events after the reader's place. */
  private async missed(): Promise<Frame[]> {
    if (this.position === undefined) return []
    const frames: Frame[] = []
    for (const event of await this.engine.bus.missed(this.key, this.position)) {
      const next = this.next(event)
      if (next === undefined) break
      frames.push(next)
    }
    return frames
  }

  private show(event: StreamResponseJson, position: Position): Frame {
    this.position = position
    this.state = event.statusUpdate?.status?.state ?? this.state
    return this.frame(event, position)
  }

  private answer(event: StreamResponseJson): Frame {
    this.answered = true
    return { event }
  }

  private frame(event: StreamResponseJson, position: Position): Frame {
    const frame = { event, cursor: cursorText(position, this.tag) }
    return this.done ? { ...frame, last: true } : frame
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
  for await (const event of events(options.subscription, signal, new SilencePace(engine))) {
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

/** Opens a subscription for the time of `use`. */
export async function withSubscription<T>(
  engine: Engine,
  ref: TaskRef,
  options: { statesOnly: boolean },
  use: (subscription: Subscription) => Promise<T>,
): Promise<T> {
  const key = taskKey(ref)
  const subscription = engine.bus.subscribe(key, options)
  try {
    return await use(subscription)
  } finally {
    engine.bus.unsubscribe(key, subscription)
  }
}

/**
 * What the bus brings; `silent` after a while without anything; `behind` when events were lost because they came faster than
 * they were read. Ends when the signal aborts or the bus closes.
 */
async function* events(
  subscription: Subscription,
  signal: AbortSignal,
  pace: SilencePace,
): AsyncGenerator<LiveEvent | 'silent' | 'behind', void, undefined> {
  const off = onAbort(signal, () => subscription.close())
  try {
    while (!signal.aborted) {
      const event = subscription.poll()
      if (event !== undefined) {
        pace.reset()
        yield event
        continue
      }
      if (subscription.reopen()) {
        yield 'behind'
        continue
      }
      if (subscription.outcome === 'closed') return
      const ms = pace.next()
      if (ms === 0) {
        await subscription.readable()
      } else if (!(await readableWithin(subscription, ms))) {
        yield 'silent'
      } else if (subscription.isEmpty && subscription.outcome === undefined) {
        // Nudged: what the bus may have lost shows by looking.
        pace.reset()
        yield 'silent'
      }
    }
  } finally {
    off()
  }
}

/** How long a reader bears silence before it looks: longer each time that nothing was to be seen. */
class SilencePace {
  private readonly engine: Pick<Engine, 'pollMs' | 'maxPollMs'>
  private ms: number

  constructor(engine: Pick<Engine, 'pollMs' | 'maxPollMs'>) {
    this.engine = engine
    this.ms = engine.pollMs
  }

  reset(): void {
    this.ms = this.engine.pollMs
  }

  /** Milliseconds of the next wait; 0 waits without end. */
  next(): number {
    const ms = Math.min(this.ms, this.engine.maxPollMs)
    this.ms = ms * 2
    // Spread, so that readers that began together do not look together.
    return ms * (0.75 + Math.random() / 2)
  }
}

async function readableWithin(subscription: Subscription, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false)
  })
  try {
    return await Promise.race([subscription.readable().then(() => true), silence])
  } finally {
    clearTimeout(timer)
  }
}

/** A reading that is not behind the event; what the event itself brings is used first. */
async function snapshotAt(
  engine: Engine,
  ref: TaskRef,
  event: LiveEvent,
  signal: AbortSignal,
): Promise<Pick<TaskReading, 'task' | 'position'> | undefined> {
  if (event.task !== undefined) return { task: event.task, position: { ...event.cursor, ended: event.kind === 'end' } }
  for (let tries = 0; !signal.aborted; tries += 1) {
    const reading = await engine.read(ref)
    if (reading === undefined) throw vanished(ref)
    if (compareCursors(reading.position, event.cursor) >= 0 || tries >= CATCH_UP_TRIES) return reading
    await new Promise((resolve) => setTimeout(resolve, CATCH_UP_MS))
  }
  return undefined
}

function isNewer(a: Position, b: Position): boolean {
  return compareCursors(a, b) > 0 || (compareCursors(a, b) === 0 && a.ended && !b.ended)
}

/** Something was said, or a turn has ended. */
function hasBegun(position: Position): boolean {
  return position.seq > 0
}

function vanished({ taskId }: TaskRef): A2AError {
  return new A2AError('TASK_NOT_FOUND', 'Task not found', { metadata: { taskId } })
}

function tooSlow(): A2AError {
  return new A2AError(
    'UNAVAILABLE',
    'The stream was closed because its reader was too slow; subscribe to the task to go on',
    {
      metadata: { resumable: 'true' },
      retryAfterMs: 0,
    },
  )
}
