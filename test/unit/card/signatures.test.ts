/** Signed cards: what is signed, by whom it can be verified, and what is refused. */
import { AgentCard, canonicalizeAgentCard, generateAgentCardSignature, verifyAgentCardSignature } from '@a2a-js/sdk'
import type { JsonObject } from '@bufbuild/protobuf'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type AgentCardJson, AgentCardSchema } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { agentCard } from '../../../src/agent/agent-card.js'
import { agent } from '../../../src/agent/agent-definition.js'
import { canonicalBytes, signedPart } from '../../../src/card/canonical-card.js'
import { type CardKey, cardSigner } from '../../../src/card/sign-card.js'
import { verifyCard } from '../../../src/card/verify-card.js'
import { arbitraryJson } from '../../support/arbitrary-json.js'
import { fc } from '../../support/property.js'

let key: CardKey
let publicKey: JWK

const card: AgentCardJson = {
  name: 'Signed',
  description: 'A card',
  version: '1.0.0',
  supportedInterfaces: [{ url: 'https://example.com', protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
  capabilities: { streaming: true, extensions: [{ uri: 'urn:x', params: { b: 1, a: ['é', 1e21] } }] },
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [{ id: 's', name: 'S', description: 'S', tags: ['t'] }],
}

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  key = { ...(await exportJWK(pair.privateKey)), kid: 'k1', alg: 'ES256' }
  publicKey = await exportJWK(pair.publicKey)
})

async function signed(json: AgentCardJson, by: CardKey = key): Promise<AgentCardJson> {
  return { ...json, signatures: [await (await cardSigner(by)).sign(json as JsonObject)] }
}

describe('what is signed', () => {
  it('is the example of the specification (§8.4.1)', () => {
    const example = {
      name: 'Example Agent',
      description: '',
      capabilities: { streaming: false, pushNotifications: false, extensions: [] },
      skills: [],
      iconUrl: undefined,
      securityRequirements: [],
      signatures: [{ protected: 'x', signature: 'y' }],
    } as unknown as JsonObject
    const { capabilities, description, name, skills } = signedPart(example)
    expect(new TextDecoder().decode(canonicalBytes({ capabilities, description, name, skills } as JsonObject))).toBe(
      '{"capabilities":{"pushNotifications":false,"streaming":false},"description":"","name":"Example Agent","skills":[]}',
    )
  })

  it('has required fields though they are empty, and no unknown ones', () => {
    expect(signedPart({ unknown: 1 } as JsonObject)).toEqual({
      name: '',
      description: '',
      supportedInterfaces: [],
      version: '',
      defaultInputModes: [],
      defaultOutputModes: [],
      skills: [],
    })
    const schemes = { securitySchemes: { m: { mtlsSecurityScheme: {} } }, documentationUrl: '' }
    expect(signedPart(schemes)).toMatchObject(schemes)
  })
})

describe('a signed card', () => {
  it('names algorithm, key and type in its protected header (§8.4.2)', async () => {
    const [signature] = (await signed(card)).signatures ?? []
    expect(JSON.parse(Buffer.from(signature?.protected ?? '', 'base64url').toString())).toEqual({
      alg: 'ES256',
      kid: 'k1',
      typ: 'JOSE',
    })
    expect(Buffer.from(signature?.signature ?? '', 'base64url')).toHaveLength(64)
  })

  it('is verified, whatever is on it, and not when anything is changed', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryJson(AgentCardSchema, 4), async (json) => {
        const { signatures: _, ...plain } = json
        const whole = await signed(plain as AgentCardJson)
        const { card: verified, kid } = await verifyCard(whole, { keys: { k1: publicKey } })
        expect([verified, kid]).toEqual([signedPart(plain), 'k1'])
        const changed = { ...whole, name: `${whole.name}!` }
        await expect(verifyCard(changed, { keys: { k1: publicKey } })).rejects.toThrow('not verified')
      }),
      { numRuns: 60 },
    )
  })

  it('loses what was added after it was signed', async () => {
    const { card: verified } = await verifyCard(
      { ...(await signed(card)), url: 'https://evil.example' } as AgentCardJson,
      {
        keys: { k1: publicKey },
      },
    )
    expect(verified).toEqual(card)
  })

  it('is refused without a signature, by another key, under another name, by an algorithm that is not allowed', async () => {
    const whole = await signed(card)
    const other = await exportJWK((await generateKeyPair('ES256', { extractable: true })).publicKey)
    const refused = (options: Parameters<typeof verifyCard>[1], from: AgentCardJson = whole) =>
      expect(verifyCard(from, options)).rejects.toThrow('not verified')
    await refused({ keys: { k1: publicKey } }, card)
    await refused({ keys: { k1: other } })
    await refused({ keys: { k2: publicKey } })
    await refused({ keys: {} })
    await refused({ keys: { k1: publicKey }, algorithms: ['EdDSA'] })
    await refused({ keys: { k1: publicKey } }, { ...card, signatures: [{ protected: '!', signature: '!' }] })
    await refused({ keys: { k1: publicKey } }, { ...card, signatures: [null as never, 7 as never] })
    const none = Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url')
    await refused({ keys: { k1: publicKey } }, { ...card, signatures: [{ protected: none, signature: '' }] })
    await refused(
      { keys: { k1: publicKey } },
      { ...card, signatures: Array(9).fill({ protected: none, signature: '' }) },
    )
  })

  it('hands the address of its keys to the caller, who decides', async () => {
    const asked: unknown[] = []
    const whole = await signed(card, { ...key, jku: 'https://keys.example/jwks' })
    const keys = (kid: string, jku: string | undefined) => {
      asked.push([kid, jku])
      return publicKey
    }
    await verifyCard(whole, { keys })
    expect(asked).toEqual([['k1', 'https://keys.example/jwks']])
  })

  it('may have several signatures, of which one is enough', async () => {
    const pair = await generateKeyPair('EdDSA', { extractable: true })
    const next: CardKey = { ...(await exportJWK(pair.privateKey)), kid: 'k2' }
    const both = [...((await signed(card)).signatures ?? []), ...((await signed(card, next)).signatures ?? [])]
    const { kid } = await verifyCard({ ...card, signatures: both }, { keys: { k2: await exportJWK(pair.publicKey) } })
    expect(kid).toBe('k2')
  })
})

