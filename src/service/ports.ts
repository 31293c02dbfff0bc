/** What the service needs from outside and cannot make without Node: given to it by the server. */
import type { AgentDefinition } from '../agent/agent-definition.js'
import type { CallerIdentity } from './call-context.js'

export interface Secrets {
  /** A random id for a new task: a UUID. */
  newTaskId(): string
  /** The same parts always give the same id, which nobody without the secret can foresee. Shaped as a UUID. */
  taskIdFor(parts: readonly string[]): string
  /** A short hash by which two texts can be told to be equal. */
  fingerprint(text: string): string
  /** Encrypts and authenticates a text, bound to `purpose`. */
  seal(text: string, purpose: string): string
  /** The text, or undefined when the token was not sealed here for this purpose. */
  open(token: string, purpose: string): string | undefined
}

/** Counts messages against the limits that agents declare, and what one caller has open. */
export interface RateLimiter {
  /**
   * Counts a message, or refuses it without counting it.
   *
   * @param skill that the message names
   * @throws A2AError RATE_LIMITED, with the time after which it is taken
   */
  take(
    agent: AgentDefinition,
    caller: { readonly tenant: string; readonly principal: string },
    skill: string | undefined,
  ): Promise<void>

  /**
   * Counts a stream until the returned function is called. Undefined for callers who did not authenticate: they are not
   * counted.
   *
   * @throws A2AError RATE_LIMITED
   */
  openStream(caller: CallerIdentity): (() => void) | undefined
}

/** Limits of the service; every one has a default in `server/limits.ts`. */
export interface ServiceLimits {
  /** How long a blocking send waits before it answers with the task as it is, in milliseconds. */
  readonly blockingMs: number
  /** How long a walk through the pages of a list may take, in milliseconds; at most an hour. */
  readonly pageTokenMs: number
}
