/** One reader of a task: where it is, and what brings it further. */
import type { StreamResponseJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../a2a/apply-event.js'
import { compareCursors, follows, type Position } from '../a2a/cursor.js'
import { cursorText, taskTag } from '../a2a/cursor-text.js'
import { A2AError, endedEarly } from '../a2a/errors.js'
import { stateOf } from '../a2a/state.js'
import { limitHistory } from '../a2a/task-view.js'
import type { Subscription } from '../bus/event-bus.js'
import { type LiveEvent, taskKey } from '../bus/live-event.js'
import { stateEvent } from '../bus/state-event.js'
import type { Engine, TaskReading } from '../engine/engine.js'
import type { TaskRef } from '../task/task-record.js'
import { SilencePace } from './listen.js'
import type { Frame } from './stream-step.js'
import type { Until } from './until.js'

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

export class Follower {
  private readonly engine: Engine
  private readonly ref: TaskRef
  readonly key: string
  private readonly tag: string
  private readonly until: Until
  private readonly historyLength: number | undefined
  private readonly signal: AbortSignal
  private readonly unseen: FollowOptions['unseen']
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
    this.until = options.until
    this.historyLength = options.historyLength
    this.signal = options.signal
    this.unseen = options.unseen
    this.pace = new SilencePace(engine)
  }

  get done(): boolean {
    if (this.answered) return true
    return this.state !== undefined && this.position !== undefined && this.until(this.state, this.position)
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
    const { unseen, signal } = this
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
    return this.frame({ task: limitHistory(task, this.historyLength) }, position)
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

export function vanished({ taskId }: TaskRef): A2AError {
  return new A2AError('TASK_NOT_FOUND', 'Task not found', { metadata: { taskId } })
}

function tooSlow(): A2AError {
  return endedEarly('The stream was closed because its reader was too slow')
}
