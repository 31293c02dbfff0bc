/** Bytes on a socket that are no proper HTTP/1.1, or not all of it: garbage, smuggling, requests that never end. */
import { setTimeout as delay } from 'node:timers/promises'
import type { DescMethod } from '@bufbuild/protobuf'
import { fc } from '../support/property.js'
import type { HttpAnswer } from './support/answer.js'
import { battle } from './support/attack.js'
import { type Form, judge } from './support/forms.js'
import { H1Connection } from './support/http1.js'
import { goodRequest } from './support/schema.js'
import { BINDINGS, type Binding, goodShot, h1Bytes, METHODS } from './support/shots.js'
import { checkInsides, type Target } from './support/target.js'

const TIMEOUTS = { headersTimeoutMs: 250, bodyTimeoutMs: 300 }

const { attack } = battle('raw-sockets', TIMEOUTS)

const SEND = METHODS.find(({ name }) => name === 'SendMessage') as DescMethod
const STREAM = METHODS.find(({ name }) => name === 'SendStreamingMessage') as DescMethod

/** Time in which a connection has to be over when its peer has said all it will say. */
const OVER_MS = 2_000

/** Each on a connection of its own, all at once: most of them have to wait for a timeout. */
const AT_ONCE = 60

interface Conversation {
  readonly what: string
  /** What is written, and in between how long is waited, in milliseconds. One character for each byte. */
  readonly steps: readonly (string | number)[]
  /** What the client does then: nothing, or the end of its side, or an end without a goodbye. */
  readonly end: 'wait' | 'finish' | 'reset'
  /** The most answers that may come. */
  readonly answers: number
  /** What comes is no HTTP/1.1. */
  readonly binary?: boolean
}

async function talk(conversation: Conversation, target: Target): Promise<void> {
  target.inputs += 1
  const { what, steps, end, answers: most, binary } = conversation
  const connection = new H1Connection(target.port)
  try {
    for (const step of steps) {
      if (typeof step === 'number') await delay(step)
      else connection.write(step.replaceAll('PORT', String(target.port)))
    }
    if (end === 'finish') connection.finish()
    if (end === 'reset') {
      connection.socket.resetAndDestroy()
      return
    }
    if (binary === true) {
      const ended = await connection.closed(OVER_MS)
      if (!ended) throw new Error('the connection is still open')
      return
    }
    const { answers, rest, ended } = await connection.untilClosed(OVER_MS)
    if (!ended) throw new Error('the connection is still open')
    if (rest.length > 0) throw new Error(`half an answer: ${rest.toString('latin1', 0, 200)}`)
    if (answers.length > most) throw new Error(`${answers.length} answers in place of ${most}`)
    for (const answer of answers) {
      checkInsides(answer, { body: Buffer.from(steps.join(''), 'latin1'), path: '' })
      const verdict = judge(formOf(answer, what), answer)
      if (verdict.ok) throw new Error(`accepted: ${answer.status} ${answer.body.toString('latin1', 0, 200)}`)
    }
  } catch (error) {
    throw new Error(`${what} (${JSON.stringify(steps).slice(0, 300)}): ${(error as Error).message}`, { cause: error })
  } finally {
    connection.close()
  }
}

/** The form that the answer claims to have. */
function formOf(answer: HttpAnswer, what: string): Form {
  const type = answer.headers['content-type'] ?? ''
  if (type.startsWith('application/grpc-web')) return 'grpc-web'
  if (type.startsWith('application/grpc')) return 'grpc'
  if (type.startsWith('application/connect')) return 'connect-stream'
  if (what.startsWith('connect') && answer.body.length > 0) return 'connect'
  if (answer.body.includes('"jsonrpc"')) return 'jsonrpc'
  return 'http'
}

// --- Garbage ---

const STARTS = [
  '',
  ' ',
  '\r\n',
  '\n',
  '\r',
  '\u0000',
  '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003',
  'SSH-2.0-x\r\n',
  'EHLO x\r\n',
  '*1\r\n$4\r\nPING\r\n',
  'PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n',
  'GET /',
  'GET / ',
  'GET / HTTP',
  'GET / HTTP/1.1\r\n',
  'GET / HTTP/0.9\r\n\r\n',
  'GET / HTTP/3.0\r\n\r\n',
  'GET /\r\n\r\n',
  'get / HTTP/1.1\r\n\r\n',
  'GET  /  HTTP/1.1\r\n\r\n',
  'GET\t/\tHTTP/1.1\r\n\r\n',
  'GET / HTTP/1.1 \r\n\r\n',
  'POST / HTTP/1.1\r\nhost: localhost\r\n',
  'P',
  'PR',
  'PRI',
  'PRI * HTTP/1.1\r\n\r\n',
  'PRI * HTTP/2.0',
  'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n',
  'HTTP/1.1 200 OK\r\n\r\n',
  '\u00ff\u00fe',
  '{"jsonrpc":"2.0"}',
]

