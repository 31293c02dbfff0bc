/** Agent cards with hostile values, of any version: taken or refused as what they are, and nobody else is asked anything. */
import type { JsonObject } from '@bufbuild/protobuf'
import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { type AgentCardJson, AgentCardSchema } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { cardFromV1 } from '../../src/bindings/dialects/v0_3/card.js'
import { CardNotVerifiedError } from '../../src/card/card-not-verified-error.js'
import { connect, createCardCache, verifyCard } from '../../src/client/index.js'
import { isA2AError } from '../../src/index.js'
import { arbitraryJson } from '../support/arbitrary-json.js'
import { fc } from '../support/property.js'
import { jsonMutation, mutatedJson, mutatedText, textMutation } from './support/mutations.js'

const HOST = 'http://agent.example'

const URLS = [
  'http://agent.example/a',
  'https://agent.example',
  'http://169.254.169.254/latest/meta-data',
  'http://user:password@agent.example',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'data:text/plain,x',
  'http://[::1',
  '//evil.example',
  'agent.example:443',
  '',
] as const

const interfaces = fc.array(
  fc.record({
    url: fc.oneof(fc.constantFrom<string>(HOST, ...URLS), fc.constant(HOST), fc.string()),
    protocolBinding: fc.constantFrom('JSONRPC', 'JSONRPC', 'HTTP+JSON', 'GRPC', 'jsonrpc', '__proto__', ''),
    protocolVersion: fc.constantFrom('1.0', '1.0', '1.7', '0.3', '0.2.5', '2.0', '', '9'.repeat(50)),
  }),
  { maxLength: 3 },
)

/** Cards that are fine but for what they say. */
const cards = fc
  .tuple(arbitraryJson(AgentCardSchema), interfaces, fc.boolean())
  .map(([card, supportedInterfaces, old]): JsonObject => {
    const current = { ...card, supportedInterfaces }
    return old ? (cardFromV1(current as AgentCardJson) as JsonObject) : current
  })

const texts = fc
  .tuple(cards, fc.array(jsonMutation, { maxLength: 2 }), fc.option(textMutation, { nil: undefined, freq: 3 }))
  .map(([card, mutations, mutation]) => {
    const text = JSON.stringify(mutatedJson(card, mutations))
    return mutation === undefined ? text : mutatedText(text, mutation)
  })

describe('a card with hostile values', () => {
  it('found at a URL makes a client or an error of the protocol, and no other host is asked', async () => {
    let made = 0
    await fc.assert(
      fc.asyncProperty(texts, async (text) => {
        const asked: string[] = []
        const fetch = async (input: string | URL | Request) => {
          asked.push(new URL(input instanceof Request ? input.url : input).origin)
          return new Response(text, { headers: { 'content-type': 'application/json' } })
        }
        try {
          const client = await connect(HOST, { fetch, cardCache: createCardCache() })
          made += 1
          expect(typeof client.card.name).toBe('string')
          await client.close()
        } catch (error) {
          if (!isA2AError(error)) throw error
        }
        expect(new Set(asked)).toEqual(new Set([HOST]))
      }),
      { numRuns: 1_000 },
    )
    expect(made).toBeGreaterThan(20)
  }, 60_000)

  it('is never taken for one that was signed', async () => {
    const { publicKey } = await generateKeyPair('ES256')
    const keys = { k: await exportJWK(publicKey) }
    await fc.assert(
      fc.asyncProperty(cards, fc.array(jsonMutation, { maxLength: 3 }), async (card, mutations) => {
        const error = await verifyCard(mutatedJson(card, mutations), { keys }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        expect(error).toBeInstanceOf(CardNotVerifiedError)
      }),
      { numRuns: 300 },
    )
  }, 60_000)
})
