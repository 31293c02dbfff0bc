/** One attempt at a webhook, against receivers of every kind. All of them are on loopback, which the policy allows. */
import { createHmac } from 'node:crypto'
import type { IncomingMessage, RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { GATE_LIMITS, HostGate } from '../../../src/push/host-gate.js'
import { createWebhookSender, type WebhookSenderOptions } from '../../../src/push/send-webhook.js'
import { webhookPolicy } from '../../../src/push/webhook-policy.js'
import { type Certificate, makeCertificate } from '../../support/certificate.js'
import { type Listening, listenHttp, listenTcp, namedPolicy, plantCanary } from '../../support/webhook-receivers.js'

const LOOPBACK = webhookPolicy(['127.0.0.1', '::1'])
const never = new AbortController().signal

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()))
})

async function http(onRequest: RequestListener): Promise<Listening> {
  const server = await listenHttp(onRequest)
  open.push(server)
  return server
}

async function tcp(onSocket: Parameters<typeof listenTcp>[0]): Promise<Listening> {
  const server = await listenTcp(onSocket)
  open.push(server)
  return server
}

function send(url: string, options: WebhookSenderOptions = {}, policy = LOOPBACK) {
  return createWebhookSender(policy, options).send({ url, headers: { 'x-test': '1' }, body: '{"é":1}' }, never)
}

const to = ({ port }: Listening, path = '/hook?a=b') => `http://127.0.0.1:${port}${path}`

/** Answers as soon as the head of a request is there. */
const saying = (text: string) =>
  tcp((socket) => {
    socket.once('data', () => socket.write(text))
  })

