/** What a handler is given besides the message. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { MessageJson, PartJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Duration } from '../internal/duration.js'
import type { Logger } from '../internal/logger.js'
import type { CallResult } from './agent-calls.js'
import type { AgentState, StateOption } from './agent-state.js'
import type { IncomingMessage } from './incoming-message.js'
import type { EmittedEvent } from './result.js'
import type { Resume } from './resume.js'
import type { RetryPolicy } from './retry-policy.js'

/**
 * Why `ctx.signal` aborted: `ctx.signal.reason.reason`. `suspended`: the handler waits in a durable call, and is called
 * again when it goes on.
 */
export type StopReason = 'canceled' | 'deadline' | 'idle' | 'worker-shutdown' | 'superseded' | 'suspended'

/** The reason of an aborted `ctx.signal`. */
export class TurnStopped extends Error {
  override readonly name = 'TurnStopped'
  readonly reason: StopReason

  constructor(reason: StopReason) {
    super(`the turn was stopped: ${reason}`)
    this.reason = reason
  }
}

/** Who sent the message, as the server has authenticated it. */
export interface Caller {
  /** The authenticated principal; `local` without authentication. */
  readonly principal: string
  /** Security tenant of the credential; empty without one. */
  readonly tenant: string
  /** What the credential with which this message came calls its holder; empty without one, and in agents called by agents. */
  readonly roles: readonly string[]
}

/** What every handler has. */
export interface TurnContext {
  /** Aborts when the task is canceled, its deadline has passed or the process stops. Hand it to everything that waits. */
  readonly signal: AbortSignal
  readonly taskId: string
  readonly contextId: string
  /** The task as it was when the turn began, this message in its history. A later turn of the same handler sees a later one. */
  readonly task: TaskJson
  /** Id of the skill the message is for: the one its metadata names, else the one the task was last asked for. */
  readonly skill: string | undefined
  /** The messages before this one, oldest first; the latest of them when the agent or the skill says how many. */
  readonly history: readonly MessageJson[]
  /** The request's metadata. */
  readonly metadata: NonNullable<TaskJson['metadata']>
  /** Media types the caller takes; empty when it did not say. */
  readonly acceptedOutputModes: readonly string[]
  /** The caller reads the answer as a stream. What a handler gives is the same for both. */
  readonly streamed: boolean
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
  /** Which message of the caller this is within the task, from 1. */
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

/**
 * What a handler of a durable agent has besides: calls whose outcome is written down before the next line runs. When the
 * handler is called again, after a crash or a long wait, it runs from its beginning, and every call that has an outcome gives
 * that again in place of being made. So the calls a handler makes must follow from its message and from earlier outcomes.
 */
export interface AgentContext<Option extends StateOption | undefined = undefined> extends TurnContext {
  /** What the agent remembers of the context, and with `.caller` and `.agent` beyond it. Read at the first use. */
  readonly state: AgentState<Option>
  /**
   * Runs `work` and keeps what it gives back: once that is written down, it never runs again. Steps may run beside each
   * other (`Promise.all`), but not inside each other.
   *
   * @param name for the journal; a name may be used again, then the order counts
   * @param work gives back JSON, or undefined
   * @throws StepError `work` has thrown in all its tries. Caught, it is kept like a result; uncaught, the next attempt of
   *   the turn runs the step again
   * @throws A2AError INVALID_AGENT_RESPONSE what it gave back is not JSON; PAYLOAD_TOO_LARGE the task would exceed its limit
   */
  step<Value>(name: string, work: (step: StepContext) => Value | Promise<Value>, options?: StepOptions): Promise<Value>
  /**
   * Asks the caller, and waits for the answer for as long as it takes: the task becomes INPUT_REQUIRED, and until the answer
   * comes nothing of the handler is kept in memory. `finally` blocks around it do not run meanwhile.
   *
   * @returns the answer; with a schema, what the schema makes of its data part, or of its text when it has none
   * @throws AskTimeout nobody has answered in time
   */
  ask(question: Question, options?: AskOptions): Promise<IncomingMessage>
  /** With a schema, what the schema makes of the answer. An answer that fails it is asked for again. */
  ask<Schema extends StandardSchemaV1>(
    question: Question,
    options: AskOptions & { readonly schema: Schema },
  ): Promise<StandardSchemaV1.InferOutput<Schema>>
  /**
   * Asks for a yes, and waits as {@link AgentContext.ask} does. An answer is a word such as `yes` or `no`, or a data part
   * `{ "approved": true }`; any other is asked again.
   *
   * @throws ApprovalDenied the answer is no; uncaught, the task ends REJECTED
   * @throws AskTimeout nobody has answered in time
   */
  approve(question: Question, options?: AskOptions): Promise<void>
  /** Waits; above 30 s nothing of the handler is kept in memory meanwhile, and the task is WORKING. */
  sleep(duration: Duration): Promise<void>
  /**
   * Sends a message to another agent and waits for what comes of it, however long that takes: after 30 s nothing of the
   * handler is kept in memory meanwhile. It is sent once, whatever crashes, and canceled with this task.
   *
   * @param agent id of an agent that is served with this one, or the URL of any other
   * @throws CalledTaskError the agent has failed, rejected the task, was canceled, or asks for something
   * @throws A2AError the agent does not take the message; uncaught, the task has FAILED without another try
   */
  call(agent: string | URL, message: Question, options?: CallOptions): Promise<CallResult>
}

/** How another agent is called. */
export interface CallOptions {
  /** Continues a task of the called agent, such as one that has asked for something. */
  readonly taskId?: string
  /** Of the message. */
  readonly metadata?: NonNullable<MessageJson['metadata']>
}

/** What a question says: text, or parts of a message as ProtoJSON. */
export type Question = string | readonly PartJson[]

/** What is expected of the answer, and how long it is waited for. */
export interface AskOptions {
  /** How long to wait for an answer. Default: for ever. */
  readonly timeout?: Duration
  /** After how long without an answer the question is asked once more, again and again. At least 100 ms. Default: never. */
  readonly reminder?: Duration
}

/** How a step that fails is tried again. */
export interface StepOptions {
  /** How often `work` is tried. Default: once; the turn is tried again by the agent's own policy. */
  readonly retry?: RetryPolicy
}

/** What the function of a step is given. */
export interface StepContext {
  /** `ctx.signal`. */
  readonly signal: AbortSignal
  /** Which try it is within this attempt at the turn, from 1. */
  readonly attempt: number
  /** The same for every try at this step, whatever process makes it: for services that take a key. */
  readonly idempotencyKey: string
}
