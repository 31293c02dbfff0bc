/** The keys that tokens are checked with: the operator's, never one that a token names. `kid` only chooses among them. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FlattenedJWSInput,
  importJWK,
  importSPKI,
  type JSONWebKeySet,
  type JWK,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose'
import { AuthenticationConfigError } from './authenticator.js'
import type { CheckedJwtOptions } from './jwt.js'

/** How long keys are used without asking again, and how long after an unknown `kid` or a failure nobody is asked. */
const CACHE_MS = 600_000
const COOLDOWN_MS = 30_000
const FAILED_MS = 5_000
const FETCH_MS = 5_000
const MAX_SET_BYTES = 1_048_576
const MIN_RSA_BITS = 2_048

/** @throws AuthenticationConfigError a key that is private, weak or of another kind */
export async function keysOf({ jwks, key, algorithms }: CheckedJwtOptions): Promise<JWTVerifyGetKey> {
  if (typeof jwks === 'string' || jwks instanceof URL) return fetchedKeys(new URL(jwks))
  if (jwks !== undefined) return keySet(jwks as JSONWebKeySet)
  return typeof key === 'string' ? pemKey(key, algorithms) : oneKey(key as JWK, algorithms)
}

function keySet(jwks: JSONWebKeySet): JWTVerifyGetKey {
  if (!Array.isArray(jwks.keys) || jwks.keys.length === 0) throw refuse('jwks must be { keys: […] } with a key')
  for (const each of jwks.keys) {
    if (each.kty === 'oct') throw refuse('jwks holds a secret key; give it alone, as key')
    requirePublic(each)
    if (each.kty === 'RSA') requireStrong(Buffer.from(each.n ?? '', 'base64url').length * 8)
  }
  try {
    return createLocalJWKSet(jwks)
  } catch {
    throw refuse('jwks is not a JSON Web Key Set')
  }
}

/** For every algorithm that the key can be of; the first that cannot be used at all is an error at the start. */
async function oneKey(jwk: JWK, algorithms: readonly string[]): Promise<JWTVerifyGetKey> {
  if (jwk.kty !== 'oct') requirePublic(jwk)
  else if (Buffer.from(jwk.k ?? '', 'base64url').length < 32) throw refuse('a secret key must have at least 32 bytes')
  const usable = algorithms.filter((name) => jwk.alg === undefined || jwk.alg === name)
  return byAlgorithm(usable, (name) => importJWK(jwk, name))
}

function pemKey(pem: string, algorithms: readonly string[]): Promise<JWTVerifyGetKey> {
  if (/PRIVATE KEY/.test(pem)) throw refuse('key is a private key; give the public one')
  return byAlgorithm(algorithms, (name) => importSPKI(pem, name))
}

type Key = Awaited<ReturnType<typeof importJWK>>

async function byAlgorithm(
  algorithms: readonly string[],
  load: (algorithm: string) => Promise<Key>,
): Promise<JWTVerifyGetKey> {
  const keys = new Map<string, Key>()
  for (const name of algorithms) {
    const loaded = await load(name).catch(() => undefined)
    if (loaded === undefined) continue
    if ('algorithm' in loaded) requireStrong((loaded.algorithm as { modulusLength?: number }).modulusLength)
    keys.set(name, loaded)
  }
  if (keys.size === 0) throw refuse(`key cannot be used with ${algorithms.join(', ') || 'its own algorithm'}`)
  return ({ alg = '' }: JWSHeaderParameters) => {
    const found = keys.get(alg)
    if (found === undefined) throw new errors.JWKSNoMatchingKey()
    return found
  }
}

/** Asked when they are needed first. While the issuer cannot be reached nobody can be told apart: an error, no refusal. */
function fetchedKeys(url: URL): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: FETCH_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: CACHE_MS,
    [customFetch]: fetchBounded,
  })
  let failed: { readonly at: number; readonly error: KeysUnavailable } | undefined
  return async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    if (failed !== undefined && performance.now() - failed.at < FAILED_MS) throw failed.error
    try {
      const key = await remote(header, token)
      failed = undefined
      return key
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      failed = { at: performance.now(), error: new KeysUnavailable(url.origin, { cause: error }) }
      throw failed.error
    }
  }
}

/** The issuer did not give its keys. */
class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'

  constructor(origin: string, options: ErrorOptions) {
    super(`the keys of the issuer cannot be had from ${origin}`, options)
  }
}

function isAboutTheToken(error: unknown): boolean {
  const { JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported } = errors
  return [JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported].some((type) => error instanceof type)
}

async function fetchBounded(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_SET_BYTES) throw new RangeError(`a key set of more than ${MAX_SET_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new Response(Buffer.concat(chunks), { status: response.status })
}

/** @param bits of an RSA key; undefined for another kind, whose curves are all strong enough */
function requireStrong(bits: number | undefined): void {
  if (bits !== undefined && bits < MIN_RSA_BITS) throw refuse(`an RSA key must have at least ${MIN_RSA_BITS} bits`)
}

function requirePublic({ d, p, q, k }: JWK): void {
  if ([d, p, q, k].some((part) => part !== undefined)) throw refuse('a key is a private one; give the public one')
}

function refuse(what: string): AuthenticationConfigError {
  return new AuthenticationConfigError(`jwt: ${what}`)
}
