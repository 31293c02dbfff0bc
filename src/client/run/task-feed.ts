/**
 * The events of one task, each once and in order, over as many connections as it takes.
 *
 * After a lost connection the feed goes on after its cursor where the server knows cursors; elsewhere it begins with the
 * Task as it is, and only what is new of it is an event.
 */
import type { StreamResponseJson, TaskJson, TaskStatusJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { type A2AError, isA2AError } from '../../a2a/errors.js'
import { LAST_EVENT_ID_HEADER } from '../../a2a/service-params.js'
import { isTerminal } from '../../a2a/state.js'
import { onAbort, sleep } from '../../internal/abort.js'
import type { Backoff } from '../backoff.js'
import type { Caller } from '../caller.js'
import type { PlacedEvent } from '../cursor.js'
import { deepEqual } from '../deep-equal.js'
import { isTransient } from '../errors.js'
import type { CallOptions } from '../options.js'
import type { OpenStream } from './send.js'
import { TaskView } from './task-view.js'

/** Milliseconds between two looks at a task whose server has no streams, at first. */
const POLL_MS = 500

interface Source {
  readonly events: AsyncGenerator<PlacedEvent, void, undefined>
  abort(reason?: unknown): void
  /** Opened after events were lost: its first Task is news only as far as it differs. */
  readonly resumed: boolean
  /** It has to begin with the Task. Servers of A2A 0.3 and careless ones leave it out. */
  needsTask: boolean
}

export class TaskFeed {
  readonly view = new TaskView()
  taskId: string | undefined
  /** Place of the last event, as the server gave it. */
  cursor: string | undefined
  /** The agent's one message, when it has answered without a task. */
  message: StreamResponseJson['message'] | undefined
  private readonly caller: Caller
  private readonly unread: StreamResponseJson[] = []
  private source: Source | undefined
  private polls = false
  /** Something was put together from a Task, on a server without cursors: at the end the task itself is asked. */
  private mended = false
  /** The task at its end, when that was seen before its events were read. */
  private end: TaskJson | undefined
  /** The status that was answered with the latest message: it is no end of what follows. */
  private answered: TaskStatusJson | undefined

  constructor(caller: Caller, taskId?: string, cursor?: string) {
    this.caller = caller
    this.taskId = taskId
    this.cursor = cursor
    this.polls = !caller.streams
  }

  /** Goes on with the stream that a message was sent by. */
  attach({ first, rest, abort }: OpenStream): void {
    this.letGo()
    this.answered = this.view.status()
    this.source = { events: rest, abort, resumed: false, needsTask: false }
    this.take(first)
  }

  /** Has the next reader begin with the task as it is, when everything was read. */
  recap(): void {
    const { message } = this
    const task = this.view.task()
    if (this.unread.length > 0) return
    if (message !== undefined) this.unread.push({ message })
    else if (task !== undefined) this.unread.push({ task })
  }

  /** Nothing more is to come, until a message is sent. */
  get over(): boolean {
    if (this.message !== undefined) return true
    const status = this.view.status()
    if (isTerminal(status?.state)) return true
    return status?.state === 'TASK_STATE_INPUT_REQUIRED' && !this.isAnswered(status)
  }

  /** The task has ended as this, as another call has shown: what waits for its caller now waits no more. */
  endsAs(task: TaskJson): void {
    if (!isTerminal(task.status?.state)) return
    this.end = task
    if (this.source === undefined) this.takeEnd()
  }

  /** True when the end was news. */
  private takeEnd(): boolean {
    const { end } = this
    this.end = undefined
    if (end === undefined || isTerminal(this.view.status()?.state)) return false
    return this.take({ event: { task: end }, cursor: undefined })
  }

  /** Closes the connection; the task goes on, and so may this feed later. */
  letGo(): void {
    const { source } = this
    this.source = undefined
    source?.abort()
    void source?.events.return().catch(() => {})
  }

  /** The next event, or undefined when nothing more is to come. Waits, and reconnects. */
  async next(signal: AbortSignal, backoff: Backoff): Promise<StreamResponseJson | undefined> {
    for (;;) {
      signal.throwIfAborted()
      const event = this.unread.shift()
      if (event !== undefined) return event
      if (this.over) {
        this.letGo()
        if (!this.takeEnd()) return undefined
        continue
      }
      const pauseMs = await this.read(signal, backoff)
      if (pauseMs > 0) await sleep(pauseMs, signal)
    }
  }

  /** Reads one event, or ends a connection; resolves with the milliseconds to wait before the next read. */
  private async read(signal: AbortSignal, backoff: Backoff): Promise<number> {
    const source = this.source ?? this.open()
    this.source = source
    const off = onAbort(signal, () => source.abort(signal.reason))
    try {
      const step = await source.events.next()
      if (step.done !== true) {
        if (source.needsTask && step.value.event.task === undefined) await this.takeTask(signal)
        source.needsTask = false
        if (this.isEnd(step.value)) await this.takeTruth(signal)
        else if (this.take(step.value, source.resumed)) backoff.reset()
        return 0
      }
      this.source = undefined
      if (this.over) return 0
      // Closed without an error and before the end: the server wants to be asked again.
      return this.polls
        ? Math.max(POLL_MS, backoff.next() ?? this.caller.retry.maxMs)
        : (backoff.next() ?? this.caller.retry.maxMs)
    } catch (error) {
      this.source = undefined
      signal.throwIfAborted()
      if (source.resumed && isA2AError(error) && this.goesAnotherWay(error)) return 0
      const pauseMs = isTransient(error) && this.taskId !== undefined ? backoff.next(error.retryAfterMs) : undefined
      if (pauseMs === undefined) throw error
      return pauseMs
    } finally {
      off()
    }
  }

  /** A subscription was refused for good, and there is another way to the same. */
  private goesAnotherWay({ reason }: A2AError): boolean {
    if (reason === 'INVALID_PARAMS' && this.cursor !== undefined) {
      // The server does not know the place: the Task as it is will do.
      this.cursor = undefined
      return true
    }
    // The task has ended, or the server cannot stream after all.
    const pollable = reason === 'UNSUPPORTED_OPERATION' && !this.polls
    this.polls ||= pollable
    return pollable
  }

  private open(): Source {
    const life = new AbortController()
    const id = this.taskId ?? ''
    const { signal } = life
    const headers = this.cursor === undefined ? {} : { [LAST_EVENT_ID_HEADER]: this.cursor }
    const events = this.polls ? this.poll(signal) : this.caller.stream('subscribeToTask', { id }, { headers, signal })
    return { events, abort: (reason) => life.abort(reason), resumed: true, needsTask: this.cursor === undefined }
  }

  /** A stream of one event: the Task as it is. */
  private async *poll(signal: AbortSignal): AsyncGenerator<PlacedEvent, void, undefined> {
    yield { event: { task: await this.getTask({ signal }) }, cursor: undefined }
  }

  /** The task as its server has it. */
  getTask(options: CallOptions): Promise<TaskJson> {
    return this.caller.unary('getTask', { id: this.taskId ?? '' }, options)
  }

  private isEnd({ event }: PlacedEvent): boolean {
    return this.mended && isTerminal(event.statusUpdate?.status?.state)
  }

  /** A server without cursors may have shown an event twice or not at all around a lost connection. */
  private async takeTruth(signal: AbortSignal): Promise<void> {
    await this.takeTask(signal)
    this.mended = false
  }

  private async takeTask(signal: AbortSignal): Promise<void> {
    this.take({ event: { task: await this.getTask({ signal }) }, cursor: undefined }, true)
  }

  /** True when the event was news. */
  private take({ event, cursor }: PlacedEvent, resumed = false): boolean {
    if (event.message !== undefined) this.message = event.message
    if (event.task?.id !== undefined) {
      this.taskId = event.task.id
      if (resumed && this.view.status() !== undefined && !this.polls) this.mended = true
    }
    const news = this.view.accept(event)
    this.unread.push(...news)
    this.cursor = cursor ?? this.cursor
    return news.length > 0
  }

  private isAnswered(status: TaskStatusJson): boolean {
    return this.answered !== undefined && deepEqual(status, this.answered)
  }
}
