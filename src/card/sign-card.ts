/** Signatures of agent cards: detached JSON web signatures over the canonical card (A2A section 8.4). */
import type { JsonObject } from '@bufbuild/protobuf'
import { type CryptoKey, calculateJwkThumbprint, FlattenedSign, importJWK, type JWK } from 'jose'
import type { AgentCardSignatureJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { canonicalBytes, signedPart } from './canonical-card.js'

/** A private key in JSON (RFC 7517), with `alg`. `kid` names it to those who verify; default: its thumbprint (RFC 7638). */
export type CardKey = JWK & { readonly alg?: string; readonly kid?: string; readonly jku?: string }

/** Algorithms of cards. None with a secret that both sides know: who can verify such a signature can also make it. */
export const CARD_ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
] as const

export interface CardSigner {
  /** Signs a card of 1.0. */
  sign(card: JsonObject): Promise<AgentCardSignatureJson>
  /** Signs a card of 0.3, which is canonical as it is. */
  signAsIs(card: JsonObject): Promise<AgentCardSignatureJson>
}

/** A key that cannot sign cards; the text says why, and never holds the key. */
export class CardKeyError extends TypeError {
  override readonly name = 'CardKeyError'
}

const CURVES: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
}

/** @throws CardKeyError */
export async function cardSigner(key: CardKey): Promise<CardSigner> {
  const alg = key.alg ?? CURVES[key.crv ?? '']
  if (alg === undefined || !CARD_ALGORITHMS.some((known) => known === alg)) {
    throw new CardKeyError(`a key for cards needs one of the algorithms ${CARD_ALGORITHMS.join(', ')}`)
  }
  if (key.d === undefined) throw new CardKeyError('a key for cards must be a private one: it has no "d"')
  const kid = key.kid ?? (await calculateJwkThumbprint(key))
  const imported = await importKey(key, alg)
  const header = { alg, kid, typ: 'JOSE', ...(key.jku === undefined ? {} : { jku: key.jku }) }
  const sign = async (payload: JsonObject): Promise<AgentCardSignatureJson> => {
    const { protected: head = '', signature } = await new FlattenedSign(canonicalBytes(payload))
      .setProtectedHeader(header)
      .sign(imported)
    return { protected: head, signature }
  }
  return {
    sign: (card) => sign(signedPart(card)),
    signAsIs({ signatures: _, ...card }) {
      return sign(card)
    },
  }
}

async function importKey(key: CardKey, alg: string): Promise<CryptoKey | Uint8Array> {
  try {
    return await importJWK(key, alg)
  } catch (cause) {
    throw new CardKeyError(`the key for cards cannot be used with ${alg}`, { cause })
  }
}
