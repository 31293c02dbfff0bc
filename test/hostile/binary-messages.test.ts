/** Messages that are no protobuf, and frames that are no frames: on Connect, gRPC and gRPC-Web. */
import { gzipSync } from 'node:zlib'
import { type DescField, type DescMessage, type DescMethod, ScalarType } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { Health } from '../../gen/grpc/health/v1/health_pb.js'
import { ServerReflection } from '../../gen/grpc/reflection/v1/reflection_pb.js'
import { fc } from '../support/property.js'
import { battle } from './support/attack.js'
import { goodRequest } from './support/schema.js'
import {
  BINARY_BINDINGS,
  type BinaryBinding,
  binaryShot,
  encode,
  envelope,
  METHODS,
  type Shot,
} from './support/shots.js'

const { attack } = battle('binary-messages')

const SEND = METHODS.find(({ name }) => name === 'SendMessage') as DescMethod
const STREAM = METHODS.find(({ name }) => name === 'SendStreamingMessage') as DescMethod
const CHECK = Health.method.check
const REFLECTION = ServerReflection.method.serverReflectionInfo

/** Watching never ends, and is left out. */
const ALL: readonly DescMethod[] = [...METHODS, CHECK, REFLECTION]

interface Message {
  readonly binding: BinaryBinding
  readonly method: DescMethod
  /** Hexadecimal. */
  readonly bytes: string
}

function shotOf({ binding, method, bytes }: Message): Shot {
  // Both directions at once are for gRPC alone, and for HTTP/2.
  const wire = method.methodKind === 'bidi_streaming' ? 'grpc' : binding
  return binaryShot(wire, method, Buffer.from(bytes, 'hex'), wire === 'grpc' ? '2' : '1.1')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function goodBytes(method: DescMethod): Uint8Array {
  return METHODS.includes(method)
    ? encode(method, goodRequest(method, 'no-such-task'))
    : new Uint8Array([0x0a, 0x01, 0x78])
}

const bindings = fc.constantFrom(...BINARY_BINDINGS)
const methods = fc.constantFrom(SEND, STREAM, ...ALL)

attack<Message>('a message with some bytes changed is answered or refused, and what is accepted can be read', {
  runs: 700,
  inputs: fc
    .record({
      binding: bindings,
      method: methods,
      changes: fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 0.999, noNaN: true }),
          kind: fc.constantFrom('flip', 'insert', 'delete', 'cut', 'repeat'),
          value: fc.nat(255),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map(({ changes, binding, method }): Message => {
      let bytes = [...goodBytes(method)]
      for (const { at, kind, value } of changes) {
        const place = Math.floor(at * bytes.length)
        if (kind === 'flip') bytes[place] = (bytes[place] ?? 0) ^ (1 << (value % 8))
        else if (kind === 'insert') bytes.splice(place, 0, value)
        else if (kind === 'delete') bytes.splice(place, 1 + (value % 4))
        else if (kind === 'repeat') bytes = [...bytes, ...bytes.slice(place)]
        else bytes = bytes.slice(0, place)
      }
      return { binding, method, bytes: hex(Uint8Array.from(bytes)) }
    }),
  async send(message, target) {
    await target.shoot(shotOf(message))
  },
})

attack<Message>('any bytes as a message are answered or refused', {
  runs: 400,
  inputs: fc.record({ binding: bindings, method: methods, bytes: fc.uint8Array({ maxLength: 120 }).map(hex) }),
  examples: BINARY_BINDINGS.map((binding) => ({ binding, method: SEND, bytes: '40' })),
  async send(message, target) {
    await target.shoot(shotOf(message))
  },
})

/** Each field of the message with each wire type that is not its own, alone in the message. */
function wrongWireTypes(desc: DescMessage): Uint8Array[] {
  return desc.fields.flatMap((field) =>
    [
      WireType.Varint,
      WireType.Bit64,
      WireType.LengthDelimited,
      WireType.StartGroup,
      WireType.EndGroup,
      WireType.Bit32,
      6,
      7,
    ]
      .filter((type) => type !== wireTypeOf(field))
      .map((type) => {
        const writer = new BinaryWriter().uint32(((field.number << 3) | type) >>> 0)
        if (type === WireType.LengthDelimited) writer.bytes(new Uint8Array([1, 2, 3]))
        else writer.raw(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]))
        return writer.finish()
      }),
  )
}

function wireTypeOf(field: DescField): number {
  return field.enum !== undefined || field.scalar === ScalarType.BOOL || field.scalar === ScalarType.INT32
    ? WireType.Varint
    : WireType.LengthDelimited
}

const WIRE_TYPES = ALL.flatMap((method) =>
  wrongWireTypes(method.input).map(
    (bytes, index): Message => ({
      binding: BINARY_BINDINGS[index % BINARY_BINDINGS.length] ?? 'grpc',
      method,
      bytes: hex(bytes),
    }),
  ),
)

