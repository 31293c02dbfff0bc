/** The server around the bindings: one port, TLS, origins, card, health, reflection, limits, the end. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'
import { promisify } from 'node:util'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../gen/grpc/health/v1/health_pb.js'
import { A2AService } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { openGate } from '../support/agents.js'
import { makeCertificate } from '../support/certificate.js'
import { all, eventually, outline, send, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { sseData, wireNamed } from '../support/wires.js'

const run = promisify(execFile)
const CARD = '/.well-known/agent-card.json'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({
    engine: 'memory',
    corsOrigins: ['https://app.example'],
    limits: {
      maxBodyBytes: 10_000,
      maxMessageBytes: 10_000,
      bodyTimeoutMs: 500,
      headersTimeoutMs: 500,
      heartbeatMs: 100,
    },
  })
})

afterAll(() => server.stop())

/** Writes the pieces one by one, and gives back what came until the connection closed, or `ms` were over. */
function raw(
  pieces: readonly (string | Buffer)[],
  { gapMs = 10, ms = 1_500 } = {},
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket = net.connect(server.port, '127.0.0.1')
    let text = ''
    const timer = setTimeout(() => finish(false), ms)
    const finish = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ text, closed })
    }
    socket.on('data', (data) => {
      text += data.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => finish(true))
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece)
        await new Promise((wait) => setTimeout(wait, gapMs))
      }
    })()
  })
}

const RPC = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ListTasks', params: {} })

function httpRequest(headers = 'connection: close\r\n'): string {
  return `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n${headers}content-length: ${RPC.length}\r\n\r\n${RPC}`
}

describe('one port', () => {
  it('takes HTTP/1.1 byte by byte, and two requests in one packet', async () => {
    const slow = await raw([...httpRequest()], { gapMs: 0 })
    expect(slow.text).toContain('"totalSize"')
    const two = await raw([httpRequest('') + httpRequest()])
    expect(two.text.match(/"totalSize"/g)).toHaveLength(2)
  })

  it('takes the HTTP/2 preface in pieces', async () => {
    const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
    const { text } = await raw(['PRI', ' * HT', 'TP/2.0\r\n\r\nSM\r\n\r\n', settings], { ms: 300 })
    expect(text.charCodeAt(3)).toBe(4)
  })

  it('drops a connection that says nothing, or half a request', async () => {
    expect(await raw([], { ms: 3_000 })).toEqual({ text: '', closed: true })
    expect((await raw(['POST / HTTP/1.1\r\nhost: x\r\n'], { ms: 8_000 })).closed).toBe(true)
  }, 15_000)

  it('answers a body that does not come with 408', async () => {
    const { text, closed } = await raw(
      ['POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"'],
      { ms: 3_000 },
    )
    expect(text).toMatch(/^HTTP\/1\.1 408 /)
    expect(closed).toBe(true)
  })

  it('ignores an upgrade to h2c and answers in HTTP/1.1', async () => {
    const { text } = await raw(
      [httpRequest('connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n')],
      { ms: 500 },
    )
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('limits', () => {
  it('refuses a body that is too large, by its length and by its bytes', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: send('x'.repeat(20_000)) })
    const headers = { 'content-type': 'application/json' }
    const byLength = await fetch(server.url, { method: 'POST', headers, body })
    expect(byLength.status).toBe(413)
    expect(await byLength.json()).toMatchObject({
      error: { code: -32600, data: [{ metadata: { maxBodyBytes: '10000' } }] },
    })
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body))
        controller.close()
      },
    })
    const chunked = await fetch(`${server.url}/message:send`, {
      method: 'POST',
      headers,
      body: stream,
      duplex: 'half',
    } as RequestInit)
    expect(chunked.status).toBe(413)
    const error = await wireNamed('grpc', server.url)
      .call('sendMessage', send('x'.repeat(20_000)))
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ResourceExhausted' })
  })

  it('refuses headers that are too large', async () => {
    const { text } = await raw([httpRequest(`x-large: ${'x'.repeat(40_000)}\r\nconnection: close\r\n`)])
    expect(text).toMatch(/^HTTP\/1\.1 431 /)
  })

  it('offers 1,000 streams on one HTTP/2 connection', async () => {
    const session = http2.connect(server.url)
    const settings = await new Promise<http2.Settings>((resolve) => session.once('remoteSettings', resolve))
    session.destroy()
    expect(settings.maxConcurrentStreams).toBe(1_000)
  })
})