const garbage: fc.Arbitrary<Conversation> = fc
  .record({
    start: fc.constantFrom(...STARTS),
    bytes: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    pause: fc.constantFrom(undefined, undefined, 5),
    end: fc.constantFrom('wait', 'wait', 'finish', 'reset') as fc.Arbitrary<Conversation['end']>,
  })
  // The whole preface of HTTP/2 is for another test.
  .filter(({ start, bytes }) => !`${start}${bytes}`.startsWith('PRI * HTTP/2.0\r\n\r\nSM'))
  .map(({ start, bytes, pause, end }) => ({
    what: 'garbage',
    steps: pause === undefined ? [start + bytes] : [start, pause, bytes],
    end,
    answers: 1,
  }))

const GARBAGE: readonly Conversation[] = STARTS.flatMap((start) =>
  (['wait', 'finish', 'reset'] as const).map((end) => ({ what: 'garbage', steps: [start], end, answers: 1 })),
)

attack<Conversation>('garbage on a socket is refused and the connection closed', {
  runs: 360,
  inputs: garbage,
  examples: GARBAGE,
  atOnce: AT_ONCE,
  send: talk,
})

// --- Smuggling ---

const HIDDEN = 'GET /tasks HTTP/1.1\r\nhost: localhost\r\n\r\n'
const RPC = '{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{}}'

