/** Clients with credentials against a server that wants them: ours over every transport, agents that call agents. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuthProvider } from '../../src/client/index.js'
import { apiKey, bearer, clientCredentials, connect } from '../../src/client/index.js'
import { agent, apiKeys, CalledTaskError, jwt } from '../../src/index.js'
import { AUDIENCE, ISSUER, JWKS, nowSeconds, token } from '../support/issuer.js'
import { startTestServer, type TestServer } from '../support/servers.js'

const KEY = 'a key that is long enough for the app'

const who = agent(
  {
    id: 'who',
    default: true,
    description: 'public',
    extendedCard: ({ principal }) => ({ description: `for ${principal}`, skills: { secret: { tags: ['hidden'] } } }),
  },
  (_, { caller }) => `${caller.principal} of ${caller.tenant || 'nowhere'} (${caller.roles.join()})`,
)

let server: TestServer
/** Gives out tokens as OAuth2 servers do; the second of each client is good. */
let tokenUrl: string
const given: string[] = []
const oauth = http.createServer((req, res) => {
  const [id = ''] = atob((req.headers.authorization ?? '').replace('Basic ', '')).split(':')
  const stale = id === 'stale' && given.length === 0
  const accessToken = token({ sub: id, roles: ['app'], ...(stale ? { exp: nowSeconds() - 600 } : {}) })
  given.push(accessToken)
  res.setHeader('content-type', 'application/json')
  req.resume()
  res.end(JSON.stringify({ access_token: accessToken, token_type: 'Bearer', expires_in: 600 }))
})

beforeAll(async () => {
  await new Promise<void>((resolve) => oauth.listen(0, '127.0.0.1', resolve))
  tokenUrl = `http://127.0.0.1:${(oauth.address() as AddressInfo).port}/token`
  const flows = { clientCredentials: { tokenUrl, scopes: { use: 'Use the agents' } } }
  server = await startTestServer({
    engine: 'memory',
    agents: [who],
    authenticate: [
      jwt({
        issuer: ISSUER,
        audience: AUDIENCE,
        jwks: JWKS,
        name: 'oauth',
        scheme: { oauth2SecurityScheme: { flows } },
      }),
      apiKeys({ keys: [{ key: KEY, principal: 'app', tenant: 'acme', roles: ['robot'] }] }),
    ],
  })
})

afterAll(async () => {
  await server.stop()
  await new Promise((resolve) => oauth.close(resolve))
})

describe.each(['jsonrpc', 'rest', 'connect', 'grpc'] as const)('our client over %s', (transport) => {
  const open = (auth?: AuthProvider) =>
    connect(server.url, { transports: [transport], ...(auth === undefined ? {} : { auth }) })

  it.each([
    ['a token', () => bearer(token()), 'alice of nowhere ()'],
    ['an API key', () => apiKey(KEY), 'app of acme (robot)'],
    [
      'client credentials',
      () => clientCredentials({ tokenUrl, clientId: 'svc', clientSecret: 's' }),
      'svc of nowhere (app)',
    ],
  ])('shows %s', async (_, auth, name) => {
    const bot = await open(auth())
    const run = await bot.send('who am I?')
    expect(await run.text()).toBe(name)
    expect((await bot.getTask({ id: run.taskId ?? '' })).status?.state).toBe('TASK_STATE_COMPLETED')
    expect(await (await bot.stream('who?')).text()).toBe(name)
    const card = await bot.getExtendedAgentCard()
    expect(card.description).toBe(`for ${name.split(' ')[0]}`)
    expect(card.skills?.map(({ id }) => id)).toEqual(['secret'])
    expect(bot.card.description).toBe('public')
    bot.close()
  })

  it('hears that it needs a credential', async () => {
    for (const auth of [undefined, bearer(token({ exp: 1 })), apiKey('another key that is long enough')]) {
      const bot = await open(auth)
      await expect(bot.send('x')).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' })
      await expect(bot.getExtendedAgentCard()).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' })
      bot.close()
    }
  })

  it('gets a new token when its own is not good any more', async () => {
    given.length = 0
    const bot = await open(clientCredentials({ tokenUrl, clientId: 'stale', clientSecret: 's' }))
    const [run, first] = [await bot.send('who?'), given[0]]
    expect(await run.text()).toBe('stale of nowhere (app)')
    expect(given.length).toBe(2)
    expect(given[1]).not.toBe(first)
    bot.close()
  })
})

