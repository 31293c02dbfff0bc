/** Inputs that are large, or become large when they are read: at the limits as they are shipped. */
import { gzipSync } from 'node:zlib'
import type { DescMethod } from '@bufbuild/protobuf'
import { Health } from '../../gen/grpc/health/v1/health_pb.js'
import { fc } from '../support/property.js'
import { isClosed } from './support/answer.js'
import { battle } from './support/attack.js'
import { goodRequest } from './support/schema.js'
import {
  BINARY_BINDINGS,
  BINDINGS,
  type BinaryBinding,
  type Binding,
  binaryShot,
  envelope,
  goodShot,
  JSON_BINDINGS,
  type JsonBinding,
  jsonShot,
  METHODS,
  type Shot,
} from './support/shots.js'
import type { Expected, Target } from './support/target.js'

const { attack } = battle('large-inputs')

const [SEND, GET, LIST] = ['SendMessage', 'GetTask', 'ListTasks'].map((name) =>
  METHODS.find((method) => method.name === name),
) as [DescMethod, DescMethod, DescMethod]

const MIB = 1_048_576
/** Bytes of one request, as shipped. */
const LIMIT = 4 * MIB

/**
 * How much work of this process, which is server and client, one input may cause: it holds up everybody else. What is
 * quadratic or makes millions of objects takes many times that; collecting the garbage of earlier inputs may fall into
 * any one try, so the best of several counts.
 */
const WORK_MS = 500
const TRIES = 3

/** Large contents are made when they are sent, and shown by their names. */
interface Large<B extends Binding = Binding> {
  readonly binding: B
  readonly what: string
}

async function shoot(target: Target, shot: Shot, what: string, expected: Expected = { refused: true }): Promise<void> {
  let least = Number.POSITIVE_INFINITY
  for (let tried = 0; tried < TRIES && least > WORK_MS; tried += 1) {
    const before = process.cpuUsage()
    await target.shoot(shot, expected)
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, Math.round((user + system) / 1_000))
  }
  if (least > WORK_MS) throw new Error(`${what} caused ${least} ms of work`)
}

// --- Too many bytes ---

interface TooMany {
  readonly binding: Binding
  readonly version: Shot['version']
  readonly chunked: boolean
  readonly bytes: number
}

const TOO_MANY: readonly TooMany[] = BINDINGS.flatMap((binding, index) => [
  { binding, version: '1.1' as const, chunked: index % 2 === 0 },
  { binding, version: '2' as const, chunked: index % 2 === 1 },
])
  .filter(({ binding, version }) => binding !== 'grpc' || version === '2')
  .map((input) => ({ ...input, bytes: input.chunked ? 3 * LIMIT : LIMIT + 1 }))

attack<TooMany>('a request above the limit is refused, and its connection goes on', {
  runs: 1,
  inputs: fc.constantFrom(...TOO_MANY),
  examples: TOO_MANY,
  async send({ binding, version, chunked, bytes }, target) {
    const message = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'x'.repeat(bytes) }] }
    const shot = goodShot(binding, SEND, { message }, version)
    const outcome = await target.fire(chunked ? inChunks(shot) : shot, () => target.idle(300))
    const verdict = await target.judge(shot, outcome, { refused: true })
    if (verdict?.reason !== 'PAYLOAD_TOO_LARGE' && verdict?.code !== 'resource_exhausted' && verdict?.code !== 8) {
      throw new Error(`${verdict?.code} ${verdict?.reason} in place of a limit that is named`)
    }
    await target.shoot({ version, form: 'http', method: 'GET', path: '/livez', headers: {} })
  },
})

/** On HTTP/2 without a length. */
function inChunks(shot: Shot): Shot {
  if (shot.version === '2' || shot.body === undefined) return shot
  const half = shot.body.length >> 1
  const chunks = [shot.body.subarray(0, half), shot.body.subarray(half), Buffer.alloc(0)]
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ])
  return { ...shot, headers: { ...shot.headers, 'transfer-encoding': 'chunked' }, body: Buffer.concat(framed) }
}

// --- Compressed ---

const BOMBS = new Map<string, () => Buffer>([
  ['64 MiB of zeros', () => gzipSync(Buffer.alloc(64 * MIB))],
  ['8 MiB of blanks', () => gzipSync(Buffer.alloc(8 * MIB, ' '))],
  ['64 MiB, twice compressed', () => gzipSync(gzipSync(Buffer.alloc(64 * MIB)))],
  [
    'a good request with 5 MiB of text',
    () =>
      gzipSync(
        Buffer.from(
          JSON.stringify({ message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'x'.repeat(5 * MIB) }] } }),
        ),
      ),
  ],
])

const made = new Map<string, Buffer>()

function once(name: string, make: () => Buffer): Buffer {
  const known = made.get(name) ?? make()
  made.set(name, known)
  return known
}

type Bomb = Large<'connect-json' | 'connect' | 'grpc' | 'grpc-web'>