attack<Message>('a field with the wrong wire type does no harm, in every message', {
  runs: 1,
  inputs: fc.constantFrom(...WIRE_TYPES),
  examples: WIRE_TYPES,
  async send(message, target) {
    await target.shoot(shotOf(message))
  },
})

function field(number: number, data: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .uint32((number << 3) | 2)
    .bytes(data)
    .finish()
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

function text(value: string): Uint8Array {
  return Buffer.from(value, 'latin1')
}

/** A SendMessageRequest whose one data part is this `google.protobuf.Value`. */
function withData(value: Uint8Array): Uint8Array {
  const role = new Uint8Array([0x20, 0x01])
  return field(2, join(field(1, text('m')), role, field(5, field(4, value))))
}

/** A list value within a list value, and so on. */
function nested(depth: number): Uint8Array {
  let value: Uint8Array = new Uint8Array([0x08, 0x00])
  for (let level = 0; level < depth; level += 1) value = field(6, field(1, value))
  return value
}

function float(number: number): Uint8Array {
  return new BinaryWriter()
    .uint32((2 << 3) | 1)
    .double(number)
    .finish()
}

/** What JSON has no way to say, or no reader would take. */
const UNREADABLE: readonly (readonly [string, Uint8Array])[] = [
  ['NaN', withData(float(Number.NaN))],
  ['Infinity', withData(float(Number.POSITIVE_INFINITY))],
  ['-Infinity in a list', withData(field(6, field(1, float(Number.NEGATIVE_INFINITY))))],
  ['a value without a kind', withData(new Uint8Array())],
  ['a value without a kind in a list', withData(field(6, field(1, new Uint8Array())))],
  ['no UTF-8', withData(field(3, text('\u00ff\u00fe')))],
  ['half a surrogate pair', withData(field(3, text('\u00ed\u00a0\u0080')))],
  [
    'no UTF-8 in a key',
    withData(field(5, field(1, join(field(1, text('\u00c3')), field(2, new Uint8Array([0x08, 0x00])))))),
  ],
  [
    'no UTF-8 in an id',
    field(2, join(field(1, text('\u00ff')), new Uint8Array([0x20, 0x01]), field(5, field(1, text('x'))))),
  ],
  ['depth 49', withData(nested(49))],
  ['depth 60', withData(nested(60))],
  ['depth 5000', withData(nested(5_000))],
  [
    'a key __proto__',
    withData(field(5, field(1, join(field(1, text('__proto__')), field(2, new Uint8Array([0x08, 0x00])))))),
  ],
  ['groups 10000 deep', new Uint8Array(10_000).fill((1_000 << 3) | 3)],
  ['a group that never ends', new Uint8Array([0x7b])],
  ['the end of a group that never began', new Uint8Array([0x7c])],
  ['field number 0', new Uint8Array([0x00, 0x01])],
  ['a varint of 11 bytes', new Uint8Array(11).fill(0xff)],
  ['a length beyond the end', new Uint8Array([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])],
  ['a length of 2^63', new Uint8Array([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])],
]

interface Unreadable extends Message {
  readonly what: string
}

const UNREADABLES = UNREADABLE.flatMap(([what, bytes]) =>
  BINARY_BINDINGS.flatMap((binding) =>
    [SEND, STREAM].map((method): Unreadable => ({ what, binding, method, bytes: hex(bytes) })),
  ),
)

attack<Message>('a message that not every wire could carry on is refused', {
  runs: 1,
  inputs: fc.constantFrom(...UNREADABLES),
  examples: UNREADABLES,
  async send(message, target) {
    await target.shoot(shotOf(message), { refused: true })
  },
})

attack<Message>('nesting of any depth is accepted or refused, and what is accepted can be read', {
  runs: 150,
  inputs: fc
    .record({ binding: bindings, method: fc.constantFrom(SEND, STREAM), depth: fc.integer({ min: 10, max: 52 }) })
    .map(({ depth, ...rest }): Message => ({ ...rest, bytes: hex(withData(nested(depth))) })),
  async send(message, target) {
    await target.shoot(shotOf(message))
  },
})

// --- Frames ---

interface Frames {
  readonly form: 'connect-stream' | 'grpc' | 'grpc-web'
  readonly method: DescMethod
  /** Hexadecimal. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  /** The specifications ask for INTERNAL when a message is compressed and nobody said how. */
  readonly internal: boolean
}

const FORMS = [
  { form: 'connect-stream', method: STREAM, type: 'application/connect+proto', encoding: 'connect-content-encoding' },
  { form: 'grpc', method: SEND, type: 'application/grpc', encoding: 'grpc-encoding' },
  { form: 'grpc', method: STREAM, type: 'application/grpc+proto', encoding: 'grpc-encoding' },
  { form: 'grpc-web', method: SEND, type: 'application/grpc-web+proto', encoding: 'grpc-encoding' },
  { form: 'grpc-web', method: STREAM, type: 'application/grpc-web', encoding: 'grpc-encoding' },
] as const

const LENGTHS = ['right', 'short', 'long', 'zero', 'huge'] as const

function frame(data: Uint8Array, flags: number, length: (typeof LENGTHS)[number]): Buffer {
  const said = {
    right: data.length,
    short: Math.max(0, data.length - 3),
    long: data.length + 7,
    zero: 0,
    huge: 0xffff_ffff,
  }
  return envelope(data, flags, said[length])
}

const frames: fc.Arbitrary<Frames> = fc
  .record({
    form: fc.constantFrom(...FORMS),
    parts: fc.array(
      fc.oneof(
        fc.record({
          data: fc.constantFrom('good', 'empty', 'garbage', 'gzip', 'cut gzip', 'bad gzip', 'json'),
          flags: fc.oneof({ weight: 2, arbitrary: fc.constantFrom(0, 1) }, fc.nat(255)),
          length: fc.oneof({ weight: 2, arbitrary: fc.constant('right' as const) }, fc.constantFrom(...LENGTHS)),
        }),
        fc.uint8Array({ minLength: 1, maxLength: 9 }),
      ),
      { maxLength: 3 },
    ),
    encoding: fc.constantFrom(undefined, undefined, 'gzip', 'identity', 'br', 'snappy', '', 'gzip, gzip', 'GZIP'),
    cut: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(9)),
  })
  .map(({ form: { form, method, type, encoding: name }, parts, encoding, cut }) => {
    const good = goodBytes(method)
    const contents = {
      good,
      empty: new Uint8Array(),
      garbage: new Uint8Array([0, 1, 2, 3, 255]),
      gzip: gzipSync(good),
      'cut gzip': gzipSync(good).subarray(0, 20),
      'bad gzip': Buffer.concat([gzipSync(good).subarray(0, 12), Buffer.alloc(12, 0x55)]),
      json: Buffer.from(JSON.stringify(goodRequest(method, 'x'))),
    }
    const body = Buffer.concat(
      parts.map((part) =>
        part instanceof Uint8Array
          ? part
          : frame(contents[part.data as keyof typeof contents], part.flags, part.length),
      ),
    )
    return {
      form,
      method,
      body: body.subarray(0, Math.max(0, body.length - cut)).toString('hex'),
      headers: { 'content-type': type, ...(encoding === undefined ? {} : { [name]: encoding }) },
      internal: encoding === undefined || encoding === '' || encoding === 'identity',
    }
  })

