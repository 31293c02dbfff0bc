/** What can be wrong with a request: its values, its text, its bytes, and the headers around them. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { fc } from '../../support/property.js'
import { envelope } from './shots.js'

/** Where: a share of all places there are. */
const at = fc.double({ min: 0, max: 0.999, noNaN: true })

const HOSTILE_TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\r\nset-cookie: x=1',
  '\u2028',
  '\u202e',
  '\ufeff',
  '__proto__',
  'constructor',
  'toString',
  '..',
  '../../etc/passwd',
  "' OR 1=1 --",
  '%00',
  '{{7*7}}',
  '-1',
  'NaN',
  'null',
  'true',
  '1e999',
  '9'.repeat(400),
  'a'.repeat(257),
  'é'.repeat(5_000),
  '💥'.repeat(64),
  'http://[::1',
  'data:text/html,x',
  'TASK_STATE_UNSPECIFIED',
  'ROLE_AGENT',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-02-30T00:00:00Z',
  '99999-01-01T00:00:00Z',
  'image/*;q=x',
  '*/*',
] as const

const HOSTILE_NUMBERS = [
  0,
  -0,
  -1,
  0.5,
  1e308,
  5e-324,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 64,
  101,
  2_147_483_647,
] as const

const text = fc.oneof(fc.constantFrom<string>(...HOSTILE_TEXTS), fc.string({ unit: 'binary', maxLength: 12 }))

const scalar: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom<number>(...HOSTILE_NUMBERS) },
  { weight: 1, arbitrary: fc.constantFrom<JsonValue>(null, true, false, [], {}, [null], [[]], [{}], { a: {} }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue> },
)

const KEYS = [
  '',
  '__proto__',
  'constructor',
  'kind',
  'tenant',
  'task_id',
  'id',
  'metadata',
  'a\u0000',
  'hasOwnProperty',
]

export type JsonMutation =
  | { readonly what: 'set'; readonly at: number; readonly value: JsonValue }
  | { readonly what: 'delete'; readonly at: number }
  | { readonly what: 'add'; readonly at: number; readonly key: string; readonly value: JsonValue }
  | { readonly what: 'nest'; readonly at: number; readonly depth: number; readonly list: boolean }
  | { readonly what: 'repeat'; readonly at: number; readonly times: number }

export const jsonMutation: fc.Arbitrary<JsonMutation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant('set' as const), at, value: scalar }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), at }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant('add' as const), at, key: fc.constantFrom(...KEYS), value: scalar }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('nest' as const),
      at,
      depth: fc.constantFrom(1, 2, 31, 33, 49, 60, 500),
      list: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant('repeat' as const), at, times: fc.constantFrom(2, 50, 2_000) }),
  },
)

type Holder = Record<string | number, JsonValue>

/** Every value but the request itself: who holds it, under which name. */
function placesIn(json: JsonValue, found: [Holder, string | number][] = []): [Holder, string | number][] {
  if (typeof json !== 'object' || json === null) return found
  for (const key of Array.isArray(json) ? json.keys() : Object.keys(json)) {
    found.push([json as Holder, key])
    placesIn((json as Holder)[key] ?? null, found)
  }
  return found
}