const BOMB_CASES: readonly Bomb[] = (['connect-json', 'connect', 'grpc', 'grpc-web'] as const).flatMap((binding) =>
  [...BOMBS.keys()].map((what) => ({ binding, what })),
)

attack<Bomb>('a small body that becomes large is refused while it is unpacked', {
  runs: 1,
  inputs: fc.constantFrom(...BOMB_CASES),
  examples: BOMB_CASES,
  async send({ binding, what }, target) {
    const data = once(what, BOMBS.get(what) ?? (() => Buffer.alloc(0)))
    const shot = goodShot(binding, SEND, goodRequest(SEND, 'x'), binding === 'grpc' ? '2' : '1.1')
    const framed = binding === 'grpc' || binding === 'grpc-web'
    await shoot(
      target,
      {
        ...shot,
        headers: { ...shot.headers, [framed ? 'grpc-encoding' : 'content-encoding']: 'gzip' },
        body: framed ? envelope(data, 1) : data,
      },
      what,
    )
  },
})

// --- JSON that is small to send and large to read ---

function around(data: string): string {
  return `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"data":${data}}]}}`
}

function filled(piece: string, bytes: number): string {
  return piece.repeat(Math.floor(bytes / piece.length))
}

const ALMOST = LIMIT - 1_000

/** One large and simple value is none: it is a message like any other, see the contract of large values. */
const JSON_BOMBS = new Map<string, () => string>([
  ['empty objects', () => around(`[${filled('{},', ALMOST)}{}]`)],
  ['empty arrays', () => around(`[${filled('[],', ALMOST)}[]]`)],
  ['ones', () => around(`[${filled('1,', ALMOST)}1]`)],
  ['empty strings', () => around(`[${filled('"",', ALMOST)}""]`)],
  ['nulls', () => around(`[${filled('null,', ALMOST)}null]`)],
  ['keys', () => around(`{${Array.from({ length: 300_000 }, (_, index) => `"k${index}":1`).join(',')}}`)],
  [
    'keys like numbers',
    () => around(`{${Array.from({ length: 300_000 }, (_, index) => `"${index * 65_536}":1`).join(',')}}`),
  ],
  ['one key of 4 MB', () => around(`{"${filled('k', ALMOST)}":1}`)],
  ['one string that never ends', () => `"${filled('\\"', ALMOST)}`],
  ['one number of 4 MB', () => around(filled('1', ALMOST))],
  ['depth, closed', () => around(`${filled('[', ALMOST / 2)}${filled(']', ALMOST / 2)}`)],
  ['depth, open', () => filled('{"a":', ALMOST)],
  ['blanks', () => `${filled(' ', ALMOST)}{}`],
  ['unknown fields', () => `{${Array.from({ length: 300_000 }, (_, index) => `"u${index}":1`).join(',')}}`],
  ['empty parts', () => `{"message":{"messageId":"m","role":"ROLE_USER","parts":[${filled('{},', ALMOST)}{}]}}`],
  [
    'text parts',
    () => `{"message":{"messageId":"m","role":"ROLE_USER","parts":[${filled('{"text":""},', ALMOST)}{}]}}`,
  ],
  [
    'extensions',
    () =>
      `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}],"extensions":[${filled('"",', ALMOST)}""]}}`,
  ],
  ['commas', () => filled(',', ALMOST)],
  ['colons', () => filled(':', ALMOST)],
  ['braces', () => filled('{}', ALMOST)],
])

type JsonBomb = Large<JsonBinding>

/** REST reads like JSON-RPC, and Connect in a way of its own: all on one, some on the others. */
const EVERY: Readonly<Record<JsonBinding, number>> = { jsonrpc: 1, rest: 3, 'connect-json': 2 }

const JSON_BOMB_CASES: readonly JsonBomb[] = JSON_BINDINGS.flatMap((binding) =>
  [...JSON_BOMBS.keys()].filter((_, index) => index % EVERY[binding] === 0).map((what) => ({ binding, what })),
)

attack<JsonBomb>('JSON that is costly to read is refused before it is read, and stalls nobody', {
  runs: 1,
  inputs: fc.constantFrom(...JSON_BOMB_CASES),
  examples: JSON_BOMB_CASES,
  async send({ binding, what }, target) {
    const text = JSON_BOMBS.get(what)?.() ?? ''
    await shoot(target, jsonShot(binding, SEND, text), what)
  },
})

// --- The same for protobuf ---

function repeated(unit: readonly number[], bytes: number): Buffer {
  return Buffer.alloc(Math.floor(bytes / unit.length) * unit.length, Buffer.from(unit))
}

function field(number: number, data: Uint8Array): Buffer {
  const length: number[] = []
  for (let rest = data.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), data])
}

/** A message whose one data part has a list of these values. */
function withList(values: Uint8Array): Buffer {
  return field(
    2,
    Buffer.concat([field(1, Buffer.from('m')), Buffer.from([0x20, 1]), field(5, field(4, field(6, values)))]),
  )
}

