/** HTTP/2 that is odd or broken: headers, half-sent streams, resets, frames that no client would send. */
import http2 from 'node:http2'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { DescMethod } from '@bufbuild/protobuf'
import { fc } from '../support/property.js'
import { send as sendRequest, taskOf } from '../support/reading.js'
import { wireNamed } from '../support/wires.js'
import { inTime } from './support/answer.js'
import { battle } from './support/attack.js'
import { FLAG, FRAME, frame, headerBlock, PREFACE, sendFrames } from './support/frames.js'
import { goodRequest } from './support/schema.js'
import { BINDINGS, type Binding, encode, envelope, goodShot, METHODS, type Shot } from './support/shots.js'
import { Target } from './support/target.js'

const { attack } = battle('http2-streams', { headersTimeoutMs: 250, bodyTimeoutMs: 300 })

const SEND = METHODS.find(({ name }) => name === 'SendMessage') as DescMethod
const SUBSCRIBE = METHODS.find(({ name }) => name === 'SubscribeToTask') as DescMethod

const AT_ONCE = 30

function h2Headers({ method, path, headers }: Shot): Record<string, string> {
  return { ':method': method, ':path': path, ...headers }
}

// --- Headers ---

interface Head {
  readonly binding: Binding
  readonly change: Readonly<Record<string, string>>
}

const CHANGES: readonly Readonly<Record<string, string>>[] = [
  { ':scheme': 'ftp' },
  { ':scheme': '' },
  { ':scheme': 'javascript' },
  { ':method': 'connect' },
  { ':method': 'PRI' },
  { ':method': 'x'.repeat(500) },
  { ':method': '*' },
  { ':path': '*' },
  { ':path': 'x' },
  { ':path': '/x y' },
  { ':path': '/\u00e9' },
  { ':path': `/${'x'.repeat(20_000)}` },
  { ':path': '//' },
  { ':path': '/..' },
  { ':path': 'http://evil.test/' },
  { ':authority': '' },
  { ':authority': 'evil.test' },
  { ':authority': 'user@127.0.0.1' },
  { ':authority': 'evil.test', host: 'localhost' },
  { host: 'evil.test' },
  { 'content-length': '5' },
  { 'content-length': '99999999' },
  { 'content-length': '-1' },
  { 'content-length': 'x' },
  { expect: '100-continue' },
  { expect: 'x' },
  { 'x-long': 'x'.repeat(30_000) },
  { cookie: 'a=b; '.repeat(3_000) },
  { 'content-encoding': 'gzip' },
]

const HEADS = CHANGES.flatMap((change) => BINDINGS.map((binding): Head => ({ binding, change })))

attack<Head>('odd headers of HTTP/2 are answered, or the stream is reset', {
  runs: 1,
  inputs: fc.constantFrom(...HEADS),
  examples: HEADS,
  async send({ binding, change }, target) {
    target.inputs += 1
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), '2')
    const outcome = await target.h2.exchange({ headers: { ...h2Headers(shot), ...change }, body: shot.body })
    await target.judge(shot, outcome, { closable: true, orHttp: true })
  },
})

// --- Half sent ---

interface Half {
  readonly binding: Binding
  readonly part: number
}

const HALVES = BINDINGS.flatMap((binding) => [0, 0.3, 0.9].map((part): Half => ({ binding, part })))

attack<Half>('a stream that is not sent to its end is over after its time, on every binding', {
  runs: 30,
  inputs: fc.record({ binding: fc.constantFrom(...BINDINGS), part: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
  examples: HALVES,
  atOnce: AT_ONCE,
  async send({ binding, part }, target) {
    target.inputs += 1
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), '2')
    const body = shot.body?.subarray(0, Math.floor(part * (shot.body?.length ?? 0)))
    const headers = h2Headers({ ...shot, form: 'http' })
    const outcome = await target.h2.exchange({ headers, body, open: true })
    await target.judge(shot, outcome, { refused: true, closable: true })
  },
})

// --- Resets ---

interface Resets {
  readonly binding: Binding
  readonly streams: number
  readonly stream: boolean
  /** When: at once, after the body, or after this many milliseconds. */
  readonly when: 'head' | 'body' | number
}