function shotOfFrames({ form, method, body, headers }: Pick<Frames, 'form' | 'method' | 'body' | 'headers'>): Shot {
  const { path } = binaryShot('grpc', method, new Uint8Array())
  return {
    version: form === 'grpc' ? '2' : '1.1',
    form,
    method: 'POST',
    path,
    headers: { 'a2a-version': '1.0', ...headers },
    body: Buffer.from(body, 'hex'),
  }
}

const BROKEN_FRAMES: readonly Frames[] = [
  {
    form: 'grpc',
    method: SEND,
    body: '000000000140',
    headers: { 'content-type': 'application/grpc' },
    internal: false,
  },
  {
    form: 'grpc',
    method: SEND,
    body: hex(envelope(gzipSync(goodBytes(SEND)).subarray(0, 20), 1)),
    headers: { 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' },
    internal: false,
  },
]

attack<Frames>('broken frames are refused in the form of their wire', {
  runs: 700,
  inputs: frames,
  examples: BROKEN_FRAMES,
  async send(input, target) {
    await target.shoot(shotOfFrames(input), { internal: input.internal })
  },
})

interface Zipped {
  readonly method: DescMethod
  /** Hexadecimal. */
  readonly body: string
  readonly encoding: string
  readonly type: string
}

const good = goodBytes(SEND)

const ZIPPED: readonly Zipped[] = ['gzip', 'br', 'deflate', 'identity', 'snappy', 'gzip, gzip', 'GZIP', ''].flatMap(
  (encoding) =>
    ['application/proto', 'application/json'].flatMap((type) =>
      [
        new Uint8Array(),
        good,
        gzipSync(good),
        gzipSync(good).subarray(0, 20),
        gzipSync(new Uint8Array()),
        Buffer.alloc(50, 0x1f),
        gzipSync(gzipSync(good)),
      ].map((body): Zipped => ({ method: SEND, body: hex(body), encoding, type })),
    ),
)

attack<Zipped>('a compressed body of Connect that cannot be read is refused as a fault of the client', {
  runs: 1,
  inputs: fc.constantFrom(...ZIPPED),
  examples: ZIPPED,
  async send({ method, body, encoding, type }, target) {
    const { path } = binaryShot('connect', method, new Uint8Array())
    const headers = { 'content-type': type, 'content-encoding': encoding }
    await target.shoot({
      version: '1.1',
      form: 'connect',
      method: 'POST',
      path,
      headers,
      body: Buffer.from(body, 'hex'),
    })
  },
})
