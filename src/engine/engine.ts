/**
 * The seam between the protocol and what executes tasks. The service above it knows no Temporal; an engine knows no wire.
 * One contract suite (`test/contract`) runs over every engine.
 */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Cursor, Position } from '../a2a/cursor.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import type { EventBus } from '../bus/event-bus.js'
import type { ListQuery, TaskPage } from '../task/list-query.js'
import type { CallingTask, NewTask, TaskRecord, TaskRef, TurnParams } from '../task/task-record.js'
import type { WebhookEvents } from '../task/webhook-events.js'

/** A task as an engine reads it. */
export interface TaskReading {
  readonly owner: string
  readonly task: TaskJson
  readonly position: Position
  /** The furthest place that a reader can have reached, when the reading may lag behind; else that is `position`. */
  readonly reached?: Cursor
  /**
   * The result of the running turn is written and may have been shown, but what it makes of the task is not written yet.
   * What is asked of the task now could be put before the result, against the order its caller has seen.
   */
  readonly unsettled?: true
  /** Metadata of the latest state event. */
  readonly eventMetadata?: TaskJson['metadata']
  /** Hash of the request whose idempotency key made the task. */
  readonly requestHash?: string
  /** The agent answered with a Message: there is no task to show. */
  readonly answer?: MessageJson
}

export function taskReading(record: TaskRecord): TaskReading {
  const { owner, task, position, eventMetadata, requestHash, answer } = record
  return {
    owner,
    task,
    position,
    ...(eventMetadata === undefined ? {} : { eventMetadata }),
    ...(requestHash === undefined ? {} : { requestHash }),
    ...(answer === undefined ? {} : { answer }),
  }
}

export interface FollowUp {
  readonly message: MessageJson
  readonly params: TurnParams
  /** The principal that sends it; it must be the task's owner. */
  readonly owner: string
  /** The same key is accepted once: a repeat gets the first answer. */
  readonly idempotencyKey?: string
  /** Hash of the request with the key: one that has another is refused. Default: it is taken for the same. */
  readonly requestHash?: string
  /** From now on webhooks are told of the task. */
  readonly webhooks?: WebhookEvents
  /** The task whose handler sends it. */
  readonly calledBy?: CallingTask
}

/** `existing`: a task of this id was there already and was left as it is. */
export type StartOutcome = 'started' | 'existing'

/** What executes tasks. */
export interface Engine {
  /** False: tasks are gone with the process. */
  readonly durable: boolean
  readonly bus: EventBus
  /**
   * After how many milliseconds of silence a reader looks for itself, as things are now; 0 when the bus tells everything.
   * A bus between processes may lose events, the engine's truth does not.
   */
  readonly pollMs: number
  /** The longest pause between two looks of a reader, in milliseconds, as things are now. */
  readonly maxPollMs: number

  /**
   * Resolves when the task is accepted, durably if the engine is.
   *
   * @param webhooks what webhooks are told of it; default: it has none
   */
  start(task: NewTask, agent: AgentDefinition, webhooks?: WebhookEvents): Promise<StartOutcome>

  /**
   * Adds a message to a task. Resolves, with the turn that will handle it, when it is accepted.
   *
   * @throws A2AError TASK_NOT_FOUND, UNSUPPORTED_OPERATION (ended or being canceled), INVALID_PARAMS (another context, or another
   *   message under the same key),
   *   RATE_LIMITED (too many waiting), PAYLOAD_TOO_LARGE, UNAVAILABLE (it may still be applied: repeat with the same key)
   */
  send(ref: TaskRef, followUp: FollowUp): Promise<{ readonly turn: number }>

  /**
   * Asks for the end of a task. Resolves when the request is accepted; the task becomes CANCELED once the handler has
   * stopped or its grace time is over. Asking again changes nothing.
   */
  cancel(ref: TaskRef): Promise<void>

  /**
   * From now on webhooks are told of the task, and of the state that it has come to after `since`. Resolves when that is
   * certain.
   */
  tellWebhooks(ref: TaskRef, since: Cursor, webhooks: WebhookEvents): Promise<void>

  /**
   * The task as it is now; undefined when there is none.
   *
   * @param owner undefined also when the task is somebody else's: then nothing of its content is read, so that it takes no
   *   longer than for a task that is not there
   */
  read(ref: TaskRef, owner?: string): Promise<TaskReading | undefined>

  /** How the task stands: as {@link read}, but not to be shown, since large values may be left out. */
  outline(ref: TaskRef, owner?: string): Promise<TaskReading | undefined>

  /**
   * The task for a reader that looks again and again: it may be half a second old, and is shared with other readers.
   * `later`: this process has looked often enough for now.
   */
  look(ref: TaskRef): Promise<TaskReading | undefined | 'later'>

  /** An agent that the task's handler waits for has answered: it looks now. Does nothing for any other task. */
  wake(key: string): Promise<void>

  /** A page of the tasks that the query names, and how many there are in all. */
  list(query: ListQuery): Promise<TaskPage>

  /** False while tasks cannot be accepted; readiness follows it. */
  ready(): boolean

  /** Stops what the engine has started. Tasks of a durable engine go on elsewhere, or later. */
  close(): Promise<void>
}