/** A POST of JSON-RPC with these lines in its head, and this after it. */
function post(lines: string, after: string): string {
  return `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${lines}\r\n${after}`
}

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`
}

const LENGTH = `content-length: ${RPC.length}\r\n`
const CHUNKED = 'transfer-encoding: chunked\r\n'

const SMUGGLED: readonly (readonly [string, string])[] = [
  ['length and chunked', post(`${LENGTH}${CHUNKED}`, `0\r\n\r\n${HIDDEN}`)],
  ['chunked and length', post(`${CHUNKED}${LENGTH}`, `0\r\n\r\n${HIDDEN}`)],
  ['two lengths', post(`${LENGTH}content-length: 0\r\n`, RPC + HIDDEN)],
  ['two lengths, the other way', post(`content-length: 0\r\n${LENGTH}`, RPC + HIDDEN)],
  ['a list of lengths', post(`content-length: ${RPC.length}, 0\r\n`, RPC + HIDDEN)],
  ['a length with a plus', post(`content-length: +${RPC.length}\r\n`, RPC + HIDDEN)],
  ['a negative length', post('content-length: -1\r\n', RPC + HIDDEN)],
  ['a hexadecimal length', post('content-length: 0x10\r\n', RPC + HIDDEN)],
  ['a length with a fraction', post('content-length: 1.0\r\n', RPC + HIDDEN)],
  ['a length with an exponent', post('content-length: 1e1\r\n', RPC + HIDDEN)],
  ['a length in the middle of blanks', post('content-length: 1 0\r\n', RPC + HIDDEN)],
  ['an empty length', post('content-length: \r\n', HIDDEN)],
  ['a length of words', post('content-length: many\r\n', RPC + HIDDEN)],
  ['a length beyond 2^64', post('content-length: 18446744073709551616\r\n', RPC + HIDDEN)],
  ['a length with a NUL', post(`content-length: ${RPC.length}\u0000\r\n`, RPC + HIDDEN)],
  ['chunked twice', post(`${CHUNKED}${CHUNKED}`, `0\r\n\r\n${HIDDEN}`)],
  ['chunked, chunked', post('transfer-encoding: chunked, chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['chunked, identity', post('transfer-encoding: chunked, identity\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['identity', post('transfer-encoding: identity\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['xchunked', post('transfer-encoding: xchunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['chunked after a vertical tab', post('transfer-encoding: \u000bchunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['chunked before a NUL', post('transfer-encoding: chunked\u0000\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['chunked in quotes', post('transfer-encoding: "chunked"\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['gzip, chunked and a length', post(`transfer-encoding: gzip, chunked\r\n${LENGTH}`, `0\r\n\r\n${HIDDEN}`)],
  ['a blank before the colon', post(`content-length : ${RPC.length}\r\n`, RPC + HIDDEN)],
  ['a tab before the colon', post('transfer-encoding\t: chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['a blank before the name', post(` content-length: ${RPC.length}\r\n`, RPC + HIDDEN)],
  ['a folded line', post(`x: y\r\n content-length: 0\r\n${LENGTH}`, RPC + HIDDEN)],
  ['a folded chunked', post('transfer-encoding:\r\n chunked\r\n', `0\r\n\r\n${HIDDEN}`)],
  ['a bare LF in the head', post(`x: y\n${LENGTH}`, RPC + HIDDEN)],
  ['a bare CR in the head', post(`x: y\r${LENGTH}`, RPC + HIDDEN)],
  ['only bare LFs', post(LENGTH, RPC + HIDDEN).replaceAll('\r\n', '\n')],
  ['a NUL in a name', post(`x\u0000: y\r\n${LENGTH}`, RPC + HIDDEN)],
  ['no colon', post(`x\r\n${LENGTH}`, RPC + HIDDEN)],
  ['no name', post(`: x\r\n${LENGTH}`, RPC + HIDDEN)],
  ['a name with brackets', post(`x[]: y\r\n${LENGTH}`, RPC + HIDDEN)],
  ['a name outside of ASCII', post(`caf\u00e9: y\r\n${LENGTH}`, RPC + HIDDEN)],
  ['a chunk size with 0x', post(CHUNKED, `0x5\r\nabcde\r\n0\r\n\r\n${HIDDEN}`)],
  ['a negative chunk size', post(CHUNKED, `-5\r\nabcde\r\n0\r\n\r\n${HIDDEN}`)],
  ['a chunk size with a plus', post(CHUNKED, `+5\r\nabcde\r\n0\r\n\r\n${HIDDEN}`)],
  ['a chunk size beyond 2^64', post(CHUNKED, `10000000000000005\r\nabcde\r\n0\r\n\r\n${HIDDEN}`)],
  ['no chunk size', post(CHUNKED, `\r\nabcde\r\n0\r\n\r\n${HIDDEN}`)],
  ['a chunk longer than it says', post(CHUNKED, `3\r\nabcdef\r\n0\r\n\r\n${HIDDEN}`)],
  ['a chunk that ends with LF', post(CHUNKED, `${chunk(RPC).slice(0, -2)}\n0\r\n\r\n${HIDDEN}`)],
  ['a chunk size that ends with LF', post(CHUNKED, `${RPC.length.toString(16)}\n${RPC}\r\n0\r\n\r\n${HIDDEN}`)],
  ['a chunk extension with LF', post(CHUNKED, `${RPC.length.toString(16)};a\n${RPC}\r\n0\r\n\r\n${HIDDEN}`)],
  ['a length in a trailer', post(CHUNKED, `${chunk(RPC)}0\r\ncontent-length: 5\r\n\r\n${HIDDEN}`)],
  ['two hosts', `GET /tasks HTTP/1.1\r\nhost: localhost\r\nhost: evil.test\r\nconnection: close\r\n\r\n`],
  ['no host', 'GET /tasks HTTP/1.1\r\nconnection: close\r\n\r\n'],
  ['an empty host', 'GET /tasks HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n'],
  ['another host in the target', 'GET http://evil.test/tasks HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'],
  ['a blank in the target', 'GET /tasks /x HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ['a NUL in the target', 'GET /tasks\u0000 HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ['a CONNECT', 'CONNECT evil.test:443 HTTP/1.1\r\nhost: localhost\r\n\r\n'],
  ['too long a head', `GET /tasks HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(60_000)}\r\n\r\n`],
  ['too many heads', `GET /tasks HTTP/1.1\r\nhost: localhost\r\n${'x: y\r\n'.repeat(8_000)}\r\n`],
  ['too long a target', `GET /${'x'.repeat(60_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`],
]

const SMUGGLING: readonly Conversation[] = SMUGGLED.map(([what, text]) => ({
  what,
  steps: [text],
  end: 'wait',
  answers: 1,
}))

attack<Conversation>('a request whose end is in doubt is refused, and nothing behind it is a second request', {
  runs: 1,
  inputs: fc.constantFrom(...SMUGGLING),
  examples: SMUGGLING,
  send: talk,
})

/** Legal, though rarely seen: one answer to each request, in order, and no switch to another protocol. */
const LEGAL: readonly (readonly [string, string, number])[] = [
  ['two in one packet', post(LENGTH, RPC) + post(`${LENGTH}connection: close\r\n`, RPC), 2],
  ['blank lines before', `\r\n\r\n${post(`${LENGTH}connection: close\r\n`, RPC)}`, 1],
  ['chunks of one byte', post(`${CHUNKED}connection: close\r\n`, `${[...RPC].map(chunk).join('')}0\r\n\r\n`), 1],
  ['a trailer', post(`${CHUNKED}connection: close\r\n`, `${chunk(RPC)}0\r\nx-trailer: y\r\n\r\n`), 1],
  [
    'an upgrade to h2c',
    post(
      `${LENGTH}connection: upgrade, http2-settings, close\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n`,
      RPC,
    ),
    1,
  ],
  [
    'an upgrade to a WebSocket',
    post(`${LENGTH}connection: upgrade, close\r\nupgrade: websocket\r\nsec-websocket-key: x\r\n`, RPC),
    1,
  ],
  ['100-continue', post(`${LENGTH}expect: 100-continue\r\nconnection: close\r\n`, RPC), 1],
  ['HTTP/1.0', post(LENGTH, RPC).replace('HTTP/1.1', 'HTTP/1.0'), 1],
]

attack<(typeof LEGAL)[number]>('an unusual but legal request is answered once', {
  runs: 1,
  inputs: fc.constantFrom(...LEGAL),
  examples: LEGAL,
  async send([what, text, expected], target) {
    target.inputs += 1
    const connection = new H1Connection(target.port)
    connection.write(text)
    const { answers, ended } = await connection.untilClosed(OVER_MS)
    connection.close()
    const statuses = answers.map(({ status }) => status).join()
    if (statuses !== Array(expected).fill(200).join() || !ended)
      throw new Error(`${what}: ${statuses}, ended: ${ended}`)
  },
})

// --- Half sent ---

const CUTS = ['head', 'before the body', 'body', 'slow body', 'slow head'] as const

function cut(bytes: string, where: (typeof CUTS)[number], place: number): (string | number)[] {
  const body = bytes.indexOf('\r\n\r\n') + 4
  const within = (from: number, to: number) => from + Math.floor(place * (to - from))
  switch (where) {
    case 'head':
      return [bytes.slice(0, within(1, body - 1))]
    case 'before the body':
      return [bytes.slice(0, body)]
    case 'body':
      return [bytes.slice(0, within(body + 1, bytes.length - 1))]
    case 'slow body':
      return [bytes.slice(0, body), ...[...bytes.slice(body, body + 9)].flatMap((byte) => [byte, 60])]
    case 'slow head':
      return [...bytes.slice(0, 9)].flatMap((byte) => [byte, 60])
  }
}

const halves: fc.Arbitrary<Conversation> = fc
  .record({
    binding: fc.constantFrom(...BINDINGS) as fc.Arbitrary<Binding>,
    method: fc.constantFrom(SEND, STREAM),
    where: fc.constantFrom(...CUTS),
    place: fc.double({ min: 0, max: 0.99, noNaN: true }),
    end: fc.constantFrom('wait', 'wait', 'finish', 'reset') as fc.Arbitrary<Conversation['end']>,
    chunked: fc.boolean(),
  })
  .map(({ binding, method, where, place, end, chunked }) => {
    const shot = goodShot(binding, method, goodRequest(method, 'x'))
    const body = shot.body?.toString('latin1') ?? ''
    const whole = chunked
      ? {
          ...shot,
          headers: { ...shot.headers, 'transfer-encoding': 'chunked' },
          body: Buffer.from(`${chunk(body)}0\r\n\r\n`, 'latin1'),
        }
      : shot
    return {
      what: `${binding} cut off: ${where}`,
      steps: cut(h1Bytes(whole, 0).toString('latin1').replace(':0\r\n', ':PORT\r\n'), where, place),
      end,
      answers: 1,
    }
  })

function head(lines: string): string {
  return `${lines}content-length: 20000000\r\n\r\n`
}

/** Refused by its head, while the client has not sent the body, and will not. */
const EARLY: readonly Conversation[] = [
  ['too large', head('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n')],
  ['a wrong media type', head('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n')],
  [
    'a wrong media type',
    head('POST /lf.a2a.v1.A2AService/GetTask HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n'),
  ],
  ['no such path', head('POST /nope HTTP/1.1\r\nhost: localhost\r\n')],
  ['a wrong method', head('PUT /tasks HTTP/1.1\r\nhost: localhost\r\n')],
  ['a wrong host', head('POST / HTTP/1.1\r\nhost: evil.test\r\n')],
  ['a wrong origin', head('POST / HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.test\r\n')],
  ['no such agent', head('POST /agents/nobody HTTP/1.1\r\nhost: localhost\r\n')],
].map(([what = '', text = '']) => ({ what: `refused early: ${what}`, steps: [text], end: 'wait', answers: 1 }))

attack<Conversation>('a request that is not sent to its end is over after its time, on every binding', {
  runs: 300,
  inputs: halves,
  examples: EARLY,
  atOnce: AT_ONCE,
  send: talk,
})
