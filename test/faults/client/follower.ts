/**
 * A client that wants one answer and does not give up: sends a message, follows its stream, and comes back through the next
 * server when a connection breaks, as the protocol lets any client do.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { type Framed, isTerminal, isWaiting, type Label, stateShown } from '../history/history.js'
import type { Recorder } from '../history/recorder.js'
import { ConnectionError } from './http.js'
import { RecordedClient, Refusal } from './recorded-client.js'
import type { WireName } from './wire.js'

export interface FollowerOptions {
  readonly recorder: Recorder
  readonly label: Label
  readonly agent: string
  /** Base URLs of servers, tried in turn. */
  readonly urls: readonly string[]
  /** Name in the history. Default `client of <label>`. */
  readonly name?: string
  readonly wire?: WireName
  /** Hands its cursor in when it comes back. Default true. */
  readonly resume?: boolean
  /** Gives up after this. Default 60000. */
  readonly deadlineMs?: number
}

export interface Outcome {
  readonly taskId: string
  readonly contextId: string
  readonly state: string
}

const FIRST_BACKOFF_MS = 50
const LAST_BACKOFF_MS = 1_000

export class Follower {
  readonly label: Label
  taskId: string | undefined
  private contextId = ''
  private options: FollowerOptions
  private readonly client: RecordedClient
  private readonly deadline: AbortSignal
  private at = 0
  private last: Framed | undefined
  private turns = 0

  constructor(options: FollowerOptions) {
    this.options = options
    this.label = options.label
    const { recorder, agent, wire = 'jsonrpc', name = `client of ${options.label}` } = options
    this.client = new RecordedClient({ name, agent, wire, recorder })
    this.deadline = AbortSignal.timeout(options.deadlineMs ?? 60_000)
  }

  /** Sends a message under a key of its own and follows the task until it has ended or asks. */
  async say(text: string): Promise<Outcome> {
    this.turns += 1
    const turn = this.turns
    const message = {
      messageId: messageId(this.label, turn),
      role: 'ROLE_USER',
      parts: [{ text }],
      ...(this.taskId === undefined ? {} : { taskId: this.taskId }),
    }
    const key = `${this.label}-${turn}`
    let accepted = false
    return this.persist(async (url) => {
      const stream = accepted
        ? this.client.stream('SubscribeToTask', { id: this.taskId }, { ...this.call(url), after: this.lastSeen() })
        : this.client.stream('SendStreamingMessage', { message }, { ...this.call(url), key })
      for await (const frame of stream) {
        accepted = true
        const outcome = this.saw(frame, turn)
        if (outcome !== undefined) return outcome
      }
      return undefined
    })
  }

  /** Follows a task that somebody else has started. */
  async watch(taskId: string, untilTurn = 1): Promise<Outcome> {
    this.taskId = taskId
    return this.persist(async (url) => {
      const options = { ...this.call(url), after: this.lastSeen() }
      for await (const frame of this.client.stream('SubscribeToTask', { id: taskId }, options)) {
        const outcome = this.saw(frame, untilTurn)
        if (outcome !== undefined) return outcome
      }
      return undefined
    })
  }

  /** Sends a message and is content when it is accepted; resolves with the task's id. */
  async start(text: string): Promise<string> {
    this.turns += 1
    const turn = this.turns
    const message = {
      messageId: messageId(this.label, turn),
      role: 'ROLE_USER',
      parts: [{ text }],
      ...(this.taskId === undefined ? {} : { taskId: this.taskId }),
    }
    const params = { message, configuration: { returnImmediately: true } }
    return this.persist(async (url) => {
      const task = await this.client.call('SendMessage', params, { ...this.call(url), key: `${this.label}-${turn}` })
      this.taskId = task?.id
      return task?.id
    })
  }

  /** Cancels until somebody confirms; the state the task has then, be it CANCELED or another end. */
  async cancel(): Promise<string> {
    return this.persist(async (url) => {
      try {
        const task = await this.client.call(
          'CancelTask',
          { id: this.taskId },
          { ...this.call(url), deadlineMs: 15_000 },
        )
        const state = task?.status?.state
        return isTerminal(state) ? state : undefined
      } catch (error) {
        if (error instanceof Refusal && error.reason === 'TASK_NOT_CANCELABLE')
          return (await this.get(url))?.status?.state
        throw error
      }
    })
  }

  /** From now on it talks to these servers. */
  goTo(urls: readonly string[]): void {
    this.options = { ...this.options, urls }
    this.at = 0
  }

  /** The same client before it has said anything: what it sends first is a repetition. */
  again(): Follower {
    return new Follower(this.options)
  }

  async get(url: string): Promise<TaskJson | undefined> {
    return this.client.call('GetTask', { id: this.taskId }, this.call(url))
  }

  /** Tries through one server after the other until there is a result. */
  async persist<T>(attempt: (url: string) => Promise<T | undefined>): Promise<T> {
    let waitMs = FIRST_BACKOFF_MS
    for (;;) {
      if (this.deadline.aborted) throw new Error(`${this.label}: given up`)
      const url = this.options.urls[this.at % this.options.urls.length] ?? ''
      const before = this.last
      try {
        const result = await attempt(url)
        if (result !== undefined) return result
      } catch (error) {
        const over = error instanceof Refusal && error.reason === 'UNSUPPORTED_OPERATION' && this.taskId !== undefined
        const ended = over ? await this.ended(url) : undefined
        if (ended !== undefined) return ended as T
        if (!(error instanceof Refusal || error instanceof ConnectionError)) throw error
      }
      // Something was seen: the way is open, so come back at once.
      if (this.last !== before) waitMs = FIRST_BACKOFF_MS
      this.at += 1
      await delay(waitMs)
      waitMs = Math.min(waitMs * 2, LAST_BACKOFF_MS)
    }
  }

  /** The task has ended while nobody looked: a Task is what the protocol gives then. */
  private async ended(url: string): Promise<Outcome | undefined> {
    try {
      const task = await this.get(url)
      const state = task?.status?.state
      return isTerminal(state)
        ? { taskId: task?.id ?? '', contextId: task?.contextId ?? '', state: state ?? '' }
        : undefined
    } catch {
      return undefined
    }
  }

  private saw(frame: Framed, turn: number): Outcome | undefined {
    const { place, event } = frame
    this.last = frame
    this.taskId = event.task?.id ?? event.statusUpdate?.taskId ?? event.artifactUpdate?.taskId ?? this.taskId
    this.contextId = event.task?.contextId ?? event.statusUpdate?.contextId ?? this.contextId
    const state = stateShown(event)
    const over = isTerminal(state) || (isWaiting(state) && (place?.[0] ?? 0) >= turn)
    return over ? { taskId: this.taskId ?? '', contextId: this.contextId, state: state ?? '' } : undefined
  }

  private lastSeen(): Framed | undefined {
    return this.options.resume === false ? undefined : this.last
  }

  private call(url: string): { url: string; label: Label } {
    return { url, label: this.label }
  }
}

export function messageId(label: Label, turn: number): string {
  return `message-${label}-${turn}`
}
