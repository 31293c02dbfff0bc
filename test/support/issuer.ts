/** An issuer of tokens for tests: makes good ones, and whatever text somebody else would like to have taken for one. */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export const ISSUER = 'https://id.example'
export const AUDIENCE = 'https://agents.example'

export interface Claims {
  readonly sub?: unknown
  readonly [claim: string]: unknown
}

export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')

/** The public keys of the issuer, as it publishes them. */
export const JWKS = {
  keys: [
    { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' },
    { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec', alg: 'ES256', use: 'sig' },
    { ...ed.publicKey.export({ format: 'jwk' }), kid: 'ed', use: 'sig' },
  ],
}

export const strangerJwk = stranger.publicKey.export({ format: 'jwk' })

const KEYS = { rsa: rsa.privateKey, ec: ec.privateKey, ed: ed.privateKey, stranger: stranger.privateKey }

export type KeyName = keyof typeof KEYS

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** A token that is good, but for the claims that are given otherwise; undefined takes one away. */
export function token(claims: Claims = {}, header: object = {}, key: KeyName = 'ec'): string {
  const alg = { rsa: 'RS256', ec: 'ES256', ed: 'EdDSA', stranger: 'ES256' }[key]
  return signed({ alg, typ: 'JWT', kid: key === 'stranger' ? 'ec' : key, ...header }, { ...good(), ...claims }, key)
}

export function good(): Claims {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: nowSeconds(), exp: nowSeconds() + 600 }
}

/** @param header and payload as they are when they are texts */
export function signed(header: object | string, payload: object | string, key: KeyName = 'ec'): string {
  const input = [header, payload]
    .map((part) => base64url(typeof part === 'string' ? part : JSON.stringify(part)))
    .join('.')
  return `${input}.${signature(input, KEYS[key])}`
}

/** With a secret, as HMAC algorithms are. */
export function hmac(header: object, payload: object, secret: string | Buffer, hash = 'sha256'): string {
  const input = [header, payload].map((part) => base64url(JSON.stringify(part))).join('.')
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`
}

function signature(input: string, key: KeyObject): string {
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return sign(algorithm, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
