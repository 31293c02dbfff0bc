/** Bodies that are no JSON, no proper JSON, or JSON that wants to hurt its reader: on every binding that takes JSON. */
import type { DescMethod } from '@bufbuild/protobuf'
import { fc } from '../support/property.js'
import { battle } from './support/attack.js'
import { goodRequest } from './support/schema.js'
import { JSON_BINDINGS, type JsonBinding, jsonShot, METHODS, type Shot, toAgent } from './support/shots.js'

const { attack } = battle('json-bodies')

const SEND = METHODS.find(({ name }) => name === 'SendMessage') as DescMethod

interface Body {
  readonly binding: JsonBinding
  readonly version: Shot['version']
  /** The request's JSON, one character for each byte. */
  readonly bytes: string
}

const where = {
  binding: fc.constantFrom(...JSON_BINDINGS),
  version: fc.constantFrom('1.1', '2') as fc.Arbitrary<Shot['version']>,
}

function shotOf({ binding, version, bytes }: Body, method = SEND): Shot {
  return jsonShot(binding, method, Buffer.from(bytes, 'latin1'), goodRequest(method, 'x'), version)
}

function utf8(text: string): string {
  return Buffer.from(text).toString('latin1')
}

/** A good request around the text of one data part. */
function around(data: string): string {
  return `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"good day"},{"data":${data}}]}}`
}

/** Places in a good request where any JSON may stand. */
const holes: readonly ((json: string) => string)[] = [
  around,
  (json) => `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}],"metadata":{"k":${json}}}}`,
  (json) => `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x","metadata":{"k":${json}}}]}}`,
  (json) => `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]},"metadata":{"k":${json}}}`,
]

/** A good request, and its fields for something before them. */
const GOOD = around('1')
const MORE = GOOD.slice(1)

const NOT_JSON: readonly string[] = [
  '',
  ' ',
  '\n\n\n',
  '{',
  '}',
  '[',
  '{"message":',
  '{"message"}',
  `{message:1,${MORE}`,
  `{'a':1,${MORE}`,
  `${GOOD.slice(0, -1)},}`,
  GOOD.replace('"parts":[', '"parts":[,'),
  `${GOOD} ${GOOD}`,
  `${GOOD}garbage`,
  `${GOOD}\u0000`,
  `\u0000${GOOD}`,
  `/* c */${GOOD}`,
  `${GOOD}//c`,
  [...`\u00ff\u00fe${GOOD}`].join('\u0000'),
  [...`\u00fe\u00ff${GOOD}`].join('\u0000'),
  Buffer.from(GOOD, 'utf16le').toString('latin1'),
  'undefined',
  'NaN',
  'True',
  '<xml/>',
  'a=b&c=d',
  `--boundary\r\ncontent-disposition: form-data\r\n\r\n${GOOD}\r\n--boundary--`,
  '"unclosed',
  `{"a":"\\x41",${MORE}`,
  `{"a":"\\u12",${MORE}`,
  `{"a":"\t",${MORE}`,
  `{"a":1,"b",${MORE}`,
  `{"a"::1,${MORE}`,
  `{"a":01,${MORE}`,
  `{"a":+1,${MORE}`,
  `{"a":.5,${MORE}`,
  `{"a":1.,${MORE}`,
  `{"a":0x10,${MORE}`,
  `{"a":1e,${MORE}`,
  `{"a":--1,${MORE}`,
  `{"a":1_000,${MORE}`,
  `{"a":NaN,${MORE}`,
  `{"a":Infinity,${MORE}`,
  `{"a":tru,${MORE}`,
]

/** Bytes that are no UTF-8, in a text, in a key and in an unknown field: a replacement character is another text. */
const NOT_UTF8: readonly string[] = [
  '\u00c3\u0028',
  '\u00ed\u00a0\u0080',
  '\u00c0\u0080',
  '\u00f8\u0088\u0080\u0080\u0080',
  '\u00ff',
  '\u0080',
].flatMap((bytes) => [
  GOOD.replace('good day', `good${bytes}day`),
  GOOD.replace('"m"', `"m${bytes}"`),
  around(`{"${bytes}":1}`),
  around(`"${bytes}"`),
  `{"${bytes}":1,${MORE}`,
])

attack<Body>('what is not JSON is refused, on every binding that takes JSON', {
  runs: 400,
  inputs: fc.oneof(
    fc.record({ ...where, bytes: fc.constantFrom(...NOT_JSON) }),
    fc.record({
      ...where,
      bytes: fc
        .uint8Array({ minLength: 1, maxLength: 200 })
        .map((bytes) => `\u0001${Buffer.from(bytes).toString('latin1')}`),
    }),
    fc.record({
      ...where,
      bytes: fc.integer({ min: 1, max: around('1').length - 1 }).map((end) => around('1').slice(0, end)),
    }),
  ),
  examples: JSON_BINDINGS.flatMap((binding) => NOT_JSON.map((bytes): Body => ({ binding, version: '1.1', bytes }))),
  async send(body, target) {
    await target.shoot(shotOf(body), { refused: true })
  },
})

