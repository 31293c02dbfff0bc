/** What an operation knows of a call besides its request. Bindings make it; no operation sees a wire. */
import type { ProtocolVersion } from '../a2a/service-params.js'
import type { AgentDefinition } from '../agent/agent-definition.js'

export interface CallContext {
  /** The agent that the path names, or the default one. `tenant` in a request may name another at the root. */
  readonly agent: AgentDefinition
  /** The path named the agent, so a request cannot name another. */
  readonly agentFixed: boolean
  /** The authenticated principal; `local` without authentication. */
  readonly principal: string
  /** Security tenant of the credential; empty without one. */
  readonly tenant: string
  /** The version of A2A that the caller speaks. Requests and answers of operations are those of 1.0 all the same. */
  readonly version: ProtocolVersion
  /** URIs the caller asks for with `A2A-Extensions`. */
  readonly extensions: readonly string[]
  readonly idempotencyKey: string | undefined
  /** `Last-Event-ID` as it came: the cursor of the last event that the caller has. */
  readonly lastEventId: string | undefined
  /** Aborts when the caller has gone, or the server stops. Never stops a task. */
  readonly signal: AbortSignal
  /** When the caller stops waiting, in milliseconds since 1970; undefined when it did not say. */
  readonly deadline: number | undefined
}

/** The principal of every caller where nobody has to authenticate. */
export const LOCAL_PRINCIPAL = 'local'