attack<Resets>('streams that are opened and reset leave nothing behind', {
  runs: 40,
  inputs: fc.record({
    binding: fc.constantFrom(...BINDINGS),
    streams: fc.constantFrom(1, 10, 100),
    stream: fc.boolean(),
    when: fc.constantFrom('head', 'body', 0, 1, 5) as fc.Arbitrary<Resets['when']>,
  }),
  async send({ binding, streams, stream, when }, target) {
    target.inputs += streams
    const wire = wireNamed('jsonrpc', target.server.url)
    const waiting = sendRequest('wait never', { configuration: { returnImmediately: true } })
    const { id } = taskOf(await wire.call('sendMessage', waiting))
    const method = stream ? SUBSCRIBE : SEND
    const shot = goodShot(binding, method, stream ? { id } : goodRequest(SEND, 'x'), '2')
    const session = http2.connect(target.server.url)
    session.on('error', () => {})
    try {
      const closings: Promise<unknown>[] = []
      const open = Array.from({ length: streams }, () => {
        const request = session.request(h2Headers(shot), { endStream: shot.body === undefined })
        closings.push(new Promise((resolve) => request.once('close', resolve)))
        request.on('error', () => {})
        request.resume()
        if (when !== 'head' && shot.body !== undefined) request.end(shot.body)
        if (typeof when !== 'number') request.close(http2.constants.NGHTTP2_CANCEL)
        return request
      })
      if (typeof when === 'number') {
        await delay(when)
        for (const request of open) request.close(http2.constants.NGHTTP2_CANCEL)
      }
      await inTime(Promise.all(closings), 'the end of all streams')
      // Only then have the resets reached the server.
      await inTime(new Promise((resolve) => session.ping(resolve)), 'a ping')
    } finally {
      session.destroy()
    }
    await wire.call('cancelTask', { id })
    await target.calm()
  },
})

attack<number>('resets without end cost the connection, and nothing else', {
  runs: 2,
  inputs: fc.constantFrom(1_500, 2_500),
  async send(streams, target) {
    target.inputs += streams
    const session = http2.connect(target.server.url, { maxSessionMemory: 1_000 })
    session.on('error', () => {})
    const ended = new Promise((resolve) => session.once('close', resolve))
    const headers = h2Headers(goodShot('jsonrpc', SEND, {}, '2'))
    for (let index = 0; index < streams && !session.closed && !session.destroyed; index += 1) {
      const request = session.request(headers, { endStream: false })
      request.on('error', () => {})
      request.close(http2.constants.NGHTTP2_CANCEL)
      if (index % 100 === 0) await delay(1)
    }
    await inTime(ended, 'the end of the connection')
    await target.calm()
  },
})

// --- Frames ---

const HEAD: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/lf.a2a.v1.A2AService/SendMessage'],
  [':authority', '127.0.0.1'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]

const MESSAGE = envelope(encode(SEND, goodRequest(SEND, 'x')))

function headers(fields: readonly (readonly [string, string])[], flags: number = FLAG.endHeaders, stream = 1): Buffer {
  return frame(FRAME.headers, flags, stream, headerBlock(fields))
}

function without(name: string): readonly (readonly [string, string])[] {
  return HEAD.filter(([each]) => each !== name)
}

const OPEN = headers(HEAD)
const BODY = frame(FRAME.data, FLAG.endStream, 1, MESSAGE)
const NOTHING = Buffer.alloc(0)

interface Broken {
  readonly what: string
  /** Hexadecimal. */
  readonly bytes: string
}