describe('what the server declares is what it enforces', () => {
  it('on cards of every version', async () => {
    const card = (await (await fetch(`${server.url}/.well-known/agent-card.json`)).json()) as JsonObject
    expect(card).toMatchObject({
      securitySchemes: {
        oauth: { oauth2SecurityScheme: { flows: { clientCredentials: { tokenUrl } } } },
        apiKey: { apiKeySecurityScheme: { location: 'header', name: 'x-api-key' } },
      },
      securityRequirements: [{ schemes: { oauth: {} } }, { schemes: { apiKey: {} } }],
      capabilities: { extendedAgentCard: true },
    })
    const old = (await (await fetch(`${server.url}/.well-known/agent.json`)).json()) as JsonObject
    expect(old).toMatchObject({
      securitySchemes: { oauth: { type: 'oauth2' }, apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
      security: [{ oauth: [] }, { apiKey: [] }],
      supportsAuthenticatedExtendedCard: true,
    })
  })

  it('and the older versions give out the extended card as well', async () => {
    const headers = { 'content-type': 'application/json', 'x-api-key': KEY }
    const rpc = (path: string, sent: Record<string, string>) =>
      fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: sent,
        body: '{"jsonrpc":"2.0","id":1,"method":"agent/getAuthenticatedExtendedCard"}',
      })
    for (const path of ['/', '/a2a']) {
      expect(((await (await rpc(path, headers)).json()) as JsonObject).result).toMatchObject({
        protocolVersion: '0.3.0',
        description: 'for app',
      })
      expect((await rpc(path, { 'content-type': 'application/json' })).status).toBe(401)
    }
    for (const path of ['/v1/card', '/agent/authenticatedExtendedCard', '/agents/who/v1/card']) {
      expect(((await (await fetch(`${server.url}${path}`, { headers })).json()) as JsonObject).description).toBe(
        'for app',
      )
      const refused = await fetch(`${server.url}${path}`)
      expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer realm="a2a", ApiKey realm="a2a"',
      ])
    }
  })

  it('leaves cards and health open, and nothing else', async () => {
    const open = ['/.well-known/agent-card.json', '/agents/who/.well-known/agent.json', '/livez', '/readyz', '/health']
    for (const path of open) expect((await fetch(`${server.url}${path}`)).status, path).toBe(200)
    const closed = ['/', '/tasks', '/v1/tasks/x', '/nothing', '/agents/nobody', '/agents/who', '/a2a/stream?taskId=x']
    for (const path of closed) expect((await fetch(`${server.url}${path}`)).status, path).toBe(401)
    const rpc = (path: string) =>
      fetch(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
    expect((await rpc('/grpc.health.v1.Health/Check')).status).toBe(200)
    expect((await rpc('/lf.a2a.v1.A2AService/ListTasks')).status).toBe(401)
    expect((await rpc('/lf.a2a.v1.A2AService/Nothing')).status).toBe(401)
    for (const below of ['', '/agents/who']) {
      expect((await rpc(`${below}/grpc.health.v1.Health/Check`)).status).toBe(200)
      for (const path of ['message:send', 'Nothing', 'Check/message:send', 'check']) {
        expect((await rpc(`${below}/grpc.health.v1.Health/${path}`)).status, `${below} ${path}`).toBe(401)
      }
    }
  })

  it.each(['Check', 'List', 'Watch'])('reads no more of a probe than a name: %s', async (name) => {
    const body = JSON.stringify({ service: 'x'.repeat(2_000) })
    const unary = name !== 'Watch'
    const response = await fetch(`${server.url}/grpc.health.v1.Health/${name}`, {
      method: 'POST',
      headers: { 'content-type': unary ? 'application/json' : 'application/connect+json' },
      body: unary ? body : Buffer.concat([Buffer.of(0, 0, 0, body.length >> 8, body.length & 255), Buffer.from(body)]),
    })
    expect(await response.text()).toContain('1024 bytes')
  })
})

describe('an agent that calls this one', () => {
  const caller = agent({ id: 'caller' }, async (message, ctx) => {
    try {
      return (await ctx.call(message.text, 'who am I?')).text
    } catch (error) {
      if (error instanceof CalledTaskError) throw error
      return `refused: ${(error as { reason?: string }).reason}`
    }
  })

  it.each([
    ['shows the credential that its server has for it', bearer(token({ sub: 'service' })), 'service of nowhere ()'],
    ['is refused without', undefined, 'refused: UNAUTHENTICATED'],
  ])('%s', async (_, auth, text) => {
    const near = await startTestServer({
      engine: 'memory',
      agents: [caller],
      connectOptions: (url) => (url.startsWith(server.url) && auth !== undefined ? { auth } : {}),
    })
    try {
      const bot = await connect(near.url)
      expect(await (await bot.send(`${server.url}/agents/who`)).text()).toBe(text)
      bot.close()
    } finally {
      await near.stop()
    }
  })
})
