/** Calls of a handler to other agents: the port behind `ctx.call`, and what comes back of it. */
import type { JsonValue } from '@bufbuild/protobuf'
import type { ArtifactJson, MessageJson, PartJson, TaskJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { textOf } from '../a2a/parts.js'
import { isInterrupted, stateOf } from '../a2a/state.js'
import type { OpenAgentCall } from '../task/suspension.js'

/** A message to another agent. The same key always means the same message. */
export interface OutgoingCall {
  /** Id of an agent that is served here, or the URL of one that is served elsewhere. */
  readonly target: string
  readonly key: string
  readonly parts: readonly PartJson[]
  readonly metadata?: NonNullable<MessageJson['metadata']>
  /** The task that the message continues; undefined: it begins one. */
  readonly taskId?: string
  /** Context of a new task. */
  readonly contextId: string
  /** On whose behalf. */
  readonly owner: string
  readonly tenant: string
  /** Key of the task whose handler calls. */
  readonly from?: string
}

/** What a called agent has answered with. */
export type AgentAnswer = { readonly task: TaskJson } | { readonly message: MessageJson }

/** How agents are reached. Given to a turn by the process that runs it. */
export interface AgentCalls {
  /**
   * What a call is going to be, as far as it takes to cancel it: so it can be canceled even when nobody has seen whether the
   * agent has taken it. Undefined where only the agent can tell, or nothing goes on that could be canceled.
   *
   * @throws A2AError the agent cannot take it
   */
  opening(call: OutgoingCall): Promise<OpenAgentCall | undefined>
  /**
   * Hands the message over. Resolves when the agent has taken it; a repeat finds what the first one began.
   *
   * @throws A2AError UNAVAILABLE it may be tried again
   * @throws A2AError any other reason: the agent does not take it
   */
  begin(call: OutgoingCall): Promise<OpenAgentCall>
  /**
   * The answer, or undefined when there is none within `waitMs` milliseconds, or the signal aborts.
   *
   * @throws A2AError the task cannot be read any more
   */
  answer(
    call: OpenAgentCall,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<AgentAnswer | undefined>
  /** Cancels the task that a call has begun or continued; does nothing when it has ended. */
  cancel(call: OpenAgentCall): Promise<void>
}

/** What `ctx.call` gives back. */
export interface CallResult {
  /** All text of the artifacts, a line between two artifacts; without artifacts, that of the agent's message. */
  readonly text: string
  /** The first data part. */
  readonly data: JsonValue | undefined
  readonly artifacts: readonly ArtifactJson[]
  /** Undefined when the agent has answered with a Message and no task. */
  readonly taskId: string | undefined
  readonly contextId: string
}

/** As {@link CallResult} is kept. */
export interface KeptAnswer {
  readonly taskId?: string
  readonly contextId: string
  readonly artifacts: readonly ArtifactJson[]
  /** Parts of the agent's message, where it counts. */
  readonly parts: readonly PartJson[]
}

/** What is kept of a task that was called and has not completed. */
export interface KeptFailure {
  readonly agent: string
  readonly state: TaskStateJson
  readonly taskId: string
  readonly contextId: string
}

/**
 * An agent that was called has not completed its task: it failed, rejected it, was canceled, or waits for an answer. To
 * answer, call the same agent again with `{ taskId }` of this error.
 */
export class CalledTaskError extends Error {
  override readonly name = 'CalledTaskError'
  /** Id or URL of the agent. */
  readonly agent: string
  readonly state: TaskStateJson
  readonly taskId: string
  readonly contextId: string

  /** @param message what the agent said, or that it said nothing */
  constructor(message: string, { agent, state, taskId, contextId }: KeptFailure) {
    super(message)
    this.agent = agent
    this.state = state
    this.taskId = taskId
    this.contextId = contextId
  }

  /** True when the agent waits for an answer. */
  get isWaiting(): boolean {
    return isInterrupted(this.state)
  }
}

/** What of an answer is kept, as a value or as a failure. */
export function keptAnswer(
  agent: string,
  answer: AgentAnswer,
): { value: KeptAnswer } | { failure: KeptFailure; said: string } {
  if ('message' in answer) {
    return { value: { contextId: answer.message.contextId ?? '', artifacts: [], parts: answer.message.parts ?? [] } }
  }
  const { id: taskId = '', contextId = '', artifacts = [], status } = answer.task
  const state = stateOf(answer.task)
  const parts = status?.message?.parts ?? []
  if (state === 'TASK_STATE_COMPLETED') return { value: { taskId, contextId, artifacts, parts } }
  const said = textOf(parts)
  return {
    failure: { agent, state, taskId, contextId },
    said: said === '' ? `agent ${agent} ended its task as ${state.replace('TASK_STATE_', '')}` : said,
  }
}

export function callResult({ taskId, contextId, artifacts, parts }: KeptAnswer): CallResult {
  const given = artifacts.flatMap((artifact) => artifact.parts ?? [])
  const texts = artifacts.map((artifact) => textOf(artifact.parts)).filter((text) => text !== '')
  return {
    text: artifacts.length === 0 ? textOf(parts) : texts.join('\n'),
    data: [...given, ...parts].find((part) => part.data !== undefined)?.data,
    artifacts,
    taskId,
    contextId,
  }
}