const BINARY_BOMBS = new Map<string, () => Buffer>([
  ['nulls', () => withList(repeated([0x0a, 0x02, 0x08, 0x00], ALMOST))],
  ['empty structs', () => withList(repeated([0x0a, 0x02, 0x2a, 0x00], ALMOST))],
  ['empty parts', () => field(2, repeated([0x2a, 0x00], ALMOST))],
  ['empty texts', () => field(2, repeated([0x2a, 0x02, 0x0a, 0x00], ALMOST))],
  ['empty extensions', () => field(2, repeated([0x3a, 0x00], ALMOST))],
  ['unknown numbers', () => repeated([0xf8, 0x07, 0x01], ALMOST)],
  ['the same id again and again', () => field(2, repeated([0x0a, 0x01, 0x6d], ALMOST))],
])

type BinaryBomb = Large<BinaryBinding>

/** The three read alike: one of them for each. */
const BINARY_BOMB_CASES: readonly BinaryBomb[] = [...BINARY_BOMBS.keys()].map((what, index) => ({
  binding: BINARY_BINDINGS[index % BINARY_BINDINGS.length] ?? 'grpc',
  what,
}))

attack<BinaryBomb>('protobuf that is costly to read is refused, and stalls nobody', {
  runs: 1,
  inputs: fc.constantFrom(...BINARY_BOMB_CASES),
  examples: BINARY_BOMB_CASES,
  async send({ binding, what }, target) {
    const message = BINARY_BOMBS.get(what)?.() ?? Buffer.alloc(0)
    await shoot(target, binaryShot(binding, SEND, message, binding === 'grpc' ? '2' : '1.1'), what)
  },
})

// --- Errors that could become as large as what they are about ---

const LONG = 'x'.repeat(MIB)
const USER = { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'x' }] }

const LONG_ERRORS: readonly (readonly [string, DescMethod, object])[] = [
  ['a task id of 1 MB', GET, { id: LONG }],
  ['a task id of 100 KB', GET, { id: LONG.slice(0, 100_000) }],
  ['a task id of 20 KB', GET, { id: LONG.slice(0, 20_000) }],
  ['a task id of 5 KB', GET, { id: LONG.slice(0, 5_000) }],
  ['a task id of 20 KB that is no ASCII', GET, { id: '\u{1f4a5}'.repeat(5_000) }],
  ['a task id of a message', SEND, { message: { ...USER, taskId: LONG.slice(0, 100_000) } }],
  ['a message id', SEND, { message: { ...USER, messageId: LONG } }],
  ['a context id', SEND, { message: { ...USER, contextId: LONG } }],
  ['a media type of 1 MB', SEND, { message: { ...USER, parts: [{ text: 'x', mediaType: LONG }] } }],
  ['a media type of 20 KB', SEND, { message: { ...USER, parts: [{ text: 'x', mediaType: LONG.slice(0, 20_000) }] } }],
  ['a tenant of 1 MB', LIST, { tenant: LONG }],
  ['a page token of 1 MB', LIST, { pageToken: LONG }],
  ['10 parts that are empty', SEND, { message: { ...USER, parts: Array(10).fill({}) } }],
  ['200 parts that are empty', SEND, { message: { ...USER, parts: Array(200).fill({}) } }],
  ['900 parts that are empty', SEND, { message: { ...USER, parts: Array(900).fill({}) } }],
  ['5000 parts that are empty', SEND, { message: { ...USER, parts: Array(5_000).fill({}) } }],
  ['a service of 100 KB', Health.method.check, { service: LONG.slice(0, 100_000) }],
  ['45000 extensions', SEND, { message: { ...USER, role: 'ROLE_AGENT', extensions: Array(45_000).fill('x') } }],
]

type LongError = Large

/** A head of REST has no room for these; everything that has a body has. Health is for RPCs alone. */
function hasRoom(binding: Binding, method: DescMethod): boolean {
  if (binding === 'rest') return method === SEND
  return binding !== 'jsonrpc' || METHODS.includes(method)
}

const LONG_ERROR_CASES: readonly LongError[] = BINDINGS.flatMap((binding) =>
  LONG_ERRORS.filter(([, method]) => hasRoom(binding, method)).map(([what]) => ({ binding, what })),
)

/** Room that heads and trailers have on most ways: what is longer never arrives on gRPC. */
const MAX_ERROR_BYTES = 8_192

attack<LongError>('an error is a short answer, however large the fault is', {
  runs: 1,
  inputs: fc.constantFrom(...LONG_ERROR_CASES),
  examples: LONG_ERROR_CASES,
  async send({ binding, what }, target) {
    const [, method, request] = LONG_ERRORS.find(([name]) => name === what) ?? ['', SEND, {}]
    const shot = goodShot(binding, method, request as never, binding === 'grpc' ? '2' : '1.1')
    const outcome = await target.fire(shot)
    await target.judge(shot, outcome, { refused: true })
    const bytes = isClosed(outcome) ? 0 : outcome.body.length + JSON.stringify(outcome.trailers).length
    if (bytes > MAX_ERROR_BYTES) throw new Error(`an error of ${bytes} bytes`)
  },
})
