/**
 * How a task is read while it runs: first the Task, then its events, in order and without a gap. Every stream and every
 * blocking send goes through here.
 *
 * A reader listens before it looks, so nothing falls between. What the bus has lost shows as a gap in the cursors, and is
 * replaced by a new Task. When the bus is silent for long, the reader looks for itself.
 */
import type { MessageJson, StreamResponseJson, TaskJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../a2a/apply-event.js'
import { type Cursor, compareCursors, follows, type Position } from '../a2a/cursor.js'
import { A2AError } from '../a2a/errors.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import { limitHistory } from '../a2a/task-view.js'
import type { Subscription } from '../bus/event-bus.js'
import { type LiveEvent, taskKey } from '../bus/live-event.js'
import type { Engine, TaskReading } from '../engine/engine.js'
import { onAbort } from '../internal/abort.js'
import type { TaskRef } from '../task/task-record.js'

/** One event of a stream, and the place to continue after it. */
export interface Frame {
  readonly event: StreamResponseJson
  /** Undefined for a Message that stands alone. */
  readonly cursor?: Cursor
}

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
  /** The Task to show first. Undefined: nothing is shown before the agent has said whether it answers with a task. */
  readonly first: { readonly task: TaskJson; readonly position: Position } | undefined
  /** With `first` undefined: the task before the agent has said anything, to be shown with its first event. */
  readonly unseen?: { readonly task: TaskJson; readonly position: Position }
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
export async function* follow(
  engine: Engine,
  ref: TaskRef,
  options: FollowOptions,
): AsyncGenerator<Frame, void, undefined> {
  const { subscription, until, historyLength, signal } = options
  let position: Position | undefined
  let shown: TaskStateJson | undefined

  const taskFrame = (task: TaskJson, at: Position): Frame => {
    position = at
    shown = stateOf(task)
    return { event: { task: limitHistory(task, historyLength) }, cursor: cursorOf(at) }
  }

  if (options.first !== undefined) {
    yield taskFrame(options.first.task, options.first.position)
    if (until(stateOf(options.first.task), options.first.position)) return
  }
  const pace = new SilencePace(engine)
  for await (const event of events(subscription, signal, pace)) {
    if (event === 'silent') {
      const reading = await engine.look(ref)
      if (reading === 'later') continue
      if (reading === undefined) throw vanished(ref)
      if (reading.answer !== undefined) return yield { event: { message: reading.answer } }
      if (position === undefined ? !hasBegun(reading.position) : !isNewer(reading.position, position)) continue
      pace.reset()
      yield taskFrame(reading.task, reading.position)
    } else if (event.event.message !== undefined) {
      return yield { event: event.event }
    } else if (position !== undefined && compareCursors(event.cursor, position) <= 0) {
      continue
    } else if (
      position === undefined &&
      options.unseen !== undefined &&
      follows(options.unseen.position, event.cursor)
    ) {
      const task = new TaskBuilder(options.unseen.task)
      task.apply(event.event)
      yield taskFrame(task.build(), { ...event.cursor, ended: event.kind === 'end' })
    } else if (position === undefined || !follows(position, event.cursor)) {
      const reading = await snapshotAt(engine, ref, event, signal)
      if (reading === undefined) return
      yield taskFrame(reading.task, reading.position)
    } else {
      position = { ...event.cursor, ended: event.kind === 'end' }
      const state = event.event.statusUpdate?.status?.state
      // A new attempt, or a turn that follows at once, says WORKING again: nothing new for the reader.
      if (event.kind === 'begin' && shown === state) continue
      shown = state ?? shown
      yield { event: event.event, cursor: event.cursor }
    }
    if (shown !== undefined && position !== undefined && until(shown, position)) return
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
    if (event !== 'silent') {
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
 * What the bus brings, and `silent` after a while without anything. Ends when the signal aborts or the bus closes.
 *
 * @throws A2AError UNAVAILABLE the queue has overflowed
 */
async function* events(
  subscription: Subscription,
  signal: AbortSignal,
  pace: SilencePace,
): AsyncGenerator<LiveEvent | 'silent', void, undefined> {
  const off = onAbort(signal, () => subscription.close())
  try {
    while (!signal.aborted) {
      const event = subscription.poll()
      if (event !== undefined) {
        pace.reset()
        yield event
        continue
      }
      if (subscription.outcome === 'overflow') throw tooSlow()
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

function cursorOf({ turn, attempt, seq }: Position): Cursor {
  return { turn, attempt, seq }
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
