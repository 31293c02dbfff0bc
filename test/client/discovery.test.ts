/** From a URL to an agent: where cards are looked for, how they are kept, and which interface is taken. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chooseInterface } from '../../src/client/card/agent-interface.js'
import { type ConnectOptions, connect, createCardCache } from '../../src/client/index.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let stop: (() => Promise<void>) | undefined
afterEach(async () => {
  await stop?.()
  stop = undefined
})

interface Seen {
  readonly path: string
  readonly etag: string | undefined
}

/** @param files by path, with the base URL in place of `BASE` */
async function host(
  files: Record<string, JsonObject | string>,
  headers: Record<string, string> = {},
  unknown = { status: 404, text: 'nothing here' },
) {
  const seen: Seen[] = []
  const server = http.createServer((req, res) => {
    const path = req.url ?? ''
    seen.push({ path, etag: req.headers['if-none-match'] })
    const file = files[path]
    if (file === undefined) return void res.writeHead(unknown.status).end(unknown.text)
    if (headers.etag !== undefined && req.headers['if-none-match'] === headers.etag) {
      return void res.writeHead(304, headers).end()
    }
    const text = typeof file === 'string' ? file : JSON.stringify(file)
    res.writeHead(200, { 'content-type': 'application/json', ...headers })
    res.end(text.replaceAll('BASE', `http://${req.headers.host}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

function card(name: string, path = ''): JsonObject {
  return {
    name,
    supportedInterfaces: [{ url: `BASE${path}`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
    capabilities: {},
  }
}

const fresh = (): ConnectOptions => ({ cardCache: createCardCache() })

describe('a card is found', () => {
  it.each([
    ['at the root', '', '/.well-known/agent-card.json'],
    ['below the base of an agent', '/agents/a', '/agents/a/.well-known/agent-card.json'],
    ['below a base with a slash', '/agents/a/', '/agents/a/.well-known/agent-card.json'],
    ['at its own address', '/some/card.json', '/some/card.json'],
    ['at the path of A2A 0.2', '/x', '/x/.well-known/agent.json'],
  ])('%s', async (_, path, file) => {
    const { url } = await host({ [file]: card('found') })
    expect((await connect(`${url}${path}`, fresh())).card.name).toBe('found')
  })

  it('on the host of an endpoint, when it names that endpoint', async () => {
    const { url } = await host({ '/.well-known/agent-card.json': card('whole host', '/a2a/v1') })
    expect((await connect(`${url}/a2a/v1`, fresh())).card.name).toBe('whole host')
    await expect(connect(`${url}/agents/other`, fresh())).rejects.toMatchObject({
      reason: 'METHOD_NOT_FOUND',
      message: expect.stringContaining('/agents/other/.well-known/agent-card.json'),
    })
  })

  it.each([
    ['a page', 200, '<html>an app</html>'],
    ['403', 403, '{"message":"Missing Authentication Token"}'],
    ['401', 401, ''],
    ['400', 400, ''],
    ['500', 500, ''],
  ])(
    'on the host of an endpoint, behind a gateway that answers %s for what it does not know',
    async (_, status, text) => {
      const unknown = { status, text }
      const { url } = await host({ '/.well-known/agent-card.json': card('whole host', '/a2a/v1') }, {}, unknown)
      expect((await connect(`${url}/a2a/v1`, fresh())).card.name).toBe('whole host')
      const elsewhere = await connect(`${url}/other`, fresh()).catch((error: unknown) => error)
      const place = `${url}/other/.well-known/agent-card.json`
      expect(elsewhere).toMatchObject({ name: 'A2AError', message: expect.stringContaining(place) })
    },
  )

  it('at the first place that has one, and not looked for on a server that is in trouble', async () => {
    const { url, seen } = await host({}, {}, { status: 503, text: '' })
    await expect(connect(`${url}/a2a/v1`, fresh())).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    expect(seen).toHaveLength(1)
  })

  it.each([
    ['a page', '<html></html>'],
    ['another JSON', '{"hello":"world"}'],
    ['a list', '[]'],
    ['an interface without a URL', '{"name":"x","supportedInterfaces":[{}]}'],
  ])('%s is none', async (_, text) => {
    const { url } = await host({ '/.well-known/agent-card.json': text })
    await expect(connect(url, fresh())).rejects.toMatchObject({ reason: 'INVALID_AGENT_RESPONSE' })
  })

  it('is bounded', async () => {
    const { url } = await host({ '/.well-known/agent-card.json': JSON.stringify({ name: 'x'.repeat(2_000) }) })
    await expect(connect(url, { ...fresh(), limits: { cardBytes: 1_000 } })).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
    })
  })

  it('nowhere: the error names the URL', async () => {
    await expect(connect('http://127.0.0.1:1', fresh())).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('http://127.0.0.1:1'),
    })
    await expect(connect('not a url')).rejects.toMatchObject({ reason: 'INVALID_PARAMS' })
    await expect(connect('ftp://x')).rejects.toMatchObject({ reason: 'INVALID_PARAMS' })
  })

  it('and checked by the caller before anything of it is used', async () => {
    const raw = { ...card('signed'), signatures: [{ protected: 'p', signature: 's' }], later: { field: 1 } }
    const { url } = await host({ '/.well-known/agent-card.json': raw })
    const verified: unknown[] = []
    await connect(url, { ...fresh(), verifyCard: (read, whole) => void verified.push([read.name, whole.later]) })
    expect(verified).toEqual([['signed', { field: 1 }]])
    const covered = { verifyCard: (_: unknown, { later: __, ...whole }: JsonObject) => ({ ...whole, name: 'covered' }) }
    const { card: used } = await connect(url, { ...fresh(), ...covered })
    expect([used.name, 'later' in used]).toEqual(['covered', false])
    const refuse = () => Promise.reject(new Error('no valid signature'))
    await expect(connect(url, { ...fresh(), verifyCard: refuse })).rejects.toThrow('no valid signature')
  })
})

describe('a card is kept', () => {
  it('for as long as its server says, then asked for by its ETag', async () => {
    const headers = { etag: '"1"', 'cache-control': 'public, max-age=300' }
    const { url, seen } = await host({ '/.well-known/agent-card.json': card('kept') }, headers)
    const cardCache = createCardCache()
    await connect(url, { cardCache })
    await connect(url, { cardCache })
    expect(seen).toHaveLength(1)
    const place = `${url}/.well-known/agent-card.json`
    cardCache.set(place, { ...(cardCache.get(place) as { text: string; etag: string }), freshUntil: 0 })
    expect((await connect(url, { cardCache })).card.name).toBe('kept')
    expect(seen.map(({ etag }) => etag)).toEqual([undefined, '"1"'])
    await connect(url, { cardCache })
    expect(seen).toHaveLength(2)
  })
})

describe('a card is not kept', () => {
  const place = '/.well-known/agent-card.json'

  it.each(['private, max-age=600', 'max-age=600, no-store', 'Private'])('with Cache-Control: %s', async (control) => {
    const { url, seen } = await host({ [place]: card('x') }, { 'cache-control': control, etag: '"1"' })
    const cardCache = createCardCache()
    await connect(url, { cardCache })
    await connect(url, { cardCache })
    expect(seen.map(({ etag }) => etag)).toEqual([undefined, undefined])
    expect(cardCache.get(`${url}${place}`)).toBeUndefined()
  })

  it('nor taken from what others were shown, by a caller with headers of its own', async () => {
    const { url, seen } = await host({ [place]: card('x') }, { 'cache-control': 'max-age=600' })
    const cardCache = createCardCache()
    await connect(url, { cardCache, headers: { authorization: 'Bearer alice' } })
    expect(cardCache.get(`${url}${place}`)).toBeUndefined()
    await connect(url, { cardCache })
    await connect(url, { cardCache, headers: { 'x-user': 'bob' } })
    expect(seen).toHaveLength(3)
  })
})

describe('an interface is chosen', () => {
  const offers = [
    { url: 'host:1', protocolBinding: 'GRPC', protocolVersion: '1.0', tenant: 'a' },
    { url: 'https://old', protocolBinding: 'JSONRPC', protocolVersion: '0.3' },
    { url: 'https://r', protocolBinding: 'HTTP+JSON', protocolVersion: '1.0.1', tenant: 'b' },
    { url: 'https://j', protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
    { url: 'https://x', protocolBinding: 'urn:other', protocolVersion: '1.0' },
    { url: 'https://f', protocolBinding: 'JSONRPC', protocolVersion: '2.0' },
  ]
  const choose = (
    transports?: NonNullable<ConnectOptions['transports']>,
    supportedInterfaces = offers,
    mayCall = (_: string) => true,
  ) => {
    const { transport, url, protocolVersion } = chooseInterface({ supportedInterfaces }, { transports, mayCall })
    return `${transport} ${protocolVersion} ${url}`
  }

  it.each<[string, NonNullable<ConnectOptions['transports']> | undefined, string]>([
    ['by the order of the card, gRPC last', undefined, 'rest 1.0 https://r'],
    ['by preference', ['jsonrpc'], 'jsonrpc 1.0 https://j'],
    ['by the order of preferences', ['grpc', 'jsonrpc'], 'grpc 1.0 host:1'],
    ['with Connect at the URL of an HTTP interface', ['connect', 'jsonrpc'], 'connect 1.0 https://r'],
  ])('%s', (_, transports, expected) => {
    expect(choose(transports)).toBe(expected)
  })

  it('of 1.0 before one of 0.3, and never an unknown version', () => {
    const [, old] = offers
    expect(choose(undefined, offers.slice(1, 2))).toBe('jsonrpc 0.3 https://old')
    expect(choose(undefined, [old, offers[3]] as typeof offers)).toBe('jsonrpc 1.0 https://j')
    expect(() => choose(undefined, offers.slice(4))).toThrow('none is spoken here')
    expect(() => choose(['connect'], offers.slice(0, 2))).toThrow('none is spoken over connect')
    expect(choose(undefined, offers.slice(0, 1))).toBe('grpc 1.0 host:1')
  })

  it.each(['/rpc', '', 'localhost:3000', 'ftp://x/y'])('never one at %j', async (url) => {
    const named = { name: 'x', supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }] }
    for (const transports of [undefined, ['connect'] as const]) {
      await expect(connect(named, transports === undefined ? {} : { transports })).rejects.toMatchObject({
        reason: 'UNSUPPORTED_OPERATION',
        message: expect.stringContaining('an interface needs an absolute http or https URL'),
      })
    }
  })

  it('only where it may be called', () => {
    expect(choose(undefined, offers, (url) => url === 'https://j')).toBe('jsonrpc 1.0 https://j')
    expect(() => choose(undefined, offers, () => false)).toThrow('"origins"')
  })
})

describe('our own server', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ engine: 'memory' })
  })
  afterAll(() => server.stop())

  it('is found by its root, an agent, and a card', async () => {
    expect((await connect(server.url)).card.name).toBe('scripted')
    expect((await connect(`${server.url}/agents/answering/`)).card.name).toBe('answering')
    const bot = await connect((await connect(`${server.url}/agents/answering`)).card)
    expect(await (await bot.send('x')).text()).toBe('Answer: x')
    await expect(connect(`${server.url}/agents/none`)).rejects.toMatchObject({ reason: 'METHOD_NOT_FOUND' })
  })

  it('gets the tenant of its gRPC interface with every request', async () => {
    const bot = await connect(`${server.url}/agents/answering`, { transports: ['grpc'] })
    expect(bot.transport).toBe('grpc')
    expect(await (await bot.send('x')).text()).toBe('Answer: x')
    bot.close()
  })
})
