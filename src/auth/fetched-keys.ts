/**
 * The keys that an issuer publishes at a URL: asked for when they are needed first, and kept. Who sends tokens with odd
 * key ids makes us ask again, so what such a question comes to must not touch the tokens whose keys are known.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Logger } from '../internal/logger.js'
import { AuthenticationUnavailable } from './authenticator.js'

/** How long keys are used without asking again. */
const FRESH_MS = 600_000
/** How long they are used at all when the issuer cannot be asked again. */
const KEPT_MS = 3_600_000
/** How long nobody is asked for an unknown `kid` after the keys have come, and for anything after they have not. */
const COOLDOWN_MS = 30_000
const FAILED_MS = 5_000
const FETCH_MS = 5_000
const MAX_SET_BYTES = 1_048_576

export interface FetchedKeysOptions {
  /** Told once when the keys cannot be had, and once when they can be had again. */
  readonly logger?: Logger | undefined
  /** Rejects when there is no such set. Default: by HTTP, at most 1 MiB in 5 s. */
  readonly load?: (url: URL) => Promise<JSONWebKeySet>
  /** Milliseconds since any moment. Default: since the process began. */
  readonly now?: () => number
}

/** While a token's key is not known and cannot be had, the function throws {@link AuthenticationUnavailable}: no refusal. */
export function fetchedKeys(
  url: URL,
  { logger, load = loadKeySet, now = () => performance.now() }: FetchedKeysOptions = {},
): JWTVerifyGetKey {
  let known: { readonly find: JWTVerifyGetKey; readonly at: number } | undefined
  let failed: { readonly error: AuthenticationUnavailable; readonly at: number } | undefined
  let asking: Promise<void> | undefined

  const age = () => (known === undefined ? Number.POSITIVE_INFINITY : now() - known.at)
  const justFailed = () => failed !== undefined && now() - failed.at < FAILED_MS

  function ask(): Promise<void> {
    asking ??= askOnce().finally(() => {
      asking = undefined
    })
    return asking
  }

  async function askOnce(): Promise<void> {
    try {
      known = { find: createLocalJWKSet(await load(url)), at: now() }
      if (failed !== undefined) logger?.info({ origin: url.origin }, 'the keys of the issuer can be had again')
      failed = undefined
    } catch (cause) {
      if (failed === undefined) {
        logger?.error(
          { origin: url.origin, err: cause },
          'the keys of the issuer cannot be had; known ones are used on',
        )
      }
      const error = new AuthenticationUnavailable(`the keys of the issuer cannot be had from ${url.origin}`, { cause })
      failed = { error, at: now() }
      throw error
    }
  }

  return async (header, token) => {
    if (age() >= FRESH_MS && !justFailed()) {
      const asked = ask().catch(ignore)
      // An issuer that did not answer before may take its whole time again: nobody waits for that who can do without.
      if (failed === undefined) await asked
    }
    if (known !== undefined && age() < KEPT_MS) {
      try {
        return await known.find(header, token)
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || age() < COOLDOWN_MS) throw error
      }
    }
    if (failed !== undefined && justFailed()) throw failed.error
    await ask()
    return (known as NonNullable<typeof known>).find(header, token)
  }
}

function ignore(): void {}

async function loadKeySet(url: URL): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(FETCH_MS),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered with ${response.status}`)
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_SET_BYTES) throw new RangeError(`a key set of more than ${MAX_SET_BYTES} bytes`)
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as JSONWebKeySet
}
