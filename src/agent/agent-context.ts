/** What a handler is given besides the message. */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Logger } from '../internal/logger.js'
import type { EmittedEvent } from './result.js'
import type { Resume } from './resume.js'

/** Why `ctx.signal` aborted: `ctx.signal.reason.reason`. */
export type StopReason = 'canceled' | 'deadline' | 'idle' | 'worker-shutdown' | 'superseded'

/** The reason of an aborted `ctx.signal`. */
export class TurnStopped extends Error {
  override readonly name = 'TurnStopped'
  readonly reason: StopReason

  constructor(reason: StopReason) {
    super(`the turn was stopped: ${reason}`)
    this.reason = reason
  }
}

export interface Caller {
  /** The authenticated principal; `local` without authentication. */
  readonly principal: string
  /** Security tenant of the credential; empty without one. */
  readonly tenant: string
}

export interface AgentContext {
  /** Aborts when the task is canceled, its deadline has passed or the process stops. Hand it to everything that waits. */
  readonly signal: AbortSignal
  readonly taskId: string
  readonly contextId: string
  /** The task as it was when the turn began, this message in its history. */
  readonly task: TaskJson
  /** Id of the skill the message is for: the one its metadata names, else the one the task was last asked for. */
  readonly skill: string | undefined
  /** The messages before this one, oldest first; the latest of them when the agent or the skill says how many. */
  readonly history: readonly MessageJson[]
  /** The request's metadata. */
  readonly metadata: NonNullable<TaskJson['metadata']>
  /** Media types the caller takes; empty when it did not say. */
  readonly acceptedOutputModes: readonly string[]
  /** URIs of the extensions that are active. */
  readonly extensions: readonly string[]
  /** Which try at this turn, from 1. Above 1 after a crash or a thrown error: code may have run before. */
  readonly attempt: number
  /**
   * What the last attempt at this turn has said, as far as it was written down (at most two seconds behind), for handlers
   * that go on from there in place of beginning anew: yield `ctx.resume.text` first, then the rest. Readers see the text
   * replaced by what is yielded. Undefined in a first attempt, and when nothing was written down.
   */
  readonly resume: Resume | undefined
  /** Which message of the task this is, from 1. */
  readonly turn: number
  readonly caller: Caller
  /** Bound to agent, task and context. */
  readonly log: Logger
  /**
   * The low-level door: publishes a status or artifact event of the protocol. A state that ends a turn is kept until the
   * handler ends, and is shown once it is durable, like one that is returned.
   */
  emit(event: EmittedEvent): Promise<void>
}