describe('keys', () => {
  it.each([
    ['a secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' }],
    ['no algorithm', { kty: 'RSA', n: 'x', e: 'AQAB', d: 'x' }],
    ['damaged', { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd', alg: 'ES256' }],
  ])('%s cannot sign, and the refusal does not show it', async (_, bad) => {
    const error = await cardSigner(bad as CardKey).catch((thrown: Error) => thrown)
    expect(error).toBeInstanceOf(TypeError)
    expect(String(error)).not.toContain('c2VjcmV0')
  })

  it('that are public cannot sign', async () => {
    await expect(cardSigner({ ...publicKey, alg: 'ES256' })).rejects.toThrow('private')
  })

  it('without a name are named by their thumbprint', async () => {
    const { kid: _, ...unnamed } = key
    const [signature] = (await signed(card, unnamed as CardKey)).signatures ?? []
    const { kid } = JSON.parse(Buffer.from(signature?.protected ?? '', 'base64url').toString()) as { kid: string }
    expect(kid).toMatch(/^[\w-]{43}$/)
  })
})

describe('another library', () => {
  it('verifies our signatures, and we verify its', async () => {
    const ours = await signed(card)
    await verifyAgentCardSignature(async () => publicKey)(AgentCard.fromJSON(ours))
    const sign = generateAgentCardSignature(key as never, { alg: 'ES256', kid: 'k1', typ: 'JOSE' })
    const theirs = AgentCard.toJSON(await sign(AgentCard.fromJSON(card))) as AgentCardJson
    const { kid } = await verifyCard(theirs, { keys: { k1: publicKey } })
    expect(kid).toBe('k1')
  })

  it('verifies the card of an agent that says nothing of itself, or only empty things', async () => {
    const skills = { lookup: { name: '', description: '', tags: [] } }
    for (const meta of [{}, { name: '', description: '' }, { skills }]) {
      const ours = await signed(
        agentCard(
          agent({ id: 'echo', ...meta }, () => 'hi'),
          card.supportedInterfaces ?? [],
        ),
      )
      await verifyAgentCardSignature(async () => publicKey)(AgentCard.fromJSON(ours))
    }
  })

  it('signs the same bytes, for cards without empty values', () => {
    expect(canonicalizeAgentCard(AgentCard.fromJSON(card))).toBe(
      new TextDecoder().decode(canonicalBytes(signedPart(card as JsonObject))),
    )
  })

  it('takes out empty values that are required: we verify that too', async () => {
    const empty = { ...card, description: '', skills: [] }
    const sign = generateAgentCardSignature(key as never, { alg: 'ES256', kid: 'k1', typ: 'JOSE' })
    const theirs = AgentCard.toJSON(await sign(AgentCard.fromJSON(empty))) as AgentCardJson
    expect((await verifyCard({ ...empty, signatures: theirs.signatures ?? [] }, { keys: { k1: publicKey } })).kid).toBe(
      'k1',
    )
  })
})
