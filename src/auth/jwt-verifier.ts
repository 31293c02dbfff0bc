/** Checks JSON Web Tokens. What is wrong with one is for the log; the caller hears the same of all. */
import { decodeProtectedHeader, errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from 'jose'
import { scanJson } from '../bindings/http/scan-json.js'
import type { Logger } from '../internal/logger.js'
import { CredentialRefused, type Identity } from './authenticator.js'
import type { CheckedJwtOptions, FromClaims, JwtClaims } from './jwt.js'
import { keysOf } from './jwt-keys.js'

/** Characters of a token. Real ones have a few thousand. */
const MAX_TOKEN_LENGTH = 16_384
/** Times are seconds since 1970 as a number that can be one; beyond lies nothing but mischief. */
const MAX_TIME_SECONDS = 253_402_300_799

/** @throws AuthenticationConfigError keys that cannot be used */
export async function jwtVerifier(
  options: CheckedJwtOptions,
  logger?: Logger,
): Promise<(token: string) => Promise<Identity>> {
  const { issuer, audience, algorithms, leewaySeconds, clock = () => new Date() } = options
  const keyFor = await keysOf(options, logger)
  const audiences = typeof audience === 'string' ? audience : [...audience]

  return async (token) => {
    checkForm(token, options.typ)
    const now = clock()
    const payload = await verified(token, now)
    checkTimes(payload, now)
    return identityOf(payload)
  }

  async function verified(token: string, currentDate: Date): Promise<JWTPayload> {
    try {
      const { payload } = await jwtVerify(token, keyFor, {
        issuer,
        audience: audiences,
        algorithms: [...algorithms],
        clockTolerance: leewaySeconds,
        requiredClaims: ['exp'],
        currentDate,
      })
      return payload
    } catch (error) {
      // A key that does not fit the algorithm is a TypeError of the library.
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw new CredentialRefused(whyNot(error))
      throw error
    }
  }

  function checkTimes({ exp, nbf, iat }: JWTPayload, now: Date): void {
    for (const [name, value] of Object.entries({ exp, nbf, iat })) {
      if (value === undefined) continue
      if (typeof value !== 'number' || !(value >= 0 && value <= MAX_TIME_SECONDS)) {
        throw new CredentialRefused(`${name} is no time`)
      }
    }
    if ((iat ?? 0) > now.getTime() / 1000 + leewaySeconds) throw new CredentialRefused('iat is in the future')
  }

  function identityOf(claims: JwtClaims): Identity {
    const principal = claimed(claims, options.principal ?? 'sub')
    if (typeof principal !== 'string') throw new CredentialRefused('the token names no principal')
    const tenant = options.tenant === undefined ? '' : claimed(claims, options.tenant)
    if (typeof tenant !== 'string' || (options.tenant !== undefined && tenant === '')) {
      throw new CredentialRefused('the token names no tenant')
    }
    const roles = claimed(claims, options.roles ?? 'roles')
    return { principal, tenant, roles: strings(roles), scopes: strings(claims.scope ?? claims.scp) }
  }
}

/** What the library does not look at: hostile JSON, and what a token says it is. */
function checkForm(token: string, typ: string | undefined): void {
  if (token.length > MAX_TOKEN_LENGTH) throw new CredentialRefused('the token is too long')
  const parts = token.split('.')
  if (parts.length !== 3) throw new CredentialRefused('not a signed token')
  for (const part of parts.slice(0, 2)) {
    const problem = scanJson(Buffer.from(part, 'base64url'))
    if (problem !== undefined) throw new CredentialRefused(`the token ${problem}`)
  }
  let header: JWTHeaderParameters & { readonly b64?: boolean }
  try {
    header = decodeProtectedHeader(token) as typeof header
  } catch {
    throw new CredentialRefused('not a signed token')
  }
  if (header.crit !== undefined || header.b64 !== undefined) throw new CredentialRefused('crit and b64 are not taken')
  if (!isTyp(header.typ, typ)) throw new CredentialRefused('the token is of another typ')
}

/** Other kinds of tokens of the same issuer say so in `typ` (RFC 8725, section 3.11). */
function isTyp(typ: unknown, wanted: string | undefined): boolean {
  if (typ === undefined) return wanted === undefined
  if (typeof typ !== 'string') return false
  const name = typ.toLowerCase().replace(/^application\//, '')
  if (wanted !== undefined) return name === wanted.toLowerCase().replace(/^application\//, '')
  return name === 'jwt' || name === 'at+jwt'
}

function claimed<T>(claims: JwtClaims, from: FromClaims<T>): unknown {
  if (typeof from === 'function') return from(claims)
  return Object.hasOwn(claims, from) ? claims[from] : undefined
}

/** A list, or words with blanks between them, as `scope` is. */
function strings(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []
}

/** Never the error itself: it holds the claims. */
function whyNot(error: Error): string {
  const { code, claim } = error as { code?: unknown; claim?: unknown }
  const what = typeof code === 'string' ? code : 'the key does not fit the algorithm'
  return typeof claim === 'string' ? `${what} (${claim})` : what
}
