/** JSON-RPC envelopes of every wrong shape: one answer each, with a code of JSON-RPC and the id if it can be used. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { fc } from '../support/property.js'
import { battle } from './support/attack.js'
import type { Shot } from './support/shots.js'
import type { Target } from './support/target.js'

const { attack } = battle('jsonrpc-envelopes')

const PARAMS: JsonObject = { message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'from an envelope' }] } }

function shotOf(text: string, version: Shot['version'] = '1.1', path = '/'): Shot {
  return {
    version,
    form: 'jsonrpc',
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
    body: Buffer.from(text),
  }
}

async function tasks(target: Target): Promise<number> {
  const verdict = await target.shoot(shotOf('{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{"pageSize":1}}'))
  return Number(verdict?.results[0]?.totalSize)
}

/** The value as JSON text, or the field left out. */
type Text = string | undefined

interface Envelope {
  readonly version: Shot['version']
  readonly jsonrpc: Text
  readonly id: Text
  readonly method: Text
  readonly params: Text
  readonly more: string
}

const GOOD = {
  jsonrpc: ['"2.0"'],
  id: ['1', '0', '-1', '"a"', '""', 'null', '9007199254740991', `"${'i'.repeat(256)}"`, '"\\u0000"', '"é💥"'],
  method: ['"SendMessage"', '"ListTasks"', '"GetExtendedAgentCard"'],
  params: [JSON.stringify(PARAMS), '{}'],
} as const

const WRONG = {
  jsonrpc: [undefined, 'null', '2', '2.0', '"1.0"', '"2"', '"2.0.0"', '["2.0"]', '{}', '"２.０"'],
  id: [
    undefined,
    '1.5',
    '1e400',
    '9007199254740993',
    '-9007199254740993',
    'true',
    'false',
    '[]',
    '[1]',
    '{}',
    '{"a":1}',
    `"${'i'.repeat(257)}"`,
  ],
  method: [
    undefined,
    'null',
    '1',
    '{}',
    '[]',
    '["SendMessage"]',
    '""',
    '"sendMessage"',
    '"sendmessage"',
    '"SendMessage "',
    '"SendMessage\\u0000"',
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"hasOwnProperty"',
    '"prototype"',
    '"rpc.discover"',
    '"message/send"',
    '"tasks/get"',
    '"lf.a2a.v1.A2AService/SendMessage"',
    '"../SendMessage"',
    '"ListTaskPushNotificationConfig"',
    `"${'M'.repeat(20_000)}"`,
  ],
  params: ['null', '1', '"x"', 'true', '[]', `[${JSON.stringify(PARAMS)}]`],
} as const

const MORE = ['', ',"extra":1', ',"constructor":{"prototype":{}}', ',"result":{}', ',"error":{"code":1}']

/** At least one member is wrong, the others are as good as can be. */
const envelopes: fc.Arbitrary<Envelope> = fc
  .record({
    version: fc.constantFrom('1.1', '2') as fc.Arbitrary<Shot['version']>,
    wrong: fc.subarray(['jsonrpc', 'id', 'method', 'params'] as const, { minLength: 1 }),
    good: fc.record({
      jsonrpc: fc.constantFrom(...GOOD.jsonrpc),
      id: fc.constantFrom(...GOOD.id),
      method: fc.constantFrom(...GOOD.method),
      params: fc.constantFrom(...GOOD.params),
    }),
    bad: fc.record({
      jsonrpc: fc.constantFrom(...WRONG.jsonrpc),
      id: fc.constantFrom(...WRONG.id),
      method: fc.constantFrom(...WRONG.method),
      params: fc.constantFrom(...WRONG.params),
    }),
    more: fc.constantFrom(...MORE),
  })
  .map(({ version, wrong, good, bad, more }) => {
    const pick = <Name extends keyof typeof good>(name: Name): Text => (wrong.includes(name) ? bad[name] : good[name])
    return { version, jsonrpc: pick('jsonrpc'), id: pick('id'), method: pick('method'), params: pick('params'), more }
  })

function textOf({ jsonrpc, id, method, params, more }: Envelope): string {
  const members = Object.entries({ jsonrpc, id, method, params }).filter(([, value]) => value !== undefined)
  return `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}${members.length > 0 ? more : more.slice(1)}}`
}

/** The id that the answer has to have: the request's, when it is a legal one. */
function expectedId(id: Text): JsonValue {
  return id !== undefined && (GOOD.id as readonly string[]).includes(id) ? (JSON.parse(id) as JsonValue) : null
}

attack<Envelope>('an envelope with a wrong member is one error with the id of the request', {
  runs: 700,
  inputs: envelopes,
  async send(envelope, target) {
    const verdict = await target.shoot(shotOf(textOf(envelope), envelope.version), { refused: true })
    const [id, expected] = [verdict?.id, expectedId(envelope.id)]
    // A number that is not finite fails the whole text.
    if (id !== expected && envelope.id !== '1e400')
      throw new Error(`id ${JSON.stringify(id)} in place of ${JSON.stringify(expected)}`)
  },
})

const CALL = `{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":${JSON.stringify(PARAMS)}}`
const BATCHES = [
  '[]',
  '[1]',
  '[null]',
  '[[]]',
  `[${CALL}]`,
  `[${CALL},${CALL}]`,
  `[${`${CALL},`.repeat(500)}${CALL}]`,
  `[[${CALL}]]`,
  `[1,${CALL}]`,
]

attack<{ batch: string; version: Shot['version'] }>('a batch is one error, and nothing of it is executed', {
  runs: 60,
  inputs: fc.record({ batch: fc.constantFrom(...BATCHES), version: fc.constantFrom('1.1', '2') }),
  examples: BATCHES.map((batch) => ({ batch, version: '1.1' as const })),
  async send({ batch, version }, target) {
    const before = await tasks(target)
    const verdict = await target.shoot(shotOf(batch, version), { refused: true })
    if (verdict?.code !== -32600) throw new Error(`${verdict?.code} in place of -32600`)
    const after = await tasks(target)
    if (after !== before) throw new Error(`${after - before} calls of a batch were executed`)
  },
})

attack<JsonValue>('any JSON as the whole body is one error', {
  runs: 300,
  inputs: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }) as fc.Arbitrary<JsonValue>,
  async send(value, target) {
    await target.shoot(shotOf(JSON.stringify(value)), { refused: true })
  },
})

attack<string>('any text as a method is not found', {
  runs: 150,
  inputs: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom('valueOf', 'isPrototypeOf', '__defineGetter__'),
  ),
  async send(method, target) {
    const text = JSON.stringify({ jsonrpc: '2.0', id: 'x', method, params: {} })
    const verdict = await target.shoot(shotOf(text), { reason: 'METHOD_NOT_FOUND' })
    if (verdict?.code !== -32601 || verdict.id !== 'x')
      throw new Error(`${verdict?.code} for ${JSON.stringify(verdict?.id)}`)
  },
})
