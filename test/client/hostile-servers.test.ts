/** Servers that answer wrongly, too much, too slowly or not at all: always a typed error, in bounded time and memory. */
import http, { type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type ConnectOptions, connect } from '../../src/client/index.js'
import { all } from '../support/reading.js'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

type Answer = (res: ServerResponse, requestId: string) => void

/** An agent whose every answer is this one, on whatever path. */
async function agentThat(answer: Answer) {
  const server = http.createServer((req, res) => {
    let body = ''
    res.on('error', () => {})
    req.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1')
    })
    req.on('end', () => answer(res, /"id":"([^"]+)"/.exec(body)?.[1] ?? ''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    name: 'hostile',
    supportedInterfaces: [
      { url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      { url, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
    ],
    capabilities: { streaming: true },
  }
}

const QUICK: ConnectOptions = { retry: { giveUpMs: 0 } }
const TYPES = { jsonrpc: 'application/json', rest: 'application/a2a+json', connect: 'application/proto' } as const
const STREAM_TYPES = {
  jsonrpc: 'text/event-stream',
  rest: 'text/event-stream',
  connect: 'application/connect+proto',
} as const

function frame(length: number, data: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt8(flags, 0)
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, data])
}

/** `data` as one event of the wire. */
function eventBytes(transport: keyof typeof TYPES, id: string, json: string): Buffer {
  if (transport === 'connect') return frame(json.length, Buffer.from(json))
  const data = transport === 'jsonrpc' ? `{"jsonrpc":"2.0","id":"${id}","result":${json}}` : json
  return Buffer.from(`data: ${data}\n\n`)
}