/** Each is a fault of the connection or of the stream (RFC 9113): one of the two ends, or an error is the answer. */
const BROKEN: readonly Broken[] = (
  [
    ['no method', headers(without(':method')), BODY],
    ['no path', headers(without(':path')), BODY],
    ['no scheme', headers(without(':scheme')), BODY],
    ['no authority and no host', headers(without(':authority')), BODY],
    ['an empty path', headers([...without(':path'), [':path', '']]), BODY],
    ['a method twice', headers([[':method', 'GET'], ...HEAD]), BODY],
    ['a pseudo-header after a header', headers([...HEAD, [':path', '/tasks']]), BODY],
    ['an unknown pseudo-header', headers([[':evil', 'x'], ...HEAD]), BODY],
    ['a pseudo-header of an answer', headers([[':status', '200'], ...HEAD]), BODY],
    ['a name in capitals', headers([...HEAD, ['X-Evil', 'x']]), BODY],
    ['a name with a blank', headers([...HEAD, ['x evil', 'x']]), BODY],
    ['an empty name', headers([...HEAD, ['', 'x']]), BODY],
    ['a value with CR and LF', headers([...HEAD, ['x', 'a\r\nb: c']]), BODY],
    ['a value with NUL', headers([...HEAD, ['x', 'a\u0000b']]), BODY],
    ['a connection header', headers([...HEAD, ['connection', 'close']]), BODY],
    ['transfer-encoding', headers([...HEAD, ['transfer-encoding', 'chunked']]), BODY],
    ['an upgrade', headers([...HEAD, ['upgrade', 'h2c']]), BODY],
    ['a length that is too small', headers([...HEAD, ['content-length', '3']]), BODY],
    ['a length that is too large', headers([...HEAD, ['content-length', '30000']]), BODY],
    ['two lengths', headers([...HEAD, ['content-length', '3'], ['content-length', '4']]), BODY],
    ['headers on stream 0', headers(HEAD, FLAG.endHeaders, 0)],
    ['headers on a stream of the server', headers(HEAD, FLAG.endHeaders, 2)],
    [
      'a stream behind the last one',
      headers(HEAD, FLAG.endHeaders | FLAG.endStream, 5),
      headers(HEAD, FLAG.endHeaders, 3),
    ],
    ['a CONNECT with a path', headers([[':method', 'CONNECT'], ...without(':method')]), BODY],
    [
      'a CONNECT',
      headers([
        [':method', 'CONNECT'],
        [':authority', 'evil.test:443'],
      ]),
    ],
    ['te that is not trailers', headers([...without('te'), ['te', 'gzip']]), BODY],
    ['data on stream 0', frame(FRAME.data, 0, 0, MESSAGE)],
    ['data on an idle stream', frame(FRAME.data, 0, 7, MESSAGE)],
    ['data after the end', headers(HEAD, FLAG.endHeaders | FLAG.endStream), frame(FRAME.data, 0, 1, MESSAGE)],
    ['headers after the end', headers(HEAD, FLAG.endHeaders | FLAG.endStream), OPEN],
    ['padding that is longer than the frame', frame(FRAME.data, FLAG.padded, 1, Buffer.from([200, 1, 2]))],
    ['a header block that is no HPACK', frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.alloc(40, 0xff))],
    ['an index beyond the table', frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.from([0xff, 0xff, 0x7f]))],
    [
      'a table size beyond the settings',
      frame(FRAME.headers, FLAG.endHeaders, 1, Buffer.from([0x3f, 0xff, 0xff, 0x7f])),
    ],
    ['a continuation of nothing', frame(FRAME.continuation, FLAG.endHeaders, 1, headerBlock(HEAD))],
    ['headers in between of a continuation', headers(HEAD, 0), headers(HEAD, FLAG.endHeaders, 3)],
    [
      'a thousand empty continuations',
      headers(HEAD, 0),
      ...Array.from({ length: 1_000 }, () => frame(FRAME.continuation, 0, 1, NOTHING)),
    ],
    [
      'headers of a megabyte',
      headers(HEAD, 0),
      ...Array.from({ length: 70 }, () => frame(FRAME.continuation, 0, 1, headerBlock([['x', 'y'.repeat(15_000)]]))),
    ],
    ['a frame beyond the size', frame(FRAME.data, 0, 1, Buffer.alloc(20_000))],
    ['a frame that says 16 MiB', frame(FRAME.data, 0, 1, NOTHING, 0xff_ffff)],
    ['settings on a stream', frame(FRAME.settings, 0, 1, NOTHING)],
    ['settings of 5 bytes', frame(FRAME.settings, 0, 0, Buffer.alloc(5))],
    ['an acknowledgement with a body', frame(FRAME.settings, 1, 0, Buffer.alloc(6))],
    ['a window beyond 2^31', frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0xff, 0xff, 0xff, 0xff]))],
    ['a frame size that is too small', frame(FRAME.settings, 0, 0, Buffer.from([0, 5, 0, 0, 0, 1]))],
    ['push switched to 7', frame(FRAME.settings, 0, 0, Buffer.from([0, 2, 0, 0, 0, 7]))],
    ['a window update of 0', frame(FRAME.window, 0, 0, Buffer.alloc(4))],
    ['a window update of 3 bytes', frame(FRAME.window, 0, 0, Buffer.alloc(3))],
    [
      'a window that overflows',
      frame(FRAME.window, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
      frame(FRAME.window, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
    ],
    ['a window update of an idle stream', frame(FRAME.window, 0, 9, Buffer.from([0, 0, 0, 1]))],
    ['a ping on a stream', frame(FRAME.ping, 0, 1, Buffer.alloc(8))],
    ['a ping of 7 bytes', frame(FRAME.ping, 0, 0, Buffer.alloc(7))],
    ['a reset of stream 0', frame(FRAME.reset, 0, 0, Buffer.alloc(4))],
    ['a reset of an idle stream', frame(FRAME.reset, 0, 9, Buffer.alloc(4))],
    ['a reset of 3 bytes', OPEN, frame(FRAME.reset, 0, 1, Buffer.alloc(3))],
    [
      'a promise of a client',
      OPEN,
      frame(FRAME.push, FLAG.endHeaders, 1, Buffer.concat([Buffer.from([0, 0, 0, 2]), headerBlock(HEAD)])),
    ],
    ['a priority of 4 bytes', frame(FRAME.priority, 0, 1, Buffer.alloc(4))],
    ['a goaway on a stream', frame(FRAME.goaway, 0, 1, Buffer.alloc(8))],
    ['a second preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['HTTP/1.1 after the preface', Buffer.from('GET /tasks HTTP/1.1\r\nhost: localhost\r\n\r\n')],
    ['noise', Buffer.alloc(500, 0xa5)],
  ] as const
).map(([what, ...parts]) => ({ what, bytes: Buffer.concat(parts).toString('hex') }))

/** A stream's reset, the end of the connection, or an answer that is an error: each is an end of it. */
async function breakFrames({ what, bytes }: Broken, target: Target): Promise<void> {
  target.inputs += 1
  const { frames, ended } = await sendFrames(
    target.port,
    Buffer.from(bytes, 'hex'),
    (heard) =>
      heard.frames.some(
        ({ type, flags, stream }) =>
          type === FRAME.reset ||
          type === FRAME.goaway ||
          (stream > 0 && (flags & FLAG.endStream) > 0 && type <= FRAME.headers),
      ),
    2_000,
  )
  const over =
    ended ||
    frames.some(
      ({ type, flags }) =>
        type === FRAME.reset || type === FRAME.goaway || (type <= FRAME.headers && (flags & FLAG.endStream) > 0),
    )
  if (!over)
    throw new Error(
      `${what}: neither an answer nor an end, but ${frames.map(({ type, stream }) => `${type}@${stream}`).join(' ')}`,
    )
  const said = Buffer.concat(frames.map(({ payload }) => payload)).toString('latin1')
  if (/node_modules|Error:/.test(said)) throw new Error(`${what}: tells of insides`)
  target.check()
}

attack<Broken>('frames against the rules end their stream or the connection', {
  runs: 1,
  inputs: fc.constantFrom(...BROKEN),
  examples: BROKEN,
  send: breakFrames,
})

/** Frames that are legal one by one. */
const FLOODS = [
  frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  frame(FRAME.settings, 0, 0, NOTHING),
  frame(FRAME.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
  frame(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 3, 1])),
  frame(FRAME.window, 0, 0, Buffer.from([0, 0, 0, 1])),
  frame(FRAME.data, 0, 1, NOTHING),
  frame(99, 0, 0, NOTHING),
].map((each) => Buffer.concat([OPEN, ...Array<Buffer>(3_000).fill(each)]).toString('hex'))