function define(holder: object, key: string | number, value: JsonValue): void {
  // A key __proto__ is a key like any other here.
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

/** A copy of the request with all of this done to it. */
export function mutatedJson(request: JsonObject, mutations: readonly JsonMutation[]): JsonObject {
  const json = structuredClone(request)
  // One repeated by another would be a request of gigabytes.
  const repeats = mutations.filter(({ what }) => what === 'repeat')
  for (const mutation of mutations) {
    if (repeats.indexOf(mutation) > 0) continue
    const all = placesIn(json)
    const [holder, key] = all[Math.floor(mutation.at * all.length)] ?? [json as Holder, 'id']
    const here = holder[key] ?? null
    switch (mutation.what) {
      case 'set':
        define(holder, key, structuredClone(mutation.value))
        break
      case 'delete':
        if (Array.isArray(holder)) holder.splice(Number(key), 1)
        else delete holder[key]
        break
      case 'add':
        if (Array.isArray(here)) here.push(structuredClone(mutation.value))
        else
          define(typeof here === 'object' && here !== null ? here : json, mutation.key, structuredClone(mutation.value))
        break
      case 'nest':
        define(holder, key, nested(here, mutation.depth, mutation.list))
        break
      case 'repeat':
        define(holder, key, typeof here === 'string' ? here.repeat(mutation.times) : Array(mutation.times).fill(here))
    }
  }
  return json
}

function nested(value: JsonValue, depth: number, list: boolean): JsonValue {
  let deep = value
  for (let level = 0; level < depth; level += 1) deep = list ? [deep] : { deep }
  return deep
}

export type TextMutation =
  | { readonly what: 'cut'; readonly at: number }
  | { readonly what: 'insert'; readonly at: number; readonly text: string }
  | { readonly what: 'double'; readonly at: number; readonly value: string }
  | { readonly what: 'replace'; readonly text: string }

/** No JSON, or JSON that readers disagree about. */
const SNIPPETS = [
  '\u0000',
  '\ufeff',
  ',',
  '}',
  ']',
  '"',
  '\\',
  'NaN',
  '1e999',
  '-0',
  '01',
  '//',
  "'x'",
  '\\ud800',
  '\u2028',
  '['.repeat(20_000),
  '{"a":'.repeat(5_000),
  '9'.repeat(10_000),
  '[],'.repeat(3_000),
  ' '.repeat(10_000),
] as const

const snippet = fc.oneof(fc.constantFrom<string>(...SNIPPETS), fc.string({ unit: 'binary', maxLength: 6 }))

export const textMutation: fc.Arbitrary<TextMutation> = fc.oneof(
  fc.record({ what: fc.constant('cut' as const), at }),
  fc.record({ what: fc.constant('insert' as const), at, text: snippet }),
  fc.record({
    what: fc.constant('double' as const),
    at,
    value: fc.constantFrom('null', '1', '"x"', '{}', '[]', '[{}]', '"\\ud800"'),
  }),
  fc.record({ what: fc.constant('replace' as const), text: snippet }),
)

export function mutatedText(json: string, mutation: TextMutation): string {
  switch (mutation.what) {
    case 'cut':
      return json.slice(0, Math.floor(mutation.at * json.length))
    case 'insert': {
      const place = Math.floor(mutation.at * json.length)
      return `${json.slice(0, place)}${mutation.text}${json.slice(place)}`
    }
    case 'double': {
      // The same key twice, the other value first.
      const keys = [...json.matchAll(/"(?:[^"\\]|\\.)*":/g)]
      const key = keys[Math.floor(mutation.at * keys.length)]
      if (key === undefined) return json
      return `${json.slice(0, key.index)}${key[0]}${mutation.value},${json.slice(key.index)}`
    }
    case 'replace':
      return mutation.text
  }
}

export interface ByteMutation {
  readonly what: 'flip' | 'insert' | 'delete' | 'cut' | 'repeat'
  readonly at: number
  readonly value: number
}

export const byteMutation: fc.Arbitrary<ByteMutation> = fc.record({
  what: fc.constantFrom('flip', 'insert', 'delete', 'cut', 'repeat'),
  at,
  value: fc.nat(255),
})

export function mutatedBytes(bytes: Uint8Array, mutations: readonly ByteMutation[]): Uint8Array {
  let list = [...bytes]
  for (const { what, at, value } of mutations) {
    const place = Math.floor(at * list.length)
    if (what === 'flip') list[place] = (list[place] ?? 0) ^ (1 << (value % 8))
    else if (what === 'insert') list.splice(place, 0, value)
    else if (what === 'delete') list.splice(place, 1 + (value % 4))
    else if (what === 'repeat') list = [...list, ...list.slice(place)]
    else list = list.slice(0, place)
  }
  return Uint8Array.from(list)
}

/** What the five bytes before a message say of it. */
export interface FrameMutation {
  readonly flags: number
  readonly length: 'right' | 'short' | 'long' | 'zero' | 'huge'
  readonly times: number
}

export const frameMutation: fc.Arbitrary<FrameMutation> = fc.record({
  flags: fc.oneof(fc.constantFrom(0, 0, 1, 2, 128), fc.nat(255)),
  length: fc.constantFrom('right', 'short', 'long', 'zero', 'huge'),
  times: fc.constantFrom(0, 1, 1, 2, 3),
})

export function framed(bytes: Uint8Array, { flags, length, times }: FrameMutation): Buffer {
  const said = {
    right: bytes.length,
    short: Math.max(0, bytes.length - 3),
    long: bytes.length + 7,
    zero: 0,
    huge: 0xffff_ffff,
  }
  return Buffer.concat(Array(times).fill(envelope(bytes, flags, said[length])))
}

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'content-type': [
    '',
    'text/plain',
    'application/json; charset=utf-16',
    'application/json;',
    'application/xml',
    'application/proto',
    'application/connect+json',
    'application/grpc',
    'application/grpc-web-text',
    'application/grpc+thrift',
    'multipart/form-data; boundary=x',
    'a'.repeat(300),
    '/',
  ],
  'a2a-version': ['', '0.2.5', '0.3', '1.0', '1.0.7', '2.0', 'x', '-1', '1.0,0.3', '9'.repeat(300)],
  'a2a-extensions': ['', ',', ',,,', 'urn:test:optional,', 'urn:x,'.repeat(600), '%00', 'é'],
  'idempotency-key': ['', 'k', 'a'.repeat(257), 'a'.repeat(4_000), '__proto__', '%00', 'é'],
  'last-event-id': ['', 'x', '1:2:3', '-1', 'a'.repeat(4_000), '%00'],
  accept: ['', '*/*;q=0', 'text/html', 'text/event-stream', 'application/json', 'a/b,'.repeat(500)],
  'content-encoding': ['', 'gzip', 'br', 'identity', 'x', 'gzip, gzip'],
  'grpc-encoding': ['', 'gzip', 'identity', 'snappy'],
  'grpc-timeout': ['', '0n', '1n', '1S', '99999999H', '999999999S', '-1S', 'x', '1'],
  'connect-timeout-ms': ['', '0', '1', '-1', 'x', '99999999999', '1.5', '1e3'],
  'connect-protocol-version': ['', '0', '1', '2', 'x'],
  te: ['', 'trailers', 'gzip', 'x'],
  origin: ['', 'null', 'https://evil.example', 'http://localhost'],
  traceparent: ['', 'x', '00-00000000000000000000000000000000-0000000000000000-01', '0'.repeat(500)],
  authorization: ['', 'Bearer', 'Bearer x', 'Basic !!', 'x'.repeat(4_000)],
  'x-forwarded-for': ['', 'x', '127.0.0.1,'.repeat(100)],
  cookie: ['', '=', 'a=b;'.repeat(300)],
}

export interface HeaderMutation {
  readonly name: string
  readonly value: string
}

export const headerMutation: fc.Arbitrary<HeaderMutation> = fc
  .constantFrom(...Object.entries(HEADERS))
  .chain(([name, values]) =>
    fc
      .oneof({ weight: 4, arbitrary: fc.constantFrom(...values) }, fc.string({ minLength: 1, maxLength: 20 }))
      .map((value) => ({ name, value: value.trim() })),
  )
