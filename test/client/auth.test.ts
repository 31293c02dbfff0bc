/** Credentials: who gets them, who never does, and what happens when they are refused. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { apiKey, bearer, clientCredentials, connect } from '../../src/client/index.js'
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

const TASK = { id: 't', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' } }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function agent(...answers: Parameters<typeof startScriptedServer>[0]): Promise<ScriptedServer> {
  const server = await startScriptedServer(answers)
  stops.push(server.stop)
  return server
}

async function listen(handle: (req: IncomingMessage, body: string, res: ServerResponse) => void): Promise<string> {
  const server = http.createServer((req, res) => {
    let body = ''
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    req.on('end', () => handle(req, body, res))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a credential', () => {
  it('is a bearer token, asked for before every call', async () => {
    const server = await agent((call) => call.result(TASK))
    let count = 0
    const bot = await connect(server.card, {
      auth: bearer(() => {
        count += 1
        return `token-${count}`
      }),
    })
    await bot.getTask({ id: 't' })
    await bot.getTask({ id: 't' })
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2'])
  })

  it('is an API key in a header or the query', async () => {
    const server = await agent((call) => call.result(TASK))
    await (await connect(server.card, { auth: apiKey('k', { name: 'X-Key' }) })).getTask({ id: 't' })
    expect(server.calls[0]?.headers['x-key']).toBe('k')
    await (await connect(server.card, { auth: apiKey('k y', { name: 'key', in: 'query' }) })).getTask({ id: 't' })
    expect(server.calls[1]?.res.req.url).toBe('/?key=k+y')
  })

  it('that is refused is renewed once, then the refusal is the answer', async () => {
    const refuse: Parameters<typeof startScriptedServer>[0][number] = (call) =>
      call.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' })
    const server = await agent(refuse, (call) => call.result(TASK), refuse)
    const challenges: (string | null)[] = []
    let token = 'old'
    const bot = await connect(server.card, {
      auth: {
        credentials: () => ({ headers: { authorization: token } }),
        refresh({ challenge }) {
          challenges.push(challenge)
          token = 'new'
          return true
        },
      },
    })
    await bot.getTask({ id: 't' })
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual(['old', 'new'])
    expect(challenges).toEqual(['Bearer error="invalid_token"'])
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' })
    expect(server.calls).toHaveLength(4)
  })

  it('that no header can carry is an error that does not show it', async () => {
    const server = await agent((call) => call.result(TASK))
    const bot = await connect(server.card, { auth: bearer('secret\n\u20ac') })
    const error = (await bot.getTask({ id: 't' }).catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ name: 'A2AError', reason: 'UNAUTHENTICATED' })
    expect(`${error.message} ${String(error.cause)}`).not.toContain('secret')
  })

  it.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
  ])('status %i is %s and not tried again', async (status, reason) => {
    const server = await agent((call) => call.status(status, {}, '<html>no</html>'))
    const bot = await connect(server.card)
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({ name: 'A2AError', reason })
    await expect(bot.send('x')).rejects.toMatchObject({ reason })
    expect(server.calls).toHaveLength(2)
  })
})

describe('a card cannot lead credentials away', () => {
  it('to another origin', async () => {
    const other = await agent((call) => call.result(TASK))
    const seen: (string | undefined)[] = []
    const url = await listen((req, _, res) => {
      seen.push(req.headers.authorization)
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify(other.card))
    })
    await expect(connect(url, { auth: bearer('secret') })).rejects.toMatchObject({
      reason: 'UNSUPPORTED_OPERATION',
      message: expect.stringContaining('name their origins in the option "origins"'),
    })
    expect(other.calls).toHaveLength(0)
    const bot = await connect(url, { auth: bearer('secret'), origins: [other.url] })
    await bot.getTask({ id: 't' })
    expect(other.calls[0]?.headers.authorization).toBe('Bearer secret')
    // The card was public: no credential was needed, so none was shown.
    expect(seen).toEqual([undefined, undefined])
  })

  it('nor headers of the caller, which may be credentials', async () => {
    const other = await agent((call) => call.result(TASK))
    const url = await listen((_, __, res) => res.end(JSON.stringify(other.card)))
    const headers = { 'x-session': 'secret' }
    await expect(connect(url, { headers })).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
    expect(other.calls).toHaveLength(0)
    await (await connect(url, { headers, origins: [other.url] })).getTask({ id: 't' })
    expect(other.calls[0]?.headers['x-session']).toBe('secret')
    // Without any, another port of the same host may be called.
    await (await connect(url)).getTask({ id: 't' })
  })

  it('nor requests to another host, with or without credentials', async () => {
    const card = (port: number) => ({
      name: 'x',
      supportedInterfaces: [
        { url: `http://localhost:${port}/`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
        { url: 'http://169.254.169.254/latest', protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
        { url: 'file:///etc/passwd', protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      ],
    })
    const url = await listen((req, _, res) => res.end(JSON.stringify(card(Number(req.headers.host?.split(':')[1])))))
    await expect(connect(url)).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
  })

  it('by a redirect', async () => {
    const server = await agent((call) => call.status(307, { location: `${elsewhere}/` }))
    let reached = 0
    const elsewhere = await listen((_, __, res) => {
      reached += 1
      res.end()
    })
    const bot = await connect(server.card, { auth: apiKey('secret') })
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({ reason: 'INVALID_AGENT_RESPONSE' })
    expect([server.calls.length, reached]).toEqual([1, 0])
  })

  it('shows them to a card that asks for them, at the origin that was named', async () => {
    const seen: (string | undefined)[] = []
    const url = await listen((req, _, res) => {
      seen.push(req.headers.authorization)
      if (req.headers.authorization === undefined) return res.writeHead(401).end()
      const base = `http://${req.headers.host}`
      res.end(
        JSON.stringify({
          name: 'private',
          supportedInterfaces: [{ url: base, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
        }),
      )
    })
    expect((await connect(url, { auth: bearer('t') })).card.name).toBe('private')
    await connect(url, { auth: bearer('t') })
    // Not kept for somebody else.
    expect(seen).toEqual([undefined, 'Bearer t', undefined, 'Bearer t'])
    await expect(connect(url)).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' })
  })
})

/** On Connect the refusal of a stream is its last message. */
function refuse(transport: 'jsonrpc' | 'connect', res: ServerResponse): void {
  if (transport === 'jsonrpc') return void res.writeHead(401).end()
  const end = Buffer.from(JSON.stringify({ error: { code: 'unauthenticated' } }))
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(2, 0)
  prefix.writeUInt32BE(end.length, 1)
  res.writeHead(200, { 'content-type': 'application/connect+proto' }).end(Buffer.concat([prefix, end]))
}

