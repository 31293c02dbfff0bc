/** Verifies signatures of agent cards (A2A section 8.4.3). */
import type { JsonObject } from '@bufbuild/protobuf'
import { base64url, type CryptoKey, decodeProtectedHeader, flattenedVerify, importJWK, type JWK } from 'jose'
import type { AgentCardSignatureJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { canonicalBytes, signedPart, withoutEmpty } from './canonical-card.js'
import { CardNotVerifiedError } from './card-not-verified-error.js'
import { CARD_ALGORITHMS } from './sign-card.js'

/** The keys that are trusted; what the card itself names is not. */
export interface VerifyCardOptions {
  /**
   * The public keys that are trusted, by `kid`, or a function that finds one. A `jku` of the card is handed to it and
   * never followed otherwise: whoever wrote the card wrote that too.
   */
  readonly keys:
    | Readonly<Record<string, JWK>>
    | ((kid: string, jku: string | undefined) => JWK | undefined | Promise<JWK | undefined>)
  /** Default: all of ECDSA, EdDSA and RSA that are safe. */
  readonly algorithms?: readonly string[]
}

/** A card whose signature holds, and by which key. */
export interface VerifiedCard<Card> {
  /** What the signature covers, and nothing else: use this card and not the one that came. */
  readonly card: Card
  /** Of the key that verified it. */
  readonly kid: string
}

/** Signatures that are looked at; a card with more is no honest one. */
const MAX_SIGNATURES = 8

/**
 * @param given as it came, of A2A 1.0 or 0.3
 * @throws CardNotVerifiedError
 */
export async function verifyCard<Card extends object>(
  given: Card,
  options: VerifyCardOptions,
): Promise<VerifiedCard<Card>> {
  const { signatures: all, ...card } = given as JsonObject
  const signatures = (Array.isArray(all) ? all : []).slice(0, MAX_SIGNATURES)
  const payloads = payloadsOf(card)
  for (const signature of signatures) {
    const verified = await verifiedBy((signature ?? {}) as AgentCardSignatureJson, payloads, options)
    if (verified !== undefined) return verified as VerifiedCard<Card>
  }
  const why = signatures.length === 0 ? 'it has no signature' : 'none of its signatures is one of a trusted key'
  throw new CardNotVerifiedError(`The agent card is not verified: ${why}`)
}

/** What may have been signed: as the specification says first; then as libraries do that take out whatever is empty. */
function payloadsOf(card: JsonObject): JsonObject[] {
  // Cards of 0.3 have no schema that says what is left out: they are signed as they are.
  const exact = Array.isArray(card.supportedInterfaces) ? signedPart(card) : card
  return [exact, (withoutEmpty(exact) ?? {}) as JsonObject]
}

async function verifiedBy(
  { protected: head = '', signature = '' }: AgentCardSignatureJson,
  payloads: readonly JsonObject[],
  { keys, algorithms = CARD_ALGORITHMS }: VerifyCardOptions,
): Promise<VerifiedCard<object> | undefined> {
  const { kid, jku, alg } = headerOf(head)
  if (typeof kid !== 'string' || typeof alg !== 'string' || !algorithms.includes(alg)) return undefined
  const own =
    typeof keys === 'function' ? await keys(kid, typeof jku === 'string' ? jku : undefined) : ownKey(keys, kid)
  if (own === undefined) return undefined
  const key = await importJWK(own, alg).catch(() => undefined)
  if (key === undefined) return undefined
  for (const payload of payloads) {
    if (await isSignature(head, signature, payload, key, alg)) return { card: payload, kid }
  }
  return undefined
}

async function isSignature(
  head: string,
  signature: string,
  payload: JsonObject,
  key: CryptoKey | Uint8Array,
  alg: string,
): Promise<boolean> {
  const jws = { protected: head, payload: base64url.encode(canonicalBytes(payload)), signature }
  return flattenedVerify(jws, key, { algorithms: [alg] }).then(
    () => true,
    () => false,
  )
}

function ownKey(keys: Readonly<Record<string, JWK>>, kid: string): JWK | undefined {
  return Object.hasOwn(keys, kid) ? keys[kid] : undefined
}

function headerOf(head: string): { kid?: unknown; jku?: unknown; alg?: unknown } {
  try {
    return decodeProtectedHeader({ protected: head })
  } catch {
    return {}
  }
}