describe('the agent card', () => {
  it('is served at the root and per agent, with what lets it be cached (§8.6)', async () => {
    const response = await fetch(`${server.url}${CARD}`)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toMatch(/max-age=\d+/)
    const etag = response.headers.get('etag') ?? ''
    const modified = response.headers.get('last-modified') ?? ''
    expect(Date.parse(modified)).toBeLessThanOrEqual(Date.now())
    const same = await fetch(`${server.url}${CARD}`, { headers: { 'if-none-match': `"x", W/${etag}` } })
    expect(same.status).toBe(304)
    expect((await fetch(`${server.url}${CARD}`, { headers: { 'if-modified-since': modified } })).status).toBe(304)
    expect((await fetch(`${server.url}${CARD}`, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    const other = await fetch(`${server.url}/agents/silent${CARD}`)
    expect(other.headers.get('etag')).not.toBe(etag)
    expect(await other.json()).toMatchObject({ name: 'silent', capabilities: { streaming: false } })
  })

  it('says the truth about the agent and its interfaces (§4.4.1)', async () => {
    const card = (await (await fetch(`${server.url}/agents/scripted${CARD}`)).json()) as object
    const base = `http://127.0.0.1:${server.port}`
    expect(card).toEqual({
      name: 'scripted',
      description: 'scripted',
      version: '0.0.0',
      supportedInterfaces: [
        { url: `${base}/agents/scripted`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
        { url: `127.0.0.1:${server.port}`, protocolBinding: 'GRPC', tenant: 'scripted', protocolVersion: '1.0' },
        { url: `${base}/agents/scripted`, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
        { url: `${base}/agents/scripted`, protocolBinding: 'JSONRPC', protocolVersion: '0.3' },
        { url: `127.0.0.1:${server.port}`, protocolBinding: 'GRPC', protocolVersion: '0.3' },
        { url: `${base}/agents/scripted`, protocolBinding: 'HTTP+JSON', protocolVersion: '0.3' },
        { url: `${base}/agents/scripted/a2a`, protocolBinding: 'JSONRPC', protocolVersion: '0.2' },
      ],
      capabilities: {
        streaming: true,
        pushNotifications: false,
        extendedAgentCard: false,
        extensions: [
          { uri: 'urn:test:optional', description: 'optional' },
          { uri: 'urn:temporal-a2a:cursor:v1', description: expect.stringContaining('Last-Event-ID') },
        ],
      },
      defaultInputModes: ['text/plain', 'application/json', 'image/*'],
      defaultOutputModes: ['text/plain'],
      skills: [{ id: 'scripted', name: 'scripted', description: 'scripted', tags: ['scripted'] }],
    })
  })

  it('is not made of what a request says its host is', async () => {
    const { text } = await raw([
      `GET ${CARD} HTTP/1.1\r\nhost: localhost:9\r\nx-forwarded-host: evil.test\r\nconnection: close\r\n\r\n`,
    ])
    expect(text).toContain(`http://127.0.0.1:${server.port}/agents/`)
    expect(text).not.toContain('evil')
  })
})

describe('who may call', () => {
  it('refuses a host name that is not its own: a page cannot come in by a name that points here', async () => {
    for (const host of ['evil.test', 'evil.test:80', '127.0.0.1.evil.test', '']) {
      const { text } = await raw([httpRequest().replace('127.0.0.1', host)])
      expect(text).toMatch(/^HTTP\/1\.1 4(?:21|00) /)
    }
    const { text } = await raw([httpRequest().replace('127.0.0.1', `localhost:${server.port}`)])
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each(['https://evil.test', 'null', 'https://app.example.evil.test', 'http://app.example'])(
    'refuses pages of %s',
    async (origin) => {
      const response = await fetch(`${server.url}/tasks`, { headers: { origin } })
      expect(response.status).toBe(403)
      expect(response.headers.get('access-control-allow-origin')).toBeNull()
    },
  )

  it('lets pages of an allowed origin call, and tells their browser so', async () => {
    const headers = { origin: 'https://app.example' }
    const preflight = await fetch(`${server.url}/lf.a2a.v1.A2AService/SendMessage`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'a2a-version' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toMatch(
      /connect-protocol-version.*authorization.*a2a-version.*last-event-id/,
    )
    const call = await fetch(`${server.url}/tasks`, { headers })
    expect(call.status).toBe(200)
    expect(call.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(call.headers.get('vary')).toContain('Origin')
    expect(call.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('grpc-status')
  })
})

describe('event streams', () => {
  it('show that they are alive while nothing happens', async () => {
    const response = await fetch(`${server.url}/message:stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(send('wait heartbeat')),
    })
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    while (!text.includes('\n:\n\n')) text += new TextDecoder().decode((await reader.read()).value)
    openGate('heartbeat')
    await reader.cancel()
  })

  it('leave nothing behind when their readers go away', async () => {
    const before = server.engine.bus as unknown as { readerCount: number }
    const leaver = new AbortController()
    const streams = ['jsonrpc', 'rest', 'grpc', 'connect'].map(async (name) => {
      const wire = wireNamed(name as 'jsonrpc', server.url)
      const events = wire.stream('sendStreamingMessage', send('wait leavers'), { signal: leaver.signal })
      await events.next()
      return events
    })
    await Promise.all(streams)
    expect(before.readerCount).toBe(4)
    leaver.abort()
    await eventually(() => expect(before.readerCount).toBe(0))
    openGate('leavers')
  })
})

describe('health and reflection', () => {
  it('answers over HTTP and gRPC', async () => {
    for (const path of ['/livez', '/readyz', '/health']) expect((await fetch(server.url + path)).status).toBe(200)
    const client = createClient(Health, createGrpcTransport({ baseUrl: server.url }))
    expect((await client.check({ service: 'lf.a2a.v1.A2AService' })).status).toBe(Serving.SERVING)
    await expect(client.check({ service: 'none' })).rejects.toMatchObject({ code: Code.NotFound })
    for await (const { status } of client.watch({})) {
      expect(status).toBe(Serving.SERVING)
      break
    }
  })

  it('shows its schema to tools', async () => {
    const { stdout } = await run('buf', ['curl', '--http2-prior-knowledge', '--list-services', server.url])
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['grpc.health.v1.Health', 'lf.a2a.v1.A2AService']))
  })
})

describe('TLS', () => {
  it('speaks HTTP/1.1 and HTTP/2 on one port by ALPN', async () => {
    const { key, cert: ca } = await makeCertificate()
    const secure = await startTestServer({ engine: 'memory', tls: { key, cert: ca } })
    try {
      expect(secure.url).toMatch(/^https:/)
      const overHttp1 = await new Promise<string>((resolve, reject) => {
        const request = https.request(
          `${secure.url}/message:send`,
          { method: 'POST', ca, headers: { 'content-type': 'application/json' } },
          (response) => {
            let text = ''
            response.on('data', (chunk) => {
              text += chunk
            })
            response.on('end', () => resolve(`${response.httpVersion} ${text}`))
          },
        )
        request.on('error', reject)
        request.end(JSON.stringify(send('echo tls')))
      })
      expect(overHttp1).toMatch(/^1\.1 .*Echo: tls/)
      const transport = createGrpcTransport({ baseUrl: secure.url, nodeOptions: { ca } })
      const answer = await createClient(A2AService, transport).listTasks({})
      expect(answer.totalSize).toBe(1)
      const connect = createConnectTransport({ baseUrl: secure.url, httpVersion: '2', nodeOptions: { ca } })
      expect((await createClient(A2AService, connect).listTasks({})).totalSize).toBe(1)
    } finally {
      await secure.stop()
    }
  })
})

describe('connections on which nothing is asked', () => {
  const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])

  it('end over HTTP/2 with a GOAWAY, and others do not', async () => {
    const quick = await startTestServer({ engine: 'memory', limits: { keepAliveMs: 100, pingTimeoutMs: 100 } })
    const busy = http2.connect(quick.url)
    try {
      const watching = busy.request({
        ':method': 'POST',
        ':path': '/grpc.health.v1.Health/Watch',
        'content-type': 'application/grpc',
      })
      watching.end(Buffer.alloc(5))
      await once(watching, 'data')
      const idle = http2.connect(quick.url)
      const [[code, lastStreamId]] = await Promise.all([once(idle, 'goaway'), once(idle, 'close')])
      expect([code, lastStreamId]).toEqual([0, 2 ** 31 - 1])
      // One that does not listen is dropped.
      const deaf = net.connect(quick.port, '127.0.0.1')
      deaf.resume()
      deaf.write(PREFACE)
      deaf.write(SETTINGS)
      await once(deaf, 'close')
      expect(busy.closed).toBe(false)
      const gone = once(busy, 'goaway')
      watching.close()
      await gone
    } finally {
      busy.destroy()
      await quick.stop()
    }
  })

  it('end while the handshake of TLS is to come', async () => {
    const { key, cert } = await makeCertificate()
    const secure = await startTestServer({ engine: 'memory', tls: { key, cert }, limits: { headersTimeoutMs: 100 } })
    try {
      const silent = net.connect(secure.port, '127.0.0.1')
      silent.resume()
      silent.on('error', () => {})
      await once(silent, 'close')
    } finally {
      await secure.stop()
    }
  })

  it('end over TLS and HTTP/1.1, before and after a request', async () => {
    const { key, cert } = await makeCertificate()
    const limits = { headersTimeoutMs: 100, keepAliveMs: 100 }
    const secure = await startTestServer({ engine: 'memory', tls: { key, cert }, limits })
    try {
      for (const asked of ['', 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n']) {
        const socket = tls.connect({
          port: secure.port,
          ca: cert,
          servername: 'localhost',
          ALPNProtocols: ['http/1.1'],
        })
        socket.resume()
        socket.on('error', () => {})
        await once(socket, 'secureConnect')
        socket.write(asked)
        await once(socket, 'close')
      }
    } finally {
      await secure.stop()
    }
  })
})

describe('the end of the server', () => {
  it('ends streams so that they can be taken up again, and answers what waits', async () => {
    const ending = await startTestServer({ engine: 'memory' })
    const started = taskOf(
      await wireNamed('jsonrpc', ending.url).call(
        'sendMessage',
        send('wait end', { configuration: { returnImmediately: true } }),
      ),
    )
    const sse = await fetch(`${ending.url}/tasks/${started.id}:subscribe`)
    const grpc = wireNamed('grpc', ending.url).stream('subscribeToTask', { id: started.id })
    await grpc.next()
    const blocked = wireNamed('jsonrpc', ending.url).call('sendMessage', send('wait end too'))
    await eventually(async () => expect((await wireNamed('rest', ending.url).call('listTasks', {})).totalSize).toBe(2))
    const begun = Date.now()
    const stopped = ending.stop()
    const text = await sse.text()
    expect(text).toMatch(/: the server is stopping; subscribe to the task to go on\nretry: 500\n\n$/)
    expect(text).not.toContain('error')
    await expect(all(grpc)).rejects.toMatchObject({ code: 'Unavailable' })
    expect(textOf(taskOf(await blocked))).toBe('waiting')
    await stopped
    expect(Date.now() - begun).toBeLessThan(3_000)
    await expect(fetch(`${ending.url}/livez`)).rejects.toThrow()
  })
})

describe('paths', () => {
  it.each([
    ['GET', '/', 405, 'POST'],
    ['GET', '/nothing', 404, null],
    ['PUT', '/tasks', 405, 'GET'],
    ['GET', '/message:send', 405, 'POST'],
    ['GET', '/agents/nobody/tasks', 404, null],
    ['GET', '//tasks', 400, null],
    ['DELETE', '/tasks/x', 405, 'GET'],
  ])('%s %s is %i', async (method, path, status, allow) => {
    const { text } = await raw([`${method} ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`])
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ error: { code: status } })
    expect(/allow: (.*)/.exec(text)?.[1] ?? null).toBe(allow)
  })

  it.each([
    ['nothing', {}],
    ['the same', { taskId: 'none' }],
    ['the same in snake_case', { task_id: 'none' }],
    ['an empty one', { taskId: '' }],
    ['another', { taskId: 'other' }],
    ['another in snake_case', { task_id: 'other' }],
    ['a number', { taskId: 7 }],
  ])('bind the task, whatever the body says: %s', async (_, body) => {
    const response = await fetch(`${server.url}/tasks/none/pushNotificationConfigs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: 'https://example.com/hook', ...body }),
    })
    const { error } = (await response.json()) as { error: { details: { fieldViolations?: object[] }[] } }
    // What is not refused for its words finds no task, or no agent that pushes.
    expect(error.details.flatMap(({ fieldViolations = [] }) => fieldViolations)).toEqual([])
  })

  it('bind the task, whatever the query says', async () => {
    const waiting = await fetch(`${server.url}/message:send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(send('ask which?')),
    })
    const { task } = (await waiting.json()) as { task: { id: string } }
    const asked = await fetch(`${server.url}/tasks/${task.id}?id=other`)
    expect(await asked.json()).toMatchObject({ id: task.id })
    expect((await fetch(`${server.url}/tasks/none?id=${task.id}`)).status).toBe(404)
  })

  it('bind the agent, whatever the body says', async () => {
    const response = await fetch(`${server.url}/scripted/message:send`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...send('echo path'), tenant: 'silent' }),
    })
    expect(await response.json()).toMatchObject({ task: { artifacts: [{ parts: [{ text: 'Echo: path' }] }] } })
  })

  it('tells who is lost where the card is', async () => {
    expect(await (await fetch(`${server.url}/agents/silent/nowhere`)).text()).toContain(`/agents/silent${CARD}`)
  })

  it('keeps the paths of the older streaming clients: /agents/<id>/a2a', async () => {
    const response = await fetch(`${server.url}/agents/scripted/a2a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'SendStreamingMessage', params: send('echo older') }),
    })
    const events = (await all(sseData(response))).map((data) => (JSON.parse(data) as { result: object }).result)
    expect(outline(events).at(-1)).toBe('status COMPLETED')
  })
})

describe('JSON-RPC envelopes (§9)', () => {
  const post = async (body: string) => {
    const response = await fetch(server.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    expect(response.status).toBe(200)
    return (await response.json()) as { id: unknown; error?: { code: number } }
  }

  it.each([
    ['{', -32700, null],
    ['[]', -32600, null],
    [`[${RPC}]`, -32600, null],
    ['"text"', -32600, null],
    ['null', -32600, null],
    ['{"jsonrpc":"1.0","id":4,"method":"ListTasks"}', -32600, 4],
    ['{"jsonrpc":"2.0","method":"ListTasks"}', -32600, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ListTasks"}', -32600, null],
    ['{"jsonrpc":"2.0","id":{},"method":"ListTasks"}', -32600, null],
    ['{"jsonrpc":"2.0","id":"a"}', -32600, 'a'],
    ['{"jsonrpc":"2.0","id":"a","method":"listTasks"}', -32601, 'a'],
    ['{"jsonrpc":"2.0","id":"a","method":"__proto__"}', -32601, 'a'],
    ['{"jsonrpc":"2.0","id":"a","method":"tasks/list","params":{}}', -32601, 'a'],
    ['{"jsonrpc":"2.0","id":"a","method":"ListTasks","params":[]}', -32602, 'a'],
    ['{"jsonrpc":"2.0","id":"a","method":"GetTask","params":{"id":7}}', -32602, 'a'],
    ['{"jsonrpc":"2.0","id":"a","id":"b","method":"ListTasks"}', -32602, null],
  ])('%s is %i', async (body, code, id) => {
    expect(await post(body)).toMatchObject({ jsonrpc: '2.0', id, error: { code } })
  })

  it('echoes ids as they came, null too', async () => {
    for (const id of ['x', 0, -5, null]) {
      expect((await post(JSON.stringify({ jsonrpc: '2.0', id, method: 'ListTasks' }))).id).toBe(id)
    }
  })
})

it('ConnectError details carry what the caller needs', async () => {
  const client = createClient(A2AService, createGrpcTransport({ baseUrl: server.url }))
  const error = ConnectError.from(await client.getTask({ id: 'none' }).catch((thrown: unknown) => thrown))
  expect(error.code).toBe(Code.NotFound)
  expect(error.rawMessage).toBe('Task not found')
})
