/** The keys that tokens are checked with: the operator's, never one that a token names. `kid` only chooses among them. */
import {
  createLocalJWKSet,
  errors,
  importJWK,
  importSPKI,
  type JSONWebKeySet,
  type JWK,
  type JWSHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose'
import type { Logger } from '../internal/logger.js'
import { AuthenticationConfigError } from './authenticator.js'
import { fetchedKeys } from './fetched-keys.js'
import type { CheckedJwtOptions } from './jwt.js'

const MIN_RSA_BITS = 2_048

/** @throws AuthenticationConfigError a key that is private, weak or of another kind */
export async function keysOf({ jwks, key, algorithms }: CheckedJwtOptions, logger?: Logger): Promise<JWTVerifyGetKey> {
  if (typeof jwks === 'string' || jwks instanceof URL) return fetchedKeys(new URL(jwks), { logger })
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