describe.each(['jsonrpc', 'rest', 'connect'] as const)('over %s', (transport) => {
  const open = async (answer: Answer, options: ConnectOptions = {}) =>
    connect(await agentThat(answer), { ...QUICK, transports: [transport], ...options })

  const endless = (res: ServerResponse, chunk: Buffer | string): void => {
    const more = () => {
      while (!res.destroyed && res.write(chunk));
    }
    res.on('drain', more)
    more()
  }

  it.each<[string, Answer]>([
    ['a page', (res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>')],
    ['garbage', (res) => res.writeHead(200, { 'content-type': TYPES[transport] }).end('\u00ff\u00fe{{{')],
    [
      'a task without a state',
      (res, id) => {
        const task = '{"id":"t","status":{}}'
        res.writeHead(200, { 'content-type': TYPES[transport] })
        res.end(transport === 'jsonrpc' ? `{"jsonrpc":"2.0","id":"${id}","result":${task}}` : task)
      },
    ],
    [
      'a list for an object',
      (res, id) => {
        res.writeHead(200, { 'content-type': TYPES[transport] })
        res.end(transport === 'jsonrpc' ? `{"jsonrpc":"2.0","id":"${id}","result":[1]}` : '[1]')
      },
    ],
  ])('%s is no answer', async (_, answer) => {
    const bot = await open(answer)
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({
      name: 'A2AError',
      reason: 'INVALID_AGENT_RESPONSE',
    })
  })

  it.each(['{"task":{}}', '{}', '{"statusUpdate":{"status":{"state":3}}}', '[]', 'nonsense'])(
    'an event %s ends the stream with an error',
    async (json) => {
      const bot = await open((res, id) => {
        res.writeHead(200, { 'content-type': STREAM_TYPES[transport] })
        res.end(eventBytes(transport, id, json))
      })
      await expect(bot.stream('x')).rejects.toMatchObject({ reason: 'INVALID_AGENT_RESPONSE' })
    },
  )

  it('an answer without end is cut at its bound', async () => {
    const bot = await open(
      (res) => {
        res.writeHead(200, { 'content-type': TYPES[transport] })
        endless(res, Buffer.alloc(65_536, 0x20))
      },
      { limits: { answerBytes: 300_000 } },
    )
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
      message: 'The answer is larger than 300000 bytes (limits.answerBytes)',
    })
  })

  it('an event without end is cut at its bound', async () => {
    const bot = await open(
      (res) => {
        res.writeHead(200, { 'content-type': STREAM_TYPES[transport] })
        if (transport === 'connect') res.write(frame(0xffff_ffff, Buffer.alloc(10)))
        else res.write('data: ')
        endless(res, Buffer.alloc(65_536, 0x61))
      },
      { limits: { eventBytes: 300_000 } },
    )
    await expect(bot.stream('x')).rejects.toMatchObject({
      reason: 'PAYLOAD_TOO_LARGE',
      message: 'An event is larger than 300000 bytes (limits.eventBytes)',
    })
  })

  it('a server that says nothing is left at the deadline', async () => {
    const bot = await open(() => {})
    for (const call of [
      () => bot.getTask({ id: 't' }, { timeoutMs: 50 }),
      () => bot.stream('x', { timeoutMs: 50 }),
      () => bot.send('x', { timeoutMs: 50 }),
      () => bot.resume('t').text({ timeoutMs: 50 }),
    ]) {
      await expect(call()).rejects.toMatchObject({ name: 'A2AError', reason: 'DEADLINE_EXCEEDED' })
    }
  })

  it('a server that does not answer who comes back to a task is left after the time for silence', async () => {
    const bot = await open(() => {}, { limits: { idleMs: 50 } })
    await expect(bot.resume('t').result()).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: 'The stream has been silent for 50 ms (limits.idleMs)',
    })
  })

  it('a body that stops in the middle is left at the deadline', async () => {
    const bot = await open((res) => {
      res.writeHead(200, { 'content-type': TYPES[transport] })
      res.write('{"json')
    })
    await expect(bot.getTask({ id: 't' }, { timeoutMs: 50 })).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' })
  })

  it.each([
    [429, 'RATE_LIMITED'],
    [500, 'INTERNAL'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'UNAVAILABLE'],
  ])('status %i of a proxy is %s', async (status, reason) => {
    const page = (res: ServerResponse) => {
      res.writeHead(status, { 'content-type': 'text/html', 'retry-after': '7' }).end('<html>secret path</html>')
    }
    const bot = await open(page)
    const error = await bot.getTask({ id: 't' }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ reason, message: `HTTP status ${status}`, retryAfterMs: 7_000 })
    await expect(bot.stream('x')).rejects.toMatchObject({ reason })
  })

  it.each([
    [401, '', 'UNAUTHENTICATED'],
    [403, '{"message":"Forbidden"}', 'PERMISSION_DENIED'],
    [429, 'slow down', 'RATE_LIMITED'],
    [429, '{"error":"too many"}', 'RATE_LIMITED'],
    [503, '{', 'UNAVAILABLE'],
    [504, '[]', 'UNAVAILABLE'],
  ])('status %i with the body %j, said to be JSON, is %s', async (status, body, reason) => {
    const bot = await open((res) => {
      res.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' }).end(body)
    })
    const error = { reason, message: `HTTP status ${status}`, retryAfterMs: 7_000 }
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject(error)
    await expect(bot.stream('x')).rejects.toMatchObject(error)
  })

  it('a redirect is an error for good, that says where to', async () => {
    let requests = 0
    const bot = await open(
      (res) => {
        requests += 1
        res.writeHead(308, { location: 'https://elsewhere.example/rpc?key=secret' }).end()
      },
      { retry: {} },
    )
    const error = {
      reason: 'INVALID_AGENT_RESPONSE',
      message: expect.stringMatching(
        /^http:.* redirects to https:\/\/elsewhere.example\/rpc; redirects are not followed$/,
      ),
    }
    await expect(bot.getTask({ id: 't' })).rejects.toMatchObject(error)
    await expect(bot.stream('x')).rejects.toMatchObject(error)
    expect(requests).toBe(2)
  })

  it.each([
    [429, 2],
    [503, 2],
    [408, 1],
    [425, 1],
    [502, 1],
    [504, 1],
  ])(
    'after status %i with Retry-After a message is sent %i times to a server that knows no key',
    async (status, times) => {
      let requests = 0
      const bot = await open(
        (res) => {
          requests += 1
          if (requests === 1) res.writeHead(status, { 'retry-after': '0' }).end()
          else res.writeHead(400).end()
        },
        { retry: { initialMs: 1 } },
      )
      await expect(bot.send('an order')).rejects.toMatchObject({ name: 'A2AError' })
      expect(requests).toBe(times)
    },
  )

  it('a deadline says what the last try has failed with', async () => {
    const bot = await open((res) => void res.socket?.destroy(), { retry: { initialMs: 1, maxMs: 5 } })
    await expect(bot.getTask({ id: 't' }, { timeoutMs: 200 })).rejects.toMatchObject({
      name: 'A2AError',
      reason: 'DEADLINE_EXCEEDED',
      message: expect.stringMatching(
        /^The call took longer than 200 ms \(timeoutMs\)\. The last error: No connection to http/,
      ),
      cause: { reason: 'UNAVAILABLE' },
    })
  })

  it('stops at once when its caller has enough, with the reason of the signal', async () => {
    const bot = await open((res, id) => {
      res.writeHead(200, { 'content-type': STREAM_TYPES[transport] })
      // A task at first, in both encodings; then silence.
      if (transport !== 'connect') {
        res.write(eventBytes(transport, id, '{"task":{"id":"t","status":{"state":"TASK_STATE_WORKING"}}}'))
      } else {
        res.write(frame(9, Buffer.from([0x0a, 7, 0x0a, 1, 0x74, 0x1a, 2, 0x08, 2])))
      }
    })
    const enough = new AbortController()
    const run = await bot.stream('x', { signal: enough.signal })
    // The signal of the sending is for the sending.
    enough.abort(new Error('too late'))
    const reader = new AbortController()
    const events: unknown[] = []
    const reading = (async () => {
      for await (const event of run.events({ signal: reader.signal })) {
        events.push(event)
        setTimeout(() => reader.abort(new Error('enough')), 10)
      }
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(events).toHaveLength(1)
    await expect(all(run.events({ signal: AbortSignal.abort(new Error('before')) }))).rejects.toThrow('before')
    await expect(bot.getTask({ id: 't' }, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
  })

  it('ends everything when the signal of the client does', async () => {
    const life = new AbortController()
    const bot = await open(() => {}, { signal: life.signal })
    const calls = [bot.getTask({ id: 't' }), bot.stream('x'), bot.resume('t').result()]
    setTimeout(() => life.abort(new Error('closing')), 10)
    for (const call of calls) await expect(call).rejects.toThrow('closing')
  })
})
