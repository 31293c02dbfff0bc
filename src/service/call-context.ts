/** What an operation knows of a call besides its request. Bindings make it; no operation sees a wire. */
import { LOCAL_PRINCIPAL } from '../a2a/ids.js'
import type { ProtocolVersion } from '../a2a/service-params.js'
import type { AgentDefinition } from '../agent/agent-definition.js'

/** Who makes a call. Principal and tenant are the owner of what it makes, and say what it may see. */
export interface CallerIdentity {
  /** The authenticated principal; `local` without authentication. */
  readonly principal: string
  /** Security tenant of the credential; empty without one. */
  readonly tenant: string
  /** What the credential calls its holder, for handlers; nothing is granted for it. */
  readonly roles?: readonly string[]
  /** Undefined where nobody has to authenticate. */
  readonly credential?: Credential
}

export interface Credential {
  /** Names of the security schemes that it is of; undefined when the server's way to authenticate has none. */
  readonly schemes: readonly string[] | undefined
  /** What it is good for. */
  readonly scopes: readonly string[]
}

/** Every caller where nobody has to authenticate. */
export const LOCAL_CALLER: CallerIdentity = { principal: LOCAL_PRINCIPAL, tenant: '' }

export interface CallContext extends CallerIdentity {
  /** The agent that the path names, or the default one. `tenant` in a request may name another at the root. */
  readonly agent: AgentDefinition
  /** The path named the agent, so a request cannot name another. */
  readonly agentFixed: boolean
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
