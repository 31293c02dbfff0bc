/**
 * The events of one task, each once and in order, over as many connections as it takes.
 *
 * After a lost connection the feed goes on after its cursor where the server knows cursors; elsewhere it begins with the
 * Task as it is, and only what is new of it is an event.
 */
import type { StreamResponseJson, TaskJson, TaskStateJson, TaskStatusJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, isA2AError } from '../../a2a/errors.js'
import { isTerminal } from '../../a2a/state.js'
import { onAbort, sleep } from '../../internal/abort.js'
import type { Backoff } from '../backoff.js'
import type { Caller } from '../caller.js'
import type { PlacedEvent } from '../cursor.js'
import { deepEqual } from '../deep-equal.js'
import { isTransient } from '../errors.js'
import type { CallOptions } from '../options.js'
import type { OpenStream } from './send.js'
import { Source } from './source.js'
import { TaskView } from './task-view.js'
import { isUpdate, taskBegunBy } from './updates.js'

/** The least milliseconds between two looks at a task whose server has no streams. */
const POLL_MS = 100
/** Milliseconds in which a server that cannot be subscribed to has to show that it is there. */
const LAST_LOOK_MS = 5_000

export class TaskFeed {
  readonly view = new TaskView()
  taskId: string | undefined
  contextId: string | undefined
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

  /** A feed of the same task for another reader, who begins with it as it is. */
  another(): TaskFeed {
    const feed = new TaskFeed(this.caller, this.taskId)
    if (this.message !== undefined) feed.take({ event: { message: this.message }, cursor: undefined })
    return feed
  }

  /** Goes on with the stream that a message was sent by. A reader who waits does so too. */
  attach(sent: OpenStream): void {
    const { first } = sent
    this.letGo()
    this.answered = this.view.status()
    this.place(first.event)
    // An update is kept until there is a Task for it.
    const needsTask = isUpdate(first.event) && this.view.task() === undefined
    this.source = Source.sent(sent, needsTask)
    if (!needsTask) this.take(first)
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
    return (
      this.message !== undefined || isTerminal(this.view.status()?.state) || this.awaits('TASK_STATE_INPUT_REQUIRED')
    )
  }

  /** The task has ended or waits for its caller. While it waits for a credential, it may go on without a message. */
  get settled(): boolean {
    return this.over || this.awaits('TASK_STATE_AUTH_REQUIRED')
  }

  private awaits(state: TaskStateJson): boolean {
    const status = this.view.status()
    return status?.state === state && !this.isAnswered(status)
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
    source?.close()
  }