attack<Body>('JSON that is not UTF-8 is refused, on every binding that takes JSON', {
  runs: 100,
  inputs: fc.record({ ...where, bytes: fc.constantFrom(...NOT_UTF8) }),
  examples: JSON_BINDINGS.flatMap((binding) => NOT_UTF8.map((bytes): Body => ({ binding, version: '1.1', bytes }))),
  async send(body, target) {
    await target.shoot(shotOf(body), { refused: true })
  },
})

attack<Body>('a byte order mark before JSON is ignored or refused', {
  runs: 12,
  inputs: fc.record({ ...where, bytes: fc.constant(`\u00ef\u00bb\u00bf${GOOD}`) }),
  async send(body, target) {
    await target.shoot(shotOf(body))
  },
})

attack<Body>('JSON that is no object is refused as a request', {
  runs: 1,
  inputs: fc.record({ ...where, bytes: fc.constantFrom('[]', '1') }),
  examples: JSON_BINDINGS.flatMap((binding) =>
    ['[]', '[{}]', '1', '-0', '"x"', 'true', 'false', '[[[[]]]]', '1e999', '""'].map(
      (bytes): Body => ({ binding, version: '2', bytes }),
    ),
  ),
  async send(body, target) {
    await target.shoot(shotOf(body), { refused: true })
  },
})

interface Mutation extends Body {
  readonly method: DescMethod
  readonly agent: string
}

/** Each of another kind: with tasks and without, with streams and without, with an extension that every caller must name. */
const AGENTS = ['scripted', 'scripted', 'answering', 'direct', 'either', 'inline', 'silent', 'demanding']

const mutations = fc
  .record({
    ...where,
    method: fc.constantFrom(...METHODS),
    agent: fc.constantFrom(...AGENTS),
    changes: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        kind: fc.constantFrom('replace', 'insert', 'delete', 'repeat', 'cut'),
        text: fc.oneof(
          fc.constantFrom(
            '"',
            '\\',
            '{',
            '}',
            '[',
            ']',
            ':',
            ',',
            '0',
            '-',
            'e9',
            'null',
            'true',
            '\u0000',
            '\u00ff',
            '\\ud800',
            '1e999',
            '{}',
            '[]',
            '"":',
          ),
          fc.string({ unit: 'binary', maxLength: 3 }),
        ),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ changes, ...rest }): Mutation => {
    let bytes = JSON.stringify(goodRequest(rest.method, 'no-such-task'))
    for (const { at, kind, text } of changes) {
      const place = Math.floor(at * bytes.length)
      const [before, after] = [bytes.slice(0, place), bytes.slice(place)]
      if (kind === 'replace') bytes = before + utf8(text) + after.slice(1)
      else if (kind === 'insert') bytes = before + utf8(text) + after
      else if (kind === 'delete') bytes = before + after.slice(1 + text.length)
      else if (kind === 'repeat') bytes = before + after + after
      else bytes = before
    }
    return { ...rest, bytes }
  })

attack<Mutation>('a request with some bytes changed is answered or refused, and what is accepted can be read', {
  runs: 1_000,
  inputs: mutations,
  async send(mutation, target) {
    await target.shoot(toAgent(shotOf(mutation, mutation.method), mutation.agent))
  },
})

interface Poison extends Body {
  readonly what: string
}

/** Each of these could be read by some reader and not by another, or changes on its way between the two. */
const POISON: readonly { readonly what: string; readonly json: string }[] = [
  { what: 'a number that is not finite', json: '1e999' },
  { what: 'a number that is not finite', json: '-1e999' },
  { what: 'a number that is not finite', json: '[{"a":1e400}]' },
  { what: 'a number that is not finite', json: `1${'0'.repeat(400)}` },
  { what: 'half a surrogate pair', json: '"\\ud800"' },
  { what: 'half a surrogate pair', json: '"x\\udfffy"' },
  { what: 'half a surrogate pair', json: '{"\\udc00":1}' },
  { what: 'half a surrogate pair', json: '["\\ud83d","\\ude00"]' },
  { what: 'a key twice', json: '{"a":1,"a":2}' },
  { what: 'a key twice', json: '{"a":1,"\\u0061":2}' },
  { what: 'a key twice', json: '[{"é":1,"\\u00e9":2}]' },
  { what: 'a key __proto__', json: '{"__proto__":{"polluted":true}}' },
  { what: 'a key __proto__', json: '{"\\u005f_proto__":1}' },
  { what: 'a key __proto__', json: '{"a":[{"__proto__":null}]}' },
  { what: 'too deep', json: `${'['.repeat(60)}${']'.repeat(60)}` },
  { what: 'too deep', json: `${'{"a":'.repeat(60)}1${'}'.repeat(60)}` },
  { what: 'too deep', json: `${'['.repeat(90)}${']'.repeat(90)}` },
  { what: 'too deep', json: `${'[{"a":'.repeat(20_000)}1${'}]'.repeat(20_000)}` },
  { what: 'too deep and never closed', json: '['.repeat(50_000) },
  { what: 'too many values', json: `[${'1,'.repeat(60_000)}1]` },
  { what: 'too many values', json: `[${'{},'.repeat(60_000)}{}]` },
  { what: 'too many keys', json: `{${Array.from({ length: 2_000 }, (_, index) => `"k${index}":1`).join(',')}}` },
  { what: 'too long a key', json: `{"${'k'.repeat(70_000)}":1}` },
]

