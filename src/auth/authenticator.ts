/** Who makes a request, found out by its credential: the seam between credentials and the server. */
import type { SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Logger } from '../internal/logger.js'

/** What a credential says of its holder. Tenant and principal together are the owner of what the caller makes. */
export interface Identity {
  /** Unique within the tenant: 1 to 256 characters, none of control. `local` is taken. */
  readonly principal: string
  /** Default: empty. */
  readonly tenant?: string
  /** For handlers, in `ctx.caller.roles`; they grant nothing by themselves. */
  readonly roles?: readonly string[]
  /** What the credential is good for, where agents require scopes. */
  readonly scopes?: readonly string[]
}

/** What can be seen of a request before its body is read. */
export interface CredentialRequest {
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** A header's value by its lower-case name; undefined when it is absent, or there several times. */
  header(name: string): string | undefined
  readonly remoteAddress: string | undefined
  /** Aborts when the caller has gone, or the time to authenticate is over. */
  readonly signal: AbortSignal
}

/**
 * Undefined for a request without a credential of this kind, or with one that is not good. What is thrown is not told
 * to the caller: {@link CredentialRefused} is a refusal with a reason for the log, anything else says that nothing can
 * be known now.
 */
export type Authenticate = (request: CredentialRequest) => Identity | undefined | Promise<Identity | undefined>

/** One way to authenticate, and how the agent cards declare it. */
export interface Authenticator {
  /** On the card of every agent, by names of one's own: each alone is enough. */
  readonly schemes: Readonly<Record<string, SecuritySchemeJson>>
  /** Request headers that it reads besides Authorization, in lower case: pages of other origins may then send them. */
  readonly headers?: readonly string[]
  readonly authenticate: Authenticate
  /**
   * Called once, before the server listens.
   *
   * @param logger the server's
   * @throws AuthenticationConfigError
   */
  prepare?(logger?: Logger): Promise<void>
  /** Principals are names of an issuer that has no tenant here: no second one may be beside it. */
  readonly namesPrincipalsAlone?: boolean
}

/** Options that cannot work, or would not be safe. */
export class AuthenticationConfigError extends TypeError {
  override readonly name = 'AuthenticationConfigError'
}

/** A credential is there and not good. The reason is for the log only, and holds nothing of the credential. */
export class CredentialRefused extends Error {
  override readonly name = 'CredentialRefused'
}

/** Nothing can be known now. Who throws it has told the log, once for all the requests that meet it. */
export class AuthenticationUnavailable extends Error {
  override readonly name = 'AuthenticationUnavailable'
}
