/** Every way in which callers of a server may authenticate, as one: any of them is enough. */
import type { SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Logger } from '../internal/logger.js'
import {
  type Authenticate,
  AuthenticationConfigError,
  type Authenticator,
  CredentialRefused,
  type CredentialRequest,
  type Identity,
} from './authenticator.js'
import { identityProblem } from './identity.js'

/** Functions do not say how callers authenticate: the agents' own `securitySchemes` do. */
export type AuthenticationOption = Authenticator | Authenticate | readonly (Authenticator | Authenticate)[]

export interface Authenticated {
  readonly identity: Identity
  /** Names of the schemes of the way that knew the caller; undefined for a function. */
  readonly schemes: readonly string[] | undefined
}

export interface Authentication {
  /** Undefined when there are functions only: then the agents declare. */
  readonly schemes: Readonly<Record<string, SecuritySchemeJson>> | undefined
  /** Request headers with credentials besides Authorization. */
  readonly headers: readonly string[]
  /** Value of WWW-Authenticate, the same for every refusal. */
  readonly challenge: string
  /** @throws AuthenticationConfigError */
  prepare(logger: Logger): Promise<void>
  /**
   * Who makes the request; undefined when no credential of it is good.
   *
   * @param onRefused told why a credential is not good
   * @throws when that cannot be known now
   */
  authenticate(request: CredentialRequest, onRefused: (why: string) => void): Promise<Authenticated | undefined>
}

/** @throws AuthenticationConfigError no way at all, or two that contradict each other */
export function authentication(option: AuthenticationOption): Authentication {
  const ways = (Array.isArray(option) ? option : [option]) as readonly (Authenticator | Authenticate)[]
  if (ways.length === 0) throw new AuthenticationConfigError('authenticate: the list is empty')
  for (const way of ways) {
    if (typeof way === 'function' || typeof way?.authenticate === 'function') continue
    throw new AuthenticationConfigError('authenticate: give jwt(…), apiKeys(…), a function, or a list of them')
  }
  const declared = ways.filter((way): way is Authenticator => typeof way !== 'function')
  if (declared.filter(({ namesPrincipalsAlone }) => namesPrincipalsAlone).length > 1) {
    throw new AuthenticationConfigError(
      'authenticate: two issuers could give two callers one name; set tenant or principal of each jwt(…)',
    )
  }
  const schemes = schemesOf(declared)
  return {
    schemes: declared.length === 0 ? undefined : schemes,
    headers: [...new Set(declared.flatMap(({ headers = [] }) => headers))],
    challenge: challengeOf(Object.values(schemes)),
    async prepare(logger) {
      for (const way of declared) await way.prepare?.(logger)
    },
    async authenticate(request, onRefused) {
      let unknown: { readonly cause: unknown } | undefined
      for (const way of ways) {
        try {
          const isFunction = typeof way === 'function'
          const identity = await (isFunction ? way(request) : way.authenticate(request))
          if (identity === undefined) continue
          const problem = identityProblem(identity)
          if (problem !== undefined) throw new CredentialRefused(problem)
          return { identity, schemes: isFunction ? undefined : Object.keys(way.schemes) }
        } catch (error) {
          if (error instanceof CredentialRefused) onRefused(error.message)
          else unknown = { cause: error }
        }
      }
      if (unknown !== undefined) throw unknown.cause
      return undefined
    },
  }
}

function schemesOf(ways: readonly Authenticator[]): Record<string, SecuritySchemeJson> {
  const schemes: Record<string, SecuritySchemeJson> = {}
  for (const [name, scheme] of ways.flatMap((way) => Object.entries(way.schemes))) {
    const other = schemes[name]
    if (other !== undefined && JSON.stringify(other) !== JSON.stringify(scheme)) {
      throw new AuthenticationConfigError(`authenticate: two security schemes are called ${name}; set name of one`)
    }
    schemes[name] = scheme
  }
  return schemes
}

/** A list of challenges (RFC 9110, section 11.6.1): one for each kind of scheme. */
function challengeOf(schemes: readonly SecuritySchemeJson[]): string {
  const kinds = schemes.flatMap(({ httpAuthSecurityScheme, apiKeySecurityScheme, mtlsSecurityScheme }) => {
    if (httpAuthSecurityScheme !== undefined) return [httpAuthSecurityScheme.scheme ?? 'Bearer']
    if (apiKeySecurityScheme !== undefined) return ['ApiKey']
    return mtlsSecurityScheme === undefined ? ['Bearer'] : []
  })
  const [first = 'Bearer', ...others] = new Set(kinds)
  return [first, ...others].map((kind) => `${kind} realm="a2a"`).join(', ')
}