  /** The next event, or undefined when the reader has all that it came for. Waits, and reconnects. */
  async next(
    signal: AbortSignal,
    backoff: Backoff,
    until: 'over' | 'settled',
  ): Promise<StreamResponseJson | undefined> {
    for (;;) {
      signal.throwIfAborted()
      const event = this.unread.shift()
      if (event !== undefined) return event
      if (this[until]) {
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
    const off = onAbort(signal, () => source.close(signal.reason))
    try {
      const item = await source.next()
      // A message was sent meanwhile: its stream begins with what this one would have shown.
      if (this.source !== source) return 0
      backoff.worked()
      if (item !== undefined) {
        if (await this.takeFrom(source, item, signal)) backoff.reset()
        return 0
      }
      this.source = undefined
      if (this.over) return 0
      // Closed without an error and before the end: the server wants to be asked again.
      const pauseMs = backoff.next() ?? this.caller.retry.maxMs
      return this.polls ? Math.max(POLL_MS, pauseMs) : pauseMs
    } catch (error) {
      if (this.source !== source) return 0
      this.letGo()
      signal.throwIfAborted()
      if (source.resumed && isA2AError(error) && this.goesAnotherWay(error)) return 0
      if (!isTransient(error) || this.taskId === undefined) throw error
      const pauseMs = backoff.next(error.retryAfterMs) ?? (await this.pauseIfThere(error, signal, backoff))
      if (pauseMs === undefined) throw error
      return pauseMs
    } finally {
      off()
    }
  }

  /**
   * Streams that say nothing before they are cut show nothing of a server that is well. So before the reader is told that
   * nobody can be reached, the task is asked for once.
   */
  private async pauseIfThere(error: A2AError, signal: AbortSignal, backoff: Backoff): Promise<number | undefined> {
    if (this.polls || this.caller.retry.giveUpMs === 0) return undefined
    try {
      await this.caller.unary('getTask', { id: this.knownId(), historyLength: 0 }, { signal, timeoutMs: LAST_LOOK_MS })
    } catch {
      signal.throwIfAborted()
      // A message was sent meanwhile, and its stream is there.
      return this.source === undefined ? undefined : 0
    }
    backoff.worked()
    return backoff.next(error.retryAfterMs)
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
    return Source.open(this.caller, {
      id: this.knownId(),
      cursor: this.cursor,
      blind: this.view.status() === undefined,
      polls: this.polls,
      atCursor: (task) => this.view.know(task),
    })
  }

  /** The task as its server has it. */
  getTask(options: CallOptions): Promise<TaskJson> {
    return this.caller.unary('getTask', { id: this.knownId() }, options)
  }

  private knownId(): string {
    if (this.taskId) return this.taskId
    throw new A2AError('INVALID_PARAMS', 'The id of the task is not known')
  }

  /** True when there was news. */
  private async takeFrom(source: Source, item: PlacedEvent, signal: AbortSignal): Promise<boolean> {
    const { needsTask } = source
    source.needsTask = false
    if (needsTask && isUpdate(item.event)) {
      const task = await this.missingTask(source, item.event, signal)
      if (this.source !== source) return false
      this.take({ event: { task }, cursor: undefined }, true)
      // What led there is in it.
      if (isTerminal(task.status?.state)) return true
    }
    if (!this.mended || !isTerminal(item.event.statusUpdate?.status?.state)) return this.take(item, source.resumed)
    // A server without cursors may have shown an event twice or not at all around a lost connection.
    const task = await this.getTask({ signal })
    if (this.source !== source) return false
    this.take({ event: { task }, cursor: undefined }, true)
    this.mended = false
    return true
  }

  /** The Task that should have come before this update. Where a message has just begun it, the update itself can tell. */
  private async missingTask(source: Source, event: StreamResponseJson, signal: AbortSignal): Promise<TaskJson> {
    try {
      const task = await this.getTask({ signal })
      // It may have in it what the stream is about to bring.
      this.mended ||= !source.resumed
      return task
    } catch (error) {
      if (source.resumed || isTransient(error) || !isA2AError(error)) throw error
      return taskBegunBy(event)
    }
  }

  /** True when the event was news. */
  private take({ event, cursor }: PlacedEvent, resumed = false): boolean {
    if (event.message !== undefined) this.message = event.message
    if (event.task !== undefined && resumed && this.view.status() !== undefined && !this.polls) this.mended = true
    this.place(event)
    const news = this.view.accept(event)
    this.unread.push(...news)
    this.cursor = cursor ?? this.cursor
    // A change that follows a message is no echo of what the message has answered.
    const changed = !resumed && event.statusUpdate !== undefined && news.length > 0
    if (changed || !this.isAnswered(this.view.status())) this.answered = undefined
    return news.length > 0
  }

  /** Whose event it is. */
  private place({ task, statusUpdate, artifactUpdate }: StreamResponseJson): void {
    const { contextId } = task ?? statusUpdate ?? artifactUpdate ?? {}
    this.taskId = (task?.id ?? statusUpdate?.taskId ?? artifactUpdate?.taskId) || this.taskId
    this.contextId = contextId || this.contextId
  }

  private isAnswered(status: TaskStatusJson | undefined): boolean {
    return this.answered !== undefined && deepEqual(status, this.answered)
  }
}