const POISONED = JSON_BINDINGS.flatMap((binding) =>
  POISON.flatMap(({ what, json }) =>
    holes.map((hole): Poison => ({ binding, version: '1.1', what, bytes: utf8(hole(json)) })),
  ),
)

const labelled = (poison: Poison) =>
  Object.assign(poison, {
    [fc.toStringMethod]: () => `${poison.what} over ${poison.binding}: ${poison.bytes.slice(0, 200)}`,
  })

attack<Poison>('JSON that only some readers could read again is refused wherever it stands', {
  runs: 1,
  inputs: fc.constantFrom(...POISONED).map(labelled),
  examples: POISONED.map(labelled),
  async send(poison, target) {
    await target.shoot(shotOf(poison), { refused: true })
  },
})

/** Keys that are dangerous as names of properties, at the places where the schema's own keys stand. */
const PROTO_KEYS = ['__proto__', '\\u005f_proto__'] as const

const STRUCTURAL: readonly string[] = PROTO_KEYS.flatMap((key) => [
  `{"${key}":{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]}}}`,
  `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}]},"${key}":{"configuration":{"historyLength":-1}}}`,
  `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x"}],"${key}":{"taskId":"x"}}}`,
  `{"message":{"messageId":"m","role":"ROLE_USER","parts":[{"text":"x","${key}":{"url":"x"}}]}}`,
])

attack<Body>('a key __proto__ among the fields of the schema is refused', {
  runs: 1,
  inputs: fc.record({ ...where, bytes: fc.constantFrom(...STRUCTURAL) }),
  examples: JSON_BINDINGS.flatMap((binding) => STRUCTURAL.map((bytes): Body => ({ binding, version: '1.1', bytes }))),
  async send(body, target) {
    // Connect's own reader leaves it out like any key it does not know.
    await target.shoot(shotOf(body), { refused: body.binding !== 'connect-json' })
    if (Object.keys(Object.prototype).length > 0) throw new Error('Object.prototype has been changed')
  },
})

attack<Body>('a field of the schema that is given twice is refused, under one name or under both of its names', {
  runs: 1,
  inputs: fc.record({ ...where, bytes: fc.constant(around('1').replace('"role"', '"messageId":"n","role"')) }),
  examples: JSON_BINDINGS.flatMap((binding) =>
    [
      around('1').replace('"role"', '"messageId":"n","role"'),
      around('1').replace('"role"', '"message_id":"n","role"'),
      around('1').replace('"role"', '"\\u006dessageId":"n","role"'),
      around('1').replace('{"message"', '{"message":{},"message"'),
      around('1').replace('{"text":"good day"}', '{"text":"good day","url":"x"}'),
      around('1').replace('{"text":"good day"}', '{"text":"good day","raw":""}'),
      around('1').replace('{"text":"good day"}', '{}'),
    ].map((bytes): Body => ({ binding, version: '1.1', bytes })),
  ),
  async send(body, target) {
    await target.shoot(shotOf(body), { refused: true })
  },
})

attack<Body>('any JSON value in a data part is accepted or refused, and what is accepted can be read', {
  runs: 300,
  inputs: fc
    .record({ ...where, hole: fc.constantFrom(...holes), json: fc.json({ stringUnit: 'binary', maxDepth: 8 }) })
    .map(({ hole, json, ...rest }) => ({ ...rest, bytes: utf8(hole(json)) })),
  async send(body, target) {
    await target.shoot(shotOf(body))
  },
})

attack<Body>('nesting of any depth is accepted or refused, and what is accepted can be read', {
  runs: 240,
  inputs: fc
    .record({
      ...where,
      hole: fc.constantFrom(...holes),
      depth: fc.integer({ min: 20, max: 60 }),
      steps: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
      leaf: fc.constantFrom('1', '"x"', 'null', '{}', '[]'),
    })
    .map(({ hole, depth, steps, leaf, ...rest }) => {
      const levels = Array.from({ length: depth }, (_, level) => steps[level % steps.length] === true)
      const open = levels.map((array) => (array ? '[' : '{"a":')).join('')
      const close = levels
        .toReversed()
        .map((array) => (array ? ']' : '}'))
        .join('')
      return { ...rest, bytes: hole(open + leaf + close) }
    }),
  async send(body, target) {
    await target.shoot(shotOf(body))
  },
})
