/** Callers known by JSON Web Tokens of an issuer that the operator trusts (RFC 7519, 8725, 9068). */
import type { SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Logger } from '../internal/logger.js'
import { AuthenticationConfigError, type Authenticator, type Identity } from './authenticator.js'

/** What a token says, after it was found to be good; nothing of it is checked but `iss`, `aud` and the times. */
export type JwtClaims = Readonly<Record<string, unknown>>

/** The name of a claim, or how to make the value out of all of them; undefined refuses the token. */
export type FromClaims<T> = string | ((claims: JwtClaims) => T | undefined)

/** Whose tokens are taken, and what is read out of them. */
export interface JwtOptions {
  /** The token's `iss`, exactly. */
  readonly issuer: string
  /** What this server is called by the issuer: one of them has to be in the token's `aud`. */
  readonly audience: string | readonly string[]
  /** The issuer's keys: an https URL (http on this machine only), or the set itself. Exactly one of `jwks` and `key`. */
  readonly jwks?: string | URL | { readonly keys: readonly object[] }
  /** One key: a public JWK, a public key in PEM (SPKI), or a secret one as JWK of the kind `oct`. */
  readonly key?: object | string
  /** What a token may be signed with. Default: the usual asymmetric algorithms. HS256 and its kin only with a secret key. */
  readonly algorithms?: readonly string[]
  /** The only `typ` that is taken, such as `at+jwt`. Default: `JWT`, `at+jwt` or none. */
  readonly typ?: string
  /** Default `sub`. */
  readonly principal?: FromClaims<string>
  /** Default: all callers have the empty tenant. Once set, a token without it is refused. */
  readonly tenant?: FromClaims<string>
  /** Default `roles`; a token without has none. */
  readonly roles?: FromClaims<readonly string[]>
  /** How far clocks may be apart, in seconds, 0 to 60. Default 60. */
  readonly leewaySeconds?: number
  /** Of the security scheme on the cards. Default `bearer`. */
  readonly name?: string
  /** How the cards declare it, such as `{ openIdConnectSecurityScheme: … }`. Default: HTTP Bearer with JWT. */
  readonly scheme?: SecuritySchemeJson
  /** Default: the system's clock. */
  readonly clock?: () => Date
}

export const ASYMMETRIC = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const
const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const
const MAX_LEEWAY_SECONDS = 60

/** The options with what was left out filled in. */
export type CheckedJwtOptions = JwtOptions & { readonly algorithms: readonly string[]; readonly leewaySeconds: number }

/** @throws AuthenticationConfigError options that are not safe or contradict each other; never shows a key */
export function jwt(options: JwtOptions): Authenticator {
  const checked = check(options)
  const { name = 'bearer', scheme = { httpAuthSecurityScheme: { scheme: 'Bearer', bearerFormat: 'JWT' } } } = options
  let verify: Promise<(token: string) => Promise<Identity>> | undefined
  // Loaded when a server starts: agents are also described where no server is.
  const open = (logger?: Logger) => {
    verify ??= import('./jwt-verifier.js').then(({ jwtVerifier }) => jwtVerifier(checked, logger))
    return verify
  }
  return {
    schemes: { [name]: scheme },
    namesPrincipalsAlone: options.tenant === undefined && typeof options.principal !== 'function',
    async prepare(logger) {
      await open(logger)
    },
    async authenticate(request) {
      const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.header('authorization') ?? '')?.[1]
      return token === undefined ? undefined : (await open())(token)
    },
  }
}

function check(options: JwtOptions): CheckedJwtOptions {
  const { issuer, audience, jwks, key, leewaySeconds = MAX_LEEWAY_SECONDS } = options
  if (!isText(issuer)) throw refuse('issuer must be a string that is not empty')
  const audiences = typeof audience === 'string' ? [audience] : (audience ?? [])
  if (!Array.isArray(audiences) || audiences.length === 0 || !audiences.every(isText)) {
    throw refuse('audience must be a string that is not empty, or a list of them')
  }
  if ((jwks === undefined) === (key === undefined)) throw refuse('exactly one of jwks and key is needed')
  if (!(leewaySeconds >= 0 && leewaySeconds <= MAX_LEEWAY_SECONDS)) {
    throw refuse(`leewaySeconds must be 0 to ${MAX_LEEWAY_SECONDS}`)
  }
  if (options.typ !== undefined && !isText(options.typ)) throw refuse('typ must be a string that is not empty')
  if (typeof jwks === 'string' || jwks instanceof URL) requireSafeUrl(String(jwks))
  const secret = key !== undefined && typeof key === 'object' && (key as { kty?: unknown }).kty === 'oct'
  return { ...options, leewaySeconds, algorithms: algorithmsOf(options.algorithms, secret) }
}

function algorithmsOf(given: readonly string[] | undefined, secret: boolean): readonly string[] {
  const possible: readonly string[] = secret ? SYMMETRIC : ASYMMETRIC
  const algorithms = given ?? (secret ? ['HS256'] : ASYMMETRIC)
  const wrong = algorithms.find((name) => !possible.includes(name))
  if (wrong !== undefined) {
    throw refuse(`algorithm ${JSON.stringify(wrong)} cannot be used with this key; possible are ${possible.join(', ')}`)
  }
  if (algorithms.length === 0) throw refuse('algorithms is empty')
  return algorithms
}

function requireSafeUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '')
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return
  throw refuse('jwks must be an https URL')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function refuse(what: string): AuthenticationConfigError {
  return new AuthenticationConfigError(`jwt: ${what}`)
}
