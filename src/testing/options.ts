/** What a test may say, and what it is told. */
import type {
  ArtifactJson,
  MessageJson,
  SendMessageRequestJson,
  TaskJson,
  TaskStateJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { AgentSource } from '../agent/class/agent-class.js'
import type { Middleware } from '../agent/middleware.js'
import type { Logger } from '../internal/logger.js'

/** What the agent under test finds around it. */
export interface TestOptions {
  /** Agents that the one under test may reach with `ctx.call`, besides those of {@link AgentTester.fake}. */
  readonly agents?: readonly AgentSource[]
  /** Code around every handler, as in `serve()`. */
  readonly use?: readonly Middleware[]
  /** When the clock starts. Default 2026-01-01T00:00:00.000Z. */
  readonly now?: Date | string
  /** The longest that a call may take, in real milliseconds, before it fails and says what runs. Default 4000. */
  readonly timeoutMs?: number
  /** What handlers log. Default: nowhere. */
  readonly logger?: Logger
  /** Told when a handler that ran again did not repeat what it had said. Default: a warning of the process. */
  readonly onWarning?: (message: string) => void
}

/** What may be said of a message. */
export interface SendOptions {
  /** The skill that the message names. */
  readonly skill?: string
  /** Of the message. */
  readonly metadata?: NonNullable<MessageJson['metadata']>
  /** Of the request: `ctx.metadata`. */
  readonly requestMetadata?: NonNullable<SendMessageRequestJson['metadata']>
  /** The task to continue. Default: a new one. */
  readonly taskId?: string
  /** The context of a new task. Default: that of the tester, the same for all its tasks. */
  readonly contextId?: string
  readonly acceptedOutputModes?: readonly string[]
  /** URIs of extensions to activate. */
  readonly extensions?: readonly string[]
  /** Who calls. Default `local`, as without authentication. */
  readonly principal?: string
}

/** How far a task has come. */
export interface TestResult {
  readonly state: TaskStateJson
  /** The text of all artifacts, in order; of a Message, its text. */
  readonly text: string
  /** What the agent says with its state: a question, a reason. Empty when nothing. */
  readonly statusText: string
  readonly artifacts: readonly ArtifactJson[]
  /** Undefined when the agent has answered with a Message. */
  readonly task: TaskJson | undefined
  /** Set when the agent has answered with a Message. */
  readonly message: MessageJson | undefined
}

/** Where the worker is to crash. */
export interface CrashOptions {
  /** Name of the step. */
  readonly afterStep: string
  /** Which of its runs from now on. Default 1: the next. */
  readonly time?: number
}
