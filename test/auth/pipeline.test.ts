/** What is looked at first: nothing of a request is done before everything that comes before it has let it through. */
import net from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { InProcessBus } from '../../src/bus/in-process-bus.js'
import { MemoryEngine } from '../../src/engine/memory/memory-engine.js'
import { type Authenticate, agent } from '../../src/index.js'
import { silentLogger } from '../../src/internal/logger.js'
import { createServer, type Server } from '../../src/server/index.js'

const scheme = { bearer: { httpAuthSecurityScheme: { scheme: 'Bearer' } } }
let handled = 0
const secured = agent(
  {
    id: 'secured',
    run: 'direct',
    securitySchemes: scheme,
    securityRequirements: [{ schemes: { bearer: { list: ['use'] } } }],
    skills: { write: { securityRequirements: [{ schemes: { bearer: { list: ['write'] } } }] } },
  },
  () => {
    handled += 1
    return 'done'
  },
)

const count = { authenticated: 0, looked: 0 }
const authenticate: Authenticate = async (request) => {
  count.authenticated += 1
  const [, name = '', ...scopes] = request.header('authorization')?.split(' ') ?? []
  if (name === 'broken') throw new Error('the directory is down')
  if (name === 'slow') await new Promise((resolve) => setTimeout(resolve, 60_000).unref())
  return name === '' ? undefined : { principal: name, scopes }
}

let server: Server

beforeAll(async () => {
  const agents = new Map([[secured.id, secured]])
  const engine = new MemoryEngine({
    agents,
    bus: new InProcessBus(),
    logger: silentLogger,
    graceMs: 100,
    suspendAfterMs: 30_000,
  })
  for (const name of ['start', 'send', 'cancel', 'read', 'list', 'look'] as const) {
    const original = engine[name].bind(engine) as (...args: unknown[]) => never
    engine[name] = ((...args: unknown[]) => {
      count.looked += 1
      return original(...args)
    }) as never
  }
  server = await createServer({
    agents: [secured],
    engine,
    logger: silentLogger,
    port: 0,
    secret: new Uint8Array(32).fill(1),
    authenticate,
    corsOrigins: ['https://app.example'],
    limits: { maxBodyBytes: 1_000, maxMessageBytes: 1_000, authenticateMs: 200 },
  })
})

afterAll(() => server.stop())
afterEach(() => vi.restoreAllMocks())

const SEND = {
  jsonrpc: '2.0',
  id: 1,
  method: 'SendMessage',
  params: { message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'x' }] } },
}
const TOO_LARGE = JSON.stringify([SEND, { ...SEND, pad: 'x'.repeat(2_000) }])
const GET_TASK = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'GetTask', params: { id: 'x' } })

interface Step {
  readonly headers: Record<string, string>
  readonly body: string
  readonly status: number
  readonly authenticated: number
  readonly parsed: number
  readonly looked: number
  readonly handled: number
}

const CORS = { origin: 'https://app.example' }
const EVIL = { origin: 'https://evil.example' }
const alice = { authorization: 'Bearer alice use' }

/** Each mends one thing that was wrong with the one before. */
const STEPS: readonly (readonly [string, Step])[] = [
  [
    'an oversized batch of nobody from a bad origin',
    { headers: EVIL, body: TOO_LARGE, status: 403, authenticated: 0, parsed: 0, looked: 0, handled: 0 },
  ],
  [
    'of nobody from a good one',
    { headers: CORS, body: TOO_LARGE, status: 401, authenticated: 1, parsed: 0, looked: 0, handled: 0 },
  ],
  [
    'of somebody',
    {
      headers: { ...CORS, ...alice },
      body: TOO_LARGE,
      status: 413,
      authenticated: 1,
      parsed: 0,
      looked: 0,
      handled: 0,
    },
  ],
  [
    'a batch that is small',
    {
      headers: { ...CORS, ...alice },
      body: JSON.stringify([SEND]),
      status: 200,
      authenticated: 1,
      parsed: 1,
      looked: 0,
      handled: 0,
    },
  ],
  [
    'a request without the scope',
    {
      headers: { authorization: 'Bearer alice' },
      body: GET_TASK,
      status: 403,
      authenticated: 1,
      parsed: 1,
      looked: 0,
      handled: 0,
    },
  ],
  [
    'a request with it',
    { headers: alice, body: GET_TASK, status: 200, authenticated: 1, parsed: 1, looked: 1, handled: 0 },
  ],
  [
    'a message',
    { headers: alice, body: JSON.stringify(SEND), status: 200, authenticated: 1, parsed: 1, looked: 0, handled: 1 },
  ],
]

describe('the order', () => {
  it.each(STEPS)('%s', async (_, { headers, body, status, ...expected }) => {
    Object.assign(count, { authenticated: 0, looked: 0 })
    handled = 0
    const parse = vi.spyOn(JSON, 'parse')
    // Whatever else in this process parses JSON is none of our requests.
    const requestsParsed = () => parse.mock.calls.filter(([text]) => String(text).includes('jsonrpc')).length
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    })
    expect({
      status: response.status,
      ...count,
      parsed: requestsParsed(),
      handled,
    }).toEqual({
      status,
      ...expected,
    })
    await response.text()
  })

  it('does not wait for the body of somebody who may not send one', async () => {
    const socket = net.connect(server.port, '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{`)
    const first = await new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())))
    socket.destroy()
    expect(first).toMatch(/^HTTP\/1\.1 401 .*www-authenticate: Bearer realm="a2a"/is)
  })

  it('is left to another host and to preflights before anybody is asked who they are', async () => {
    count.authenticated = 0
    const preflight = await fetch(server.url, {
      method: 'OPTIONS',
      headers: { ...CORS, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    expect(count.authenticated).toBe(0)
  })
})

describe('who cannot be known now', () => {
  it.each(['broken', 'slow'])('is told so, and to come back: %s', async (name) => {
    const response = await fetch(`${server.url}/tasks/x`, { headers: { authorization: `Bearer ${name}` } })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await response.text()).not.toContain('directory')
  })
})

describe('scopes', () => {
  it.each([
    ['write use', 'write', 200],
    ['use', 'write', 403],
    ['write', 'write', 403],
    ['use', undefined, 200],
  ])('%s for the skill %s: %i', async (scopes, skill, status) => {
    const message = { ...SEND.params.message, metadata: skill === undefined ? {} : { skill } }
    const response = await fetch(`${server.url}/message:send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer alice ${scopes}` },
      body: JSON.stringify({ message }),
    })
    expect(response.status, await response.clone().text()).toBe(status)
  })

  it.each(['local', '', 'x'.repeat(300)])('are of no use to a caller who cannot be called %j', async (name) => {
    const response = await fetch(`${server.url}/tasks/x`, { headers: { authorization: `Bearer ${name} use` } })
    expect(response.status).toBe(401)
  })
})
