/**
 * All that a task remembers, as plain data: the truth of a task. The workflow holds it, the memory engine holds it, a
 * closed workflow returns it, and the store projects it. Only `reduce` makes a new one.
 */
import type { ArtifactJson, MessageJson, TaskJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type Position, START } from '../a2a/cursor.js'
import type { ScopeChange } from './state-record.js'
import type { SuspendedHandler, Suspension } from './suspension.js'

/** Whose task it is and where it lives. All parts together are its key. */
export interface TaskRef {
  /** Security tenant, from the credential; empty without one. Not A2A's routing `tenant`. */
  readonly tenant: string
  readonly agentId: string
  readonly taskId: string
}

/** What came with a message besides the message: it shapes the turn, but is no part of the conversation. */
export interface TurnParams {
  /** `SendMessageRequest.metadata`. */
  readonly metadata?: TaskJson['metadata']
  readonly acceptedOutputModes?: readonly string[]
  /** URIs of the extensions that are active for this request. */
  readonly extensions?: readonly string[]
  /** The message came with SendStreamingMessage. */
  readonly streamed?: true
  /** Of the caller, as its credential says. */
  readonly roles?: readonly string[]
}

/** An accepted message that no turn has taken yet. */
export interface QueuedMessage {
  readonly message: MessageJson
  readonly params: TurnParams
  /** It was sent before the question was shown that the task asks now, so it is no answer to it. */
  readonly early?: true
}

/** A state in which a turn may end; WORKING only when its handler waits for nothing but time. */
export type TurnEndState = Exclude<TaskStateJson, 'TASK_STATE_UNSPECIFIED' | 'TASK_STATE_SUBMITTED'>

/** What a finished turn leaves behind: the commit of the turn. */
export interface TurnResult {
  /** Place of the last event the turn has published. */
  readonly attempt: number
  readonly seq: number
  readonly state: TurnEndState
  /** The message of the new status. */
  readonly message?: MessageJson
  /** Metadata of the status event. */
  readonly metadata?: TaskJson['metadata']
  /** Artifacts that the turn made or changed, whole. */
  readonly artifacts: readonly ArtifactJson[]
  /** Set when the agent answered with a Message and no task is to be shown. */
  readonly answer?: MessageJson
  /** Set when the handler waits inside a call. */
  readonly suspended?: SuspendedHandler
  /** What the turn has made of its state; kept before the result is a result, so never in a history. */
  readonly changes?: readonly ScopeChange[]
  /** What it has made of its state is kept: a cancel that comes after this finds the turn ended. */
  readonly committed?: true
}

/** A task whose handler waits for another one. */
export interface CallingTask {
  /** Its key. */
  readonly key: string
  /** When it has called. ISO 8601, UTC. */
  readonly at: string
}

export interface TaskRecord extends TaskRef {
  /** Shape of this record; raised when an older one has to be converted. */
  readonly format: 1
  /** The principal whose task it is. */
  readonly owner: string
  /** Hash of the request that an idempotency key made this task with. */
  readonly requestHash?: string
  readonly createdAt: string
  /** Raised by one with every change: the version under which the store keeps the task. */
  readonly revision: number
  readonly task: TaskJson
  readonly inbox: readonly QueuedMessage[]
  /** Who has called it last, and is told when it has an answer. */
  readonly calledBy?: CallingTask
  /** Idempotency keys of the follow-up messages, and what each was used for; the latest {@link MAX_KEYS} of them. */
  readonly acceptedKeys?: Readonly<Record<string, UsedKey>>
  /** Place of the last event that is durable. Its turn runs while `ended` is false. */
  readonly position: Position
  /** Metadata of the latest state event, which has no other place in a task. */
  readonly eventMetadata?: TaskJson['metadata']
  /** What the handler goes on from that waits inside a call; kept until the turn that continues it has ended. */
  readonly suspended?: Suspension
  /** A cancel was accepted; whatever ends the running turn, the task becomes CANCELED. */
  readonly cancelRequested: boolean
  /** The agent answered with a Message: there is no task to show. */
  readonly answer?: MessageJson
}

/** The turn that a message under an idempotency key got, with the hash of its request where that is known. */
export type UsedKey = number | { readonly turn: number; readonly requestHash: string }

/** Idempotency keys that a task remembers. */
export const MAX_KEYS = 200

export interface NewTask extends TaskRef {
  readonly owner: string
  readonly contextId: string
  readonly requestHash?: string
  readonly calledBy?: CallingTask
  readonly message: MessageJson
  readonly params: TurnParams
  /** ISO 8601, UTC. */
  readonly at: string
}

/** The record of a task that was just accepted: SUBMITTED, its first message waiting. */
export function newTaskRecord(input: NewTask): TaskRecord {
  const { tenant, agentId, taskId, owner, contextId, requestHash, calledBy, message, params, at } = input
  return {
    format: 1,
    tenant,
    agentId,
    taskId,
    owner,
    ...(requestHash === undefined ? {} : { requestHash }),
    ...(calledBy === undefined ? {} : { calledBy }),
    createdAt: at,
    revision: 1,
    task: {
      id: taskId,
      contextId,
      status: { state: 'TASK_STATE_SUBMITTED', timestamp: at },
      history: [message],
    },
    inbox: [{ message, params }],
    position: START,
    cancelRequested: false,
  }
}