describe('OAuth2 client credentials', () => {
  async function tokenServer(answers: (count: number) => { status?: number; body: unknown }) {
    const requests: { authorization: string | undefined; body: string }[] = []
    const url = await listen((req, body, res) => {
      requests.push({ authorization: req.headers.authorization, body })
      const answer = answers(requests.length)
      res.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
      res.end(JSON.stringify(answer.body))
    })
    return { tokenUrl: `${url}/token`, requests }
  }

  it('uses one token for many calls at once, and a new one when it is about to expire', async () => {
    const { tokenUrl, requests } = await tokenServer((count) => ({
      body: { access_token: `t${count}`, token_type: 'Bearer', expires_in: count === 1 ? 0.05 : 3600 },
    }))
    const server = await agent((call) => call.result(TASK))
    const auth = clientCredentials({ tokenUrl, clientId: 'a b', clientSecret: 's:%', scopes: ['x', 'y'] })
    const bot = await connect(server.card, { auth })
    await Promise.all([1, 2, 3].map(() => bot.getTask({ id: 't' })))
    expect(requests).toEqual([
      { authorization: `Basic ${btoa('a+b:s%3A%25')}`, body: 'grant_type=client_credentials&scope=x+y' },
    ])
    await new Promise((resolve) => setTimeout(resolve, 60))
    await bot.getTask({ id: 't' })
    await bot.getTask({ id: 't' })
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual([
      ...Array(3).fill('Bearer t1'),
      ...Array(2).fill('Bearer t2'),
    ])
  })

  it('asks for a new token when the agent refuses the old one', async () => {
    const { tokenUrl } = await tokenServer((count) => ({ body: { access_token: `t${count}`, expires_in: 3600 } }))
    const server = await agent(
      (call) => call.status(401),
      (call) => call.result(TASK),
    )
    const auth = clientCredentials({ tokenUrl, clientId: 'a', clientSecret: 'b', secretIn: 'body' })
    await (await connect(server.card, { auth })).getTask({ id: 't' })
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2'])
  })

  it.each(['jsonrpc', 'connect'] as const)('fetches one new token for many calls over %s', async (transport) => {
    const { tokenUrl, requests } = await tokenServer((count) => ({
      body: { access_token: `t${count}`, expires_in: 3600 },
    }))
    // Calls with the first token are refused one after another, each when the one before has got its new token.
    const refusals: (() => void)[] = []
    const served: (() => void)[] = []
    const url = await listen((req, _, res) => {
      if (req.headers.authorization === 'Bearer t1') {
        refusals.push(() => refuse(transport, res))
        if (refusals.length === 3) refusals.shift()?.()
        return
      }
      served.push(() => refuse(transport, res))
      const next = refusals.shift()
      if (next !== undefined) return next()
      for (const end of served) end()
    })
    const card = {
      name: 'x',
      capabilities: { streaming: true },
      supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    }
    const auth = clientCredentials({ tokenUrl, clientId: 'a', clientSecret: 'b' })
    const bot = await connect(card, { auth, transports: [transport] })
    const calls = [1, 2, 3].map(() => bot.stream('x'))
    for (const call of calls) await expect(call).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' })
    // The first, and the one that all three were given in its place.
    expect(requests).toHaveLength(2)
  })

  it('says why there is no token, without the secret', async () => {
    const { tokenUrl } = await tokenServer(() => ({ status: 400, body: { error: 'invalid_client' } }))
    const server = await agent((call) => call.result(TASK))
    const auth = clientCredentials({ tokenUrl, clientId: 'a', clientSecret: 'hush' })
    const error = await (await connect(server.card, { auth })).getTask({ id: 't' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      reason: 'UNAUTHENTICATED',
      message: 'The token server gave no token: invalid_client',
    })
    expect(server.calls).toHaveLength(0)
    expect(() => clientCredentials({ tokenUrl: 'http://example.com/t', clientId: 'a', clientSecret: 'b' })).toThrow(
      'must be an https URL',
    )
  })
})
