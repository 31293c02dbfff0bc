/** A message on its way to its end: the task that works on it, or the one message that answers it. */
import type { JsonValue } from '@bufbuild/protobuf'
import type {
  ArtifactJson,
  MessageJson,
  StreamResponseJson,
  TaskJson,
  TaskStateJson,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../../a2a/errors.js'
import { textOf } from '../../a2a/parts.js'
import { isTerminal } from '../../a2a/state.js'
import { Backoff } from '../backoff.js'
import { openScope, withinOneDeadline } from '../call-scope.js'
import type { Caller } from '../caller.js'
import type { CallOptions, Content, ReplyOptions } from '../options.js'
import { cancelTask } from './cancel.js'
import { openMessage } from './send.js'
import type { TaskFeed } from './task-feed.js'

/** How long, and until when, events are read. */
export type ReadOptions = Pick<CallOptions, 'signal' | 'timeoutMs'>

/** What has come of a run when it has ended or waits for its caller. */
export interface RunResult {
  /** Undefined when the agent has answered with a message and no task. */
  readonly task: TaskJson | undefined
  readonly message: MessageJson | undefined
  /** `TASK_STATE_COMPLETED` for a message. */
  readonly state: TaskStateJson
  readonly artifacts: readonly ArtifactJson[]
  /** All text of the artifacts, a line between two artifacts; without any, that of the last message of the agent. */
  readonly text: string
  /** The data parts of the artifacts or the message, in order. */
  readonly data: readonly JsonValue[]
}

/** What {@link Run.text} rejects with when the task has ended in another state than COMPLETED. */
export class TaskNotCompletedError extends Error {
  override readonly name = 'TaskNotCompletedError'
  readonly state: TaskStateJson
  readonly task: TaskJson

  constructor(task: TaskJson, state: TaskStateJson) {
    const said = textOf(task.status?.message?.parts)
    super(`The task ended as ${state.replace('TASK_STATE_', '')}${said === '' ? '' : `: ${said}`}`)
    this.task = task
    this.state = state
  }
}

/** A message that was sent, and the task it became. */
export class Run {
  private readonly caller: Caller
  private readonly feed: TaskFeed
  private reading = false

  /** @internal */
  constructor(caller: Caller, feed: TaskFeed) {
    this.caller = caller
    this.feed = feed
  }

  /** Undefined when the agent has answered with a message and no task. */
  get taskId(): string | undefined {
    return this.feed.taskId
  }

  get contextId(): string | undefined {
    return this.message?.contextId ?? this.feed.contextId
  }

  /** The task as far as its events were read. */
  get task(): TaskJson | undefined {
    return this.feed.view.task()
  }

  /** The agent's message, when it has answered with that and no task. */
  get message(): MessageJson | undefined {
    return this.feed.message
  }

  /** The state as far as events were read; COMPLETED for a message, undefined before anything is known. */
  get state(): TaskStateJson | undefined {
    return this.message === undefined ? this.feed.view.status()?.state : 'TASK_STATE_COMPLETED'
  }

  /** The task has ended, or the agent has answered with a message: nothing can follow. */
  get ended(): boolean {
    return isTerminal(this.state)
  }

  /** The agent waits for {@link reply}. */
  get needsInput(): boolean {
    return this.state === 'TASK_STATE_INPUT_REQUIRED'
  }

  /** The agent waits for a credential, which is given to it out of band. */
  get needsAuth(): boolean {
    return this.state === 'TASK_STATE_AUTH_REQUIRED'
  }

  /** What the agent has said with its state: its question, or why it failed. */
  get statusText(): string {
    return textOf(this.feed.view.status()?.message?.parts)
  }

  /**
   * Place of the last event that was read, to keep with {@link taskId}: `client.resume(taskId, { cursor })` goes on after it.
   * Undefined on servers without cursors.
   */
  get cursor(): string | undefined {
    return this.feed.cursor
  }

  /**
   * What happens to the task, each event once: the Task first, then its changes, until it has ended or waits for input.
   * Lost connections are opened again. Leaving the loop closes the connection, never the task; a later loop goes on where
   * this one was left. While one loop runs, another begins with the Task as it is.
   *
   * @throws A2AError what the server says, or UNAVAILABLE when it cannot be reached for `retry.giveUpMs`
   */
  async *events(options: ReadOptions = {}): AsyncGenerator<StreamResponseJson, void, undefined> {
    yield* this.read(options, 'over')
  }

  private async *read(
    options: ReadOptions,
    until: 'over' | 'settled',
  ): AsyncGenerator<StreamResponseJson, void, undefined> {
    if (this.reading) {
      yield* this.another().read(options, until)
      return
    }
    this.reading = true
    const scope = openScope([options.signal, this.caller.signal], options.timeoutMs)
    const backoff = new Backoff(this.caller.retry)
    try {
      for (;;) {
        const event = await this.feed.next(scope.signal, backoff, until)
        if (event === undefined) return
        yield event
      }
    } finally {
      this.reading = false
      scope.close()
      this.feed.letGo()
    }
  }

  /** The text of the artifacts as it comes. An artifact that is replaced, after a crash of the agent, comes whole again. */
  async *textStream(options: ReadOptions = {}): AsyncGenerator<string, void, undefined> {
    for await (const { task, message, artifactUpdate } of this.events(options)) {
      const artifacts = artifactUpdate?.artifact === undefined ? (task?.artifacts ?? []) : [artifactUpdate.artifact]
      const text = message === undefined ? artifacts.map(({ parts }) => textOf(parts)).join('') : textOf(message.parts)
      if (text !== '') yield text
    }
  }

  /**
   * Waits until the task has ended or waits for its caller: for an answer or a credential. Reads the events, which a later
   * loop then does not see.
   */
  async result(options: ReadOptions = {}): Promise<RunResult> {
    if (this.reading) return this.another().result(options)
    return withinOneDeadline(options, async (within) => {
      if (!this.feed.settled) for await (const _ of this.read(within, 'settled'));
      // A run that began at a cursor has not seen the Task.
      const whole = this.task ?? (this.message === undefined ? await this.feed.getTask(within) : undefined)
      return this.outcome(whole)
    })
  }

  /** @internal Waits as {@link result} does; a later loop begins with the Task as it is then. */
  async settle(options: ReadOptions = {}): Promise<void> {
    for await (const _ of this.read(options, 'settled'));
    this.feed.recap()
  }

  /**
   * The text of the {@link result}; what the agent asks, when it waits for its caller.
   *
   * @throws TaskNotCompletedError the task failed, was canceled or rejected
   */
  async text(options: ReadOptions = {}): Promise<string> {
    const { task, state, text } = await this.result(options)
    if (task !== undefined && isTerminal(state) && state !== 'TASK_STATE_COMPLETED') {
      throw new TaskNotCompletedError(task, state)
    }
    return text
  }

  /**
   * Sends another message to the same task; resolves when it was taken. What follows comes by {@link events} and
   * {@link result}.
   */
  async reply(content: Content, options: ReplyOptions = {}): Promise<this> {
    const taskId = this.knownTask('reply to')
    const { contextId } = this
    const at = { taskId, ...(contextId === undefined ? {} : { contextId }) }
    this.feed.attach(await openMessage(this.caller, content, { ...options, ...at }))
    return this
  }

  /** Cancels the task: CANCELED when the agent has stopped. Safe to repeat. */
  async cancel(options: CallOptions = {}): Promise<TaskJson> {
    const task = await cancelTask(this.caller, this.knownTask('cancel'), options)
    this.feed.endsAs(task)
    return task
  }

  /** Closes the connection of a run that nobody reads on. The task goes on, and the run can still be read later. */
  close(): void {
    if (!this.reading) this.feed.letGo()
  }

  /** Of the same task, for another reader. */
  private another(): Run {
    return new Run(this.caller, this.feed.another())
  }

  private knownTask(what: string): string {
    const { taskId, message } = this.feed
    if (taskId !== undefined) return taskId
    const why = message === undefined ? 'named none' : 'answered with a message'
    throw new A2AError('UNSUPPORTED_OPERATION', `There is no task to ${what}: the agent has ${why}`)
  }

  private outcome(task: TaskJson | undefined): RunResult {
    const { message } = this
    const artifacts = task?.artifacts ?? []
    const parts = message?.parts ?? artifacts.flatMap((artifact) => artifact.parts ?? [])
    const texts = artifacts.map((artifact) => textOf(artifact.parts)).filter((text) => text !== '')
    return {
      task,
      message,
      state: this.state ?? task?.status?.state ?? 'TASK_STATE_UNSPECIFIED',
      artifacts,
      text: message !== undefined ? textOf(message.parts) : texts.length > 0 ? texts.join('\n') : this.statusText,
      data: parts.flatMap(({ data }) => (data === undefined ? [] : [data])),
    }
  }
}