describe('an attempt', () => {
  it('posts the body as it is, and takes any 2xx as delivered', async () => {
    const seen: { method?: string; url?: string; headers: IncomingMessage['headers']; body: string }[] = []
    const server = await http(async (request, response) => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += chunk
      const { method = '', url = '', headers } = request
      seen.push({ method, url, headers, body })
      response.writeHead(seen.length === 1 ? 200 : 204).end()
    })
    expect(await send(to(server))).toMatchObject({ kind: 'delivered', status: 200 })
    expect(await send(to(server))).toMatchObject({ kind: 'delivered', status: 204 })
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/hook?a=b', body: '{"é":1}' })
    expect(seen[0]?.headers).toEqual({
      'x-test': '1',
      'content-length': '8',
      host: `127.0.0.1:${server.port}`,
      connection: 'close',
    })
  })

  it.each([
    [404, {}, { kind: 'retry', cause: 'status', status: 404 }],
    [410, {}, { kind: 'gone', cause: 'gone', status: 410 }],
    [429, { 'retry-after': '7' }, { kind: 'retry', cause: 'status', status: 429, retryAfterMs: 7_000 }],
    [503, { 'retry-after': '99999999' }, { kind: 'retry', cause: 'status', status: 503, retryAfterMs: 86_400_000 }],
    [503, { 'retry-after': 'soon' }, { kind: 'retry', cause: 'status', status: 503 }],
    [500, { 'retry-after': '7' }, { kind: 'retry', cause: 'status', status: 500 }],
    [304, {}, { kind: 'retry', cause: 'redirect', status: 304 }],
  ] as const)('takes %i %o as %o', async (status, headers, answer) => {
    const server = await http((_, response) => response.writeHead(status, headers).end())
    expect(await send(to(server))).toEqual({ ...answer, tookMs: expect.any(Number) })
  })

  it('obeys Retry-After with a date', async () => {
    const at = new Date(Date.now() + 60_000).toUTCString()
    const server = await http((_, response) => response.writeHead(429, { 'retry-after': at }).end())
    const { retryAfterMs } = (await send(to(server))) as { retryAfterMs: number }
    expect(retryAfterMs).toBeGreaterThan(50_000)
    expect(retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  it.each([301, 302, 303, 307, 308])('follows no redirect %i: to a canary, to itself, or elsewhere', async (status) => {
    const canary = await plantCanary()
    open.push(canary)
    let asked = 0
    const server = await http((request, response) => {
      asked += 1
      const location = request.url === '/self' ? '/self' : `http://127.0.0.1:${canary.port}/`
      response.writeHead(status, { location }).end()
    })
    expect(await send(to(server, '/away'))).toMatchObject({ kind: 'retry', cause: 'redirect', status })
    expect(await send(to(server, '/self'))).toMatchObject({ kind: 'retry', cause: 'redirect', status })
    expect(asked).toBe(2)
    expect(canary.hits).toBe(0)
  })

  it('names why there was no answer', async () => {
    const closed = await listenTcp(() => {})
    await closed.close()
    expect(await send(to(closed))).toMatchObject({ kind: 'retry', cause: 'connection-refused' })
    expect(await send(to(await tcp((socket) => socket.resetAndDestroy())))).toMatchObject({ cause: 'connection-lost' })
    expect(await send(to(await tcp((socket) => socket.end())))).toMatchObject({ cause: 'connection-lost' })
    expect(await send(to(await saying('220 mail.example ESMTP\r\n')))).toMatchObject({ cause: 'bad-answer' })
    expect(await send(to(await saying(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`)))).toMatchObject({
      cause: 'bad-answer',
    })
    const upgrade = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'
    expect(await send(to(await saying(upgrade)))).toMatchObject({ kind: 'retry', cause: 'connection-lost' })
    expect(await send('http://nowhere.example/', {}, namedPolicy({}, ['127.0.0.1']))).toMatchObject({
      kind: 'retry',
      cause: 'name-not-found',
    })
    expect(await send('http://empty.example/', {}, namedPolicy({ 'empty.example': [] }, ['127.0.0.1']))).toMatchObject({
      kind: 'retry',
      cause: 'name-not-found',
    })
  })

  it('has answered when its head is there, whatever becomes of the rest', async () => {
    const reset = await tcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc', () =>
          setTimeout(() => socket.resetAndDestroy(), 20),
        )
      })
    })
    expect(await send(to(reset))).toMatchObject({ kind: 'delivered', status: 200 })
  })

  it('ends at its deadline: no answer at all, a head by the byte, a silence within, 1xx without end, a name without one', async () => {
    const deadline = { deadlineMs: 300 }
    const head = 'HTTP/1.1 200 OK\r\n'
    const receivers = [
      await tcp(() => {}),
      await tcp((socket) => {
        let sent = 0
        const drip = setInterval(() => socket.write(head[sent++ % head.length] ?? ''), 50)
        socket.once('close', () => clearInterval(drip))
      }),
      await saying(head),
      await tcp((socket) => {
        const drip = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 20)
        socket.once('close', () => clearInterval(drip))
      }),
    ]
    const answers = await Promise.all([
      ...receivers.map((server) => send(to(server), deadline)),
      send(
        'http://slow.example/',
        deadline,
        webhookPolicy(['127.0.0.1'], () => new Promise(() => {})),
      ),
    ])
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'retry', cause: 'timeout' })
      expect(answer.tookMs).toBeGreaterThanOrEqual(290)
      expect(answer.tookMs).toBeLessThan(3_000)
    }
  })

  it('reads 16 KiB of an answer and cuts the connection: endless, dripping, compressed', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000))
    let written = 0
    const flood = await http((_, response) => {
      response.writeHead(200)
      const chunk = Buffer.alloc(65_536)
      const more = () => {
        while (written < 1_000_000_000 && response.write(chunk)) written += chunk.length
      }
      response.on('drain', more)
      more()
    })
    const gzip = await http((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
    const drip = await http((_, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('.'), 50)
      response.once('close', () => clearInterval(timer))
    })
    for (const server of [flood, gzip, drip]) {
      const began = performance.now()
      expect(await send(to(server))).toMatchObject({ kind: 'delivered' })
      expect(performance.now() - began).toBeLessThan(5_000)
    }
    expect(written).toBeLessThan(50_000_000)
  })

  it('ends with its signal, before, while it waits, and never after the answer', async () => {
    const sender = createWebhookSender(LOOPBACK)
    const request = { url: to(await tcp(() => {})), headers: {}, body: '' }
    const reason = new Error('not wanted any more')
    await expect(sender.send(request, AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const sent = sender.send(request, controller.signal)
    setTimeout(() => controller.abort(reason), 20)
    await expect(sent).rejects.toBe(reason)

    const late = new AbortController()
    const endless = await http((_, response) => {
      response.writeHead(200).write('.')
      setTimeout(() => late.abort(reason), 20)
    })
    expect(await sender.send({ ...request, url: to(endless) }, late.signal)).toMatchObject({ kind: 'delivered' })
  })

  it('throws for headers that cannot be sent, before it connects', async () => {
    const canary = await plantCanary()
    open.push(canary)
    const sender = createWebhookSender(LOOPBACK)
    const request = { url: to(canary), headers: { authorization: 'Bearer a\nb' }, body: '' }
    await expect(sender.send(request, never)).rejects.toThrow(TypeError)
    expect(canary.hits).toBe(0)
  })
})

describe('the environment', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('names no proxy for webhooks, and cannot switch verification off', async () => {
    const canary = await plantCanary()
    open.push(canary)
    const { key, cert } = await makeCertificate()
    const secure = await listenHttp((_, response) => response.end(), { key, cert })
    open.push(secure)
    const plain = await http((_, response) => response.end())
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy']) {
      vi.stubEnv(name, `http://127.0.0.1:${canary.port}`)
    }
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    expect(await send(to(plain))).toMatchObject({ kind: 'delivered' })
    expect(await send(`https://127.0.0.1:${secure.port}/`)).toMatchObject({ kind: 'retry', cause: 'tls' })
    expect(canary.hits).toBe(0)
  })
})

describe('TLS', () => {
  let certificate: Certificate
  beforeAll(async () => {
    certificate = await makeCertificate('DNS:hooks.example,IP:127.0.0.1')
  })

  const policy = namedPolicy(
    { 'hooks.example': ['127.0.0.1'], 'hooks.example.': ['127.0.0.1'], 'other.example': ['127.0.0.1'] },
    ['127.0.0.1'],
  )

  it('is spoken to names and addresses that the certificate has, and to no others', async () => {
    const names: (string | false)[] = []
    const server = await listenHttp((request, response) => {
      names.push((request.socket as unknown as { servername: string | false }).servername)
      response.end()
    }, certificate)
    open.push(server)
    const ca = certificate.cert
    const at = (host: string) => send(`https://${host}:${server.port}/`, { ca }, policy)
    expect(await at('hooks.example')).toMatchObject({ kind: 'delivered' })
    expect(await at('hooks.example.')).toMatchObject({ kind: 'delivered' })
    expect(await at('127.0.0.1')).toMatchObject({ kind: 'delivered' })
    expect(await at('other.example')).toMatchObject({ kind: 'retry', cause: 'tls' })
    expect(names).toEqual(['hooks.example', 'hooks.example', false])
    // Signed by nobody that is known.
    expect(await send(`https://hooks.example:${server.port}/`, {}, policy)).toMatchObject({ cause: 'tls' })
  })

  it('never falls back to plain text', async () => {
    const heard: Buffer[] = []
    const plain = await tcp((socket) => {
      socket.on('data', (data) => {
        heard.push(data)
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
      })
    })
    expect(await send(`https://hooks.example:${plain.port}/`, {}, policy)).toMatchObject({
      kind: 'retry',
      cause: 'tls',
    })
    expect(Buffer.concat(heard).includes('POST')).toBe(false)
  })
})

describe('many attempts at one host', () => {
  it('are held beyond what a host may get at once, and pass when others have ended', async () => {
    const waiting: (() => void)[] = []
    const server = await http((_, response) => void waiting.push(() => response.end()))
    const sender = createWebhookSender(LOOPBACK, {
      gate: new HostGate({ ...GATE_LIMITS, perHost: { inFlight: 3, perSecond: 100 } }),
    })
    const one = () => sender.send({ url: to(server), headers: {}, body: '' }, never)
    const first = [one(), one(), one()]
    await vi.waitFor(() => expect(waiting).toHaveLength(3))
    expect(await one()).toMatchObject({ kind: 'held', cause: 'busy', retryAfterMs: expect.any(Number) })
    for (const answer of waiting.splice(0)) answer()
    expect((await Promise.all(first)).map(({ kind }) => kind)).toEqual(['delivered', 'delivered', 'delivered'])
    const next = one()
    await vi.waitFor(() => expect(waiting).toHaveLength(1))
    waiting[0]?.()
    expect(await next).toMatchObject({ kind: 'delivered' })
  })

  it('stop for a while when it cannot be reached, and never because of what it answers', async () => {
    const closed = await listenTcp(() => {})
    await closed.close()
    const sender = createWebhookSender(LOOPBACK)
    const one = (port: number) => sender.send({ url: `http://127.0.0.1:${port}/`, headers: {}, body: '' }, never)
    for (let n = 0; n < GATE_LIMITS.failures; n++) {
      expect(await one(closed.port)).toMatchObject({ cause: 'connection-refused' })
    }
    expect(await one(closed.port)).toMatchObject({
      kind: 'retry',
      cause: 'host-paused',
      retryAfterMs: expect.any(Number),
    })

    const failing = await http((_, response) => response.writeHead(500).end())
    for (let n = 0; n < 2 * GATE_LIMITS.failures; n++) {
      expect(await one(failing.port)).toMatchObject({ cause: 'status', status: 500 })
    }
  })
})

describe('signatures on the wire', () => {
  it('are over the bytes that were sent', async () => {
    const body = JSON.stringify({ text: 'ü€😀\u2028' })
    let signature = ''
    const server = await http(async (request, response) => {
      const hash = createHmac('sha256', 'k')
      for await (const chunk of request) hash.update(chunk)
      signature = hash.digest('hex')
      response.end()
    })
    await createWebhookSender(LOOPBACK).send({ url: to(server), headers: {}, body }, never)
    expect(signature).toBe(createHmac('sha256', 'k').update(body).digest('hex'))
  })
})