attack<string>('any frames leave the server as it was', {
  runs: 150,
  inputs: fc
    .array(
      fc.record({
        type: fc.nat(12),
        flags: fc.nat(255),
        stream: fc.constantFrom(0, 1, 2, 3, 5, 0x7fff_ffff, 0xffff_ffff),
        payload: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constant(headerBlock(HEAD)), fc.constant(MESSAGE)),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((list) =>
      Buffer.concat(list.map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload))).toString(
        'hex',
      ),
    ),
  examples: FLOODS,
  async send(bytes, target) {
    target.inputs += 1
    await sendFrames(target.port, Buffer.from(bytes, 'hex'), ({ frames }) => frames.length > 1, 25)
    target.check()
  },
})

// --- Ends of a connection ---

interface Ending {
  readonly streams: number
  /** With a goodbye of HTTP/2, with one of TCP alone, with none, or after a fault for which the server has said goodbye. */
  readonly how: 'goaway' | 'close' | 'reset' | 'fault'
}

attack<Ending>('a connection that ends in the middle of its streams leaves nothing behind', {
  runs: 1,
  inputs: fc.constant({ streams: 2, how: 'reset' }),
  examples: (['goaway', 'close', 'reset', 'fault'] as const).flatMap((how) =>
    [1, 20].map((streams) => ({ streams, how })),
  ),
  async send({ streams, how }, target) {
    target.inputs += streams
    // A server of its own: what is left behind would be seen by every later test.
    const own = await Target.start({ pingMs: 200, pingTimeoutMs: 200, drainMs: 50 })
    await openAndEnd(own, { streams, how })
    try {
      await own.idle(800)
      await own.calm()
    } finally {
      await own.stop()
    }
  },
})

async function openAndEnd({ port }: Target, { streams, how }: Ending): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  if (how === 'fault') {
    const opened = Array.from({ length: streams }, (_, index) => headers(HEAD, FLAG.endHeaders, 2 * index + 1))
    const fault = frame(FRAME.ping, 0, 1, Buffer.alloc(8))
    socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0, NOTHING), ...opened, fault]))
    await delay(20)
    socket.destroy()
    return
  }
  const session = http2.connect(`http://127.0.0.1:${port}`, { createConnection: () => socket })
  session.on('error', () => {})
  const shot = goodShot('grpc', SEND, goodRequest(SEND, 'x'), '2')
  for (let index = 0; index < streams; index += 1) {
    const request = session.request(h2Headers(shot), { endStream: false })
    request.on('error', () => {})
    if (index % 2 === 0) request.write(shot.body)
  }
  await delay(20)
  if (how === 'goaway') session.destroy()
  else if (how === 'close') socket.destroy()
  else socket.resetAndDestroy()
}
