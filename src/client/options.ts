/** What a caller can say about a client and about one call. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentCardJson, PartJson, TaskPushNotificationConfigJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { AuthProvider } from './auth/auth.js'
import type { RetryOptions } from './backoff.js'
import type { CardCache } from './card/card-cache.js'
import type { ClientLimits } from './limits.js'
import type { TransportName } from './transport.js'

/** How an agent is found and called. */
export interface ConnectOptions {
  /**
   * Transports in the order of preference. Default: the first of the card's interfaces that is JSON-RPC or REST, and gRPC
   * when there is nothing else. `grpc` needs Node and the package `@connectrpc/connect-node`.
   */
  readonly transports?: readonly TransportName[]
  /** `bearer()`, `apiKey()`, `clientCredentials()`, or your own. */
  readonly auth?: AuthProvider
  /** Further origins that the card may name and that get credentials and `headers`, such as `https://api.example`. */
  readonly origins?: readonly string[]
  /**
   * Sent with every request. They may be credentials, so they go where credentials go: to the origin that was named, and to
   * `origins`.
   */
  readonly headers?: Readonly<Record<string, string>>
  /** URIs of extensions to activate on every call. */
  readonly extensions?: readonly string[]
  /** Milliseconds for one call that is no stream and does not wait for a task. Default 30,000. */
  readonly timeoutMs?: number
  readonly retry?: RetryOptions
  /**
   * Whether a message may be sent again after a lost connection. It always carries an idempotency key; default: only to
   * servers that are known to honour it, which are those of this package.
   */
  readonly retrySends?: boolean
  readonly limits?: Partial<ClientLimits>
  /**
   * Called with every card that was fetched, before anything of it is used; throw to refuse it. `raw` is the card as it
   * came, whose `signatures` cover it (A2A section 8.4). What is returned is used in its place: the part that a signature
   * covers, as the function `verifyCard` gives it.
   */
  readonly verifyCard?: (card: AgentCardJson, raw: JsonObject) => CheckedCard | Promise<CheckedCard>
  /** Default: one for the whole process, in memory. */
  readonly cardCache?: CardCache
  /** Default: the global one. */
  readonly fetch?: typeof fetch
  /** Ends everything that this client does. */
  readonly signal?: AbortSignal
}

/** A card to use in place of the one that came, or nothing. */
export type CheckedCard = AgentCardJson | JsonObject | void

/** Deadline, signal and headers of one call. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Milliseconds for the call with all its retries; then it rejects with DEADLINE_EXCEEDED. */
  readonly timeoutMs?: number
  /** Sent with this call. */
  readonly headers?: Readonly<Record<string, string>>
  /** URIs of extensions to activate, besides those of the client. */
  readonly extensions?: readonly string[]
}

/** A text, parts, or a message with what belongs to it. */
export type Content = string | readonly PartJson[] | MessageContent

/** A message to be sent, when text alone is not enough. */
export interface MessageContent {
  readonly parts: string | readonly PartJson[]
  /** Metadata of the message. `skill` names the skill that is to handle it. */
  readonly metadata?: JsonObject
  /** URIs of extensions that the message makes use of. */
  readonly extensions?: readonly string[]
  readonly referenceTaskIds?: readonly string[]
  /** Default: a new one. */
  readonly messageId?: string
}

/** What may be said of a message. */
export interface SendOptions extends CallOptions {
  /** The task to go on with. Default: a new task. */
  readonly taskId?: string
  /** The conversation that a new task belongs to. Default: a new one. */
  readonly contextId?: string
  /** Metadata of the request. */
  readonly metadata?: JsonObject
  /** The same key finds the same task again, on servers that know it. Default: a new one for every call. */
  readonly idempotencyKey?: string
  /** Latest messages to see of the task; 0 none. Default: as the server likes. */
  readonly historyLength?: number
  readonly acceptedOutputModes?: readonly string[]
  /** A webhook for the task. */
  readonly pushNotification?: TaskPushNotificationConfigJson
}

/** What may be said of a message to a task that exists. */
export type ReplyOptions = Omit<SendOptions, 'taskId' | 'contextId'>
