/** Agent cards as they are served: in each form, at each path, signed, and for authenticated callers. */
import { isLegacyAgentCard, parseLegacyAgentCard } from '@a2a-js/sdk/compat/v0_3/client'
import type { JsonObject } from '@bufbuild/protobuf'
import { exportJWK, generateKeyPair } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import type { AgentCardJson, SecuritySchemeJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { extendedAgentCard } from '../../src/agent/agent-card.js'
import { upgradeCard } from '../../src/client/card/card-v03.js'
import { verifyCard } from '../../src/client/index.js'
import { type AgentDefinition, agent } from '../../src/index.js'
import { getExtendedAgentCard } from '../../src/service/extended-card.js'
import type { OneProcessOptions } from '../../src/worker/one-process.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { ALL_WIRE_NAMES, WIRES, wireNamed } from '../support/wires.js'

const CURRENT = '/.well-known/agent-card.json'
const OLD = '/.well-known/agent.json'

const securitySchemes: Record<string, SecuritySchemeJson> = {
  bearer: { httpAuthSecurityScheme: { scheme: 'Bearer', bearerFormat: 'JWT' } },
  key: { apiKeySecurityScheme: { location: 'header', name: 'x-api-key', description: 'A key' } },
  oauth: {
    oauth2SecurityScheme: {
      flows: {
        authorizationCode: {
          authorizationUrl: 'https://id.example/authorize',
          tokenUrl: 'https://id.example/token',
          scopes: { read: 'Read' },
          pkceRequired: true,
        },
      },
    },
  },
  oidc: { openIdConnectSecurityScheme: { openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' } },
  mtls: { mtlsSecurityScheme: {} },
}

const secured = agent(
  {
    id: 'secured',
    description: 'An agent with everything on its card',
    version: '2.1.0',
    provider: { organization: 'Example', url: 'https://example.com' },
    iconUrl: 'https://example.com/icon.png',
    documentationUrl: 'https://example.com/docs',
    securitySchemes,
    securityRequirements: [{ schemes: { bearer: {} } }, { schemes: { oauth: { list: ['read'] }, mtls: {} } }],
    skills: { plan: { tags: ['trips'], securityRequirements: [{ schemes: { key: {} } }] } },
    extendedCard: { description: 'Everything, for those who are known', skills: { plan: {}, book: {} } },
  },
  (message) => message.text,
)

const plain = agent({ id: 'plain' }, (message) => message.text)

let server: TestServer | undefined

afterEach(async () => {
  await server?.stop()
  server = undefined
})

async function start(options: Partial<OneProcessOptions> = {}, agents: AgentDefinition[] = [secured, plain]) {
  server = await startTestServer({ engine: 'memory', agents, ...options })
  return async (path: string) => (await (await fetch(`${server?.url}${path}`)).json()) as JsonObject & AgentCardJson
}

function versions({ supportedInterfaces = [] }: AgentCardJson): string[] {
  return supportedInterfaces.map(({ protocolBinding, protocolVersion }) => `${protocolBinding} ${protocolVersion}`)
}

const OLD_KEYS = ['url', 'preferredTransport', 'additionalInterfaces', 'protocolVersion', 'security']

describe('forms', () => {
  it('v1: nothing of 0.3 on it, all versions as interfaces, and the old path for those who ask there', async () => {
    const get = await start()
    const card = await get(CURRENT)
    expect(OLD_KEYS.filter((key) => key in card)).toEqual([])
    expect(versions(card)).toEqual([
      'JSONRPC 1.0',
      'GRPC 1.0',
      'HTTP+JSON 1.0',
      'JSONRPC 0.3',
      'GRPC 0.3',
      'HTTP+JSON 0.3',
      'JSONRPC 0.2',
    ])
    expect(card).toMatchObject({
      securitySchemes,
      securityRequirements: [{ schemes: { bearer: {} } }, { schemes: { oauth: { list: ['read'] }, mtls: {} } }],
      skills: [{ id: 'plan', securityRequirements: [{ schemes: { key: {} } }] }],
      capabilities: { extendedAgentCard: true },
    })
    const old = await get(OLD)
    expect(old.supportedInterfaces).toBeUndefined()
    expect(await get(`/agents/secured${OLD}`)).toEqual(old)
    expect(await get(`/agents/secured/a2a${OLD}`)).toEqual(old)
    expect(await get(`/agents/secured/a2a${CURRENT}`)).toEqual(card)
  })

  it('v1: over gRPC before 1.0 only the agent at the root is reached, so only its card says so', async () => {
    const get = await start()
    expect(versions(await get(`/agents/plain${CURRENT}`))).not.toContain('GRPC 0.3')
  })

  it('v0.3: as that version has it, at both paths', async () => {
    const get = await start({ card: 'v0.3' })
    const base = `${server?.url}/agents/secured`
    const card = await get(CURRENT)
    expect(card).toEqual({
      protocolVersion: '0.3.0',
      name: 'secured',
      description: 'An agent with everything on its card',
      version: '2.1.0',
      url: base,
      preferredTransport: 'JSONRPC',
      additionalInterfaces: [
        { url: base, transport: 'JSONRPC' },
        { url: `127.0.0.1:${server?.port}`, transport: 'GRPC' },
        { url: base, transport: 'HTTP+JSON' },
      ],
      provider: { organization: 'Example', url: 'https://example.com' },
      iconUrl: 'https://example.com/icon.png',
      documentationUrl: 'https://example.com/docs',
      capabilities: { streaming: true, pushNotifications: false, extensions: expect.any(Array) },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'Bearer', bearerFormat: 'JWT' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'A key' },
        oauth: {
          type: 'oauth2',
          flows: {
            authorizationCode: {
              authorizationUrl: 'https://id.example/authorize',
              tokenUrl: 'https://id.example/token',
              scopes: { read: 'Read' },
            },
          },
        },
        oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' },
        mtls: { type: 'mutualTLS' },
      },
      security: [{ bearer: [] }, { oauth: ['read'], mtls: [] }],
      defaultInputModes: ['text/plain', 'application/json'],
      defaultOutputModes: ['text/plain'],
      skills: [{ id: 'plan', name: 'plan', description: 'plan', tags: ['trips'], security: [{ key: [] }] }],
      supportsAuthenticatedExtendedCard: true,
    })
    expect(await get(OLD)).toEqual(card)
  })

  it('hybrid: readers of both versions find their card in it', async () => {
    const get = await start({ card: 'hybrid' })
    const hybrid = await get(CURRENT)
    await server?.stop()
    const v1 = await (await start({ port: server?.port ?? 0 }))(CURRENT)
    expect(hybrid).toMatchObject({ ...v1, securitySchemes: v1.securitySchemes ?? {}, skills: v1.skills ?? [] })
    await server?.stop()
    const old = await (await start({ card: 'v0.3', port: server?.port ?? 0 }))(CURRENT)
    const { capabilities: _, ...rest } = old
    expect(hybrid).toMatchObject(rest)
  })

  it('are read by another library as what they are', async () => {
    const old = await (await start({ card: 'v0.3' }))(CURRENT)
    expect(isLegacyAgentCard(old)).toBe(true)
    const theirs = parseLegacyAgentCard(old)
    expect(theirs.supportedInterfaces.map(({ protocolBinding }) => protocolBinding)).toContain('HTTP+JSON')
    expect(Object.keys(theirs.securitySchemes)).toEqual(Object.keys(securitySchemes))
    const ours = upgradeCard(old)
    expect(ours.securityRequirements).toEqual([
      { schemes: { bearer: { list: [] } } },
      { schemes: { oauth: { list: ['read'] }, mtls: { list: [] } } },
    ])
    for (const card of ['v1', 'hybrid'] as const) {
      await server?.stop()
      expect(isLegacyAgentCard(await (await start({ card }))(CURRENT))).toBe(false)
    }
  })

  it.each([CURRENT, OLD])('can be kept by clients: %s', async (path) => {
    await start()
    const response = await fetch(`${server?.url}${path}`)
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const etag = response.headers.get('etag') ?? ''
    const again = await fetch(`${server?.url}${path}`, { headers: { 'if-none-match': etag } })
    expect([again.status, again.headers.get('etag')]).toEqual([304, etag])
    const other = await fetch(`${server?.url}${path === OLD ? CURRENT : OLD}`)
    expect(other.headers.get('etag')).not.toBe(etag)
    expect((await fetch(`${server?.url}${path}`, { method: 'POST' })).status).toBe(405)
  })
})

describe('signatures', () => {
  it.each(['v1', 'v0.3', 'hybrid'] as const)('are on cards in the form %s, one by each key', async (card) => {
    const pairs = await Promise.all(['ES256', 'EdDSA'].map((alg) => generateKeyPair(alg, { extractable: true })))
    const cardKeys = await Promise.all(
      pairs.map(async ({ privateKey }, i) => ({ ...(await exportJWK(privateKey)), kid: `k${i}` })),
    )
    const get = await start({ card, cardKeys })
    for (const path of [CURRENT, OLD]) {
      const served = await get(path)
      expect(served.signatures).toHaveLength(2)
      for (const [i, { publicKey }] of pairs.entries()) {
        const verified = await verifyCard(served, { keys: { [`k${i}`]: await exportJWK(publicKey) } })
        expect(verified.kid).toBe(`k${i}`)
        expect(verified.card.name).toBe('secured')
      }
    }
  })

  it('need a key that can make them: a server without does not start', async () => {
    await expect(start({ cardKeys: [{ kty: 'oct', k: 'eA', alg: 'HS256' }] })).rejects.toThrow('algorithms')
  })
})

describe('the extended card (§3.1.11)', () => {
  const alice = { principal: 'alice', tenant: '', roles: [] }
  const context = { ...alice, credential: { schemes: ['bearer'], scopes: [] } }

  it('is as the public one but for what it says otherwise', async () => {
    const card = await extendedAgentCard(secured, { name: 'secured', description: 'public', version: '2.1.0' }, alice)
    expect(card).toMatchObject({
      name: 'secured',
      description: 'Everything, for those who are known',
      version: '2.1.0',
    })
    expect(card?.skills?.map(({ id }) => id)).toEqual(['plan', 'book'])
    expect(await getExtendedAgentCard(async () => card, { ...context, agent: secured } as never)).toBe(card)
  })

  it('may say something else to each caller, and to some nothing', async () => {
    const choosy = agent(
      {
        id: 'choosy',
        extendedCard: ({ principal, roles }) =>
          roles.includes('staff') ? { description: `for ${principal}` } : undefined,
      },
      () => '',
    )
    expect(await extendedAgentCard(choosy, { name: 'x' }, { ...alice, roles: ['staff'] })).toEqual({
      name: 'x',
      description: 'for alice',
    })
    expect(await extendedAgentCard(choosy, { name: 'x' }, alice)).toBeUndefined()
  })

  it('that is declared and not configured is an error of its own', async () => {
    const bare = agent({ id: 'bare', securitySchemes, capabilities: { extendedCard: true } }, () => '')
    expect(await extendedAgentCard(bare, {}, alice)).toBeUndefined()
    await expect(
      getExtendedAgentCard(async () => undefined, { ...context, agent: bare } as never),
    ).rejects.toMatchObject({
      reason: 'EXTENDED_AGENT_CARD_NOT_CONFIGURED',
    })
  })

  it('is for authenticated callers, on every wire, and the refusal says how to become one', async () => {
    await start()
    for (const name of ALL_WIRE_NAMES) {
      const headers: (string | null)[] = []
      const error = await wireNamed(name, server?.url ?? '')
        .call('getExtendedAgentCard', {}, { onHeaders: (all) => headers.push(all.get('www-authenticate')) })
        .catch((thrown: unknown) => thrown)
      expect(error, name).toMatchObject({
        reason: 'UNAUTHENTICATED',
        code: { jsonrpc: -32603, http: 401, grpc: 'Unauthenticated' }[WIRES[name].kind],
      })
      if (headers.length > 0) expect(headers, name).toContain('Bearer')
    }
    const response = await fetch(`${server?.url}/extendedAgentCard`)
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })
})

describe('what cannot be right', () => {
  it.each([
    ['a scheme of no kind', { securitySchemes: { x: {} } }, 'exactly one of'],
    [
      'a scheme of two kinds',
      { securitySchemes: { x: { ...securitySchemes.bearer, ...securitySchemes.mtls } } },
      'exactly one of',
    ],
    [
      'a requirement that names no scheme',
      { securitySchemes, securityRequirements: [{ schemes: { x: {} } }] },
      'not in securitySchemes',
    ],
    [
      'a skill that does',
      { securitySchemes, skills: { s: { securityRequirements: [{ schemes: { toString: {} } }] } } },
      'not in securitySchemes',
    ],
    ['one that is denied', { securitySchemes, extendedCard: {}, capabilities: { extendedCard: false } }, 'is false'],
  ])('%s', (_, meta, text) => {
    expect(() => agent({ id: 'wrong', ...(meta as object) }, () => '')).toThrow(text)
  })
})
