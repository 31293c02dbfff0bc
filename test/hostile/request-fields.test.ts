/** Wrong types, absurd values and missing fields, in every field of every request: the places come from the schema. */
import type { DescMethod, JsonObject, JsonValue } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { fc } from '../support/property.js'
import { battle } from './support/attack.js'
import { dotted, goodRequest, type Place, places, put, wrongValues } from './support/schema.js'
import {
  BINDINGS,
  type Binding,
  goodShot,
  hasRestBody,
  JSON_BINDINGS,
  type JsonBinding,
  jsonShot,
  METHODS,
  REST_PATHS,
  restPath,
  type Shot,
} from './support/shots.js'

const { attack } = battle('request-fields')

const PLACES = places()
const VERSIONS = ['1.1', '2'] as const

interface WrongValue {
  readonly binding: JsonBinding
  readonly version: Shot['version']
  readonly place: Place
  readonly value: JsonValue
}

/** False where the path of REST says it, or there is no body to say it in. */
function canStand(binding: JsonBinding, { method, path }: Place): boolean {
  if (binding !== 'rest') return true
  return hasRestBody(method) && REST_PATHS[method.name]?.taken.includes(String(path[0])) !== true
}

const WRONG_VALUES: readonly WrongValue[] = PLACES.flatMap((place) =>
  wrongValues(place.field).flatMap((value) =>
    JSON_BINDINGS.filter((binding) => canStand(binding, place)).map((binding) => ({ binding, place, value })),
  ),
).map((wrong, index) => ({ ...wrong, version: VERSIONS[(index >> 1) % 2] ?? '1.1' }))

function named(wrong: WrongValue): WrongValue {
  return Object.assign(wrong, {
    [fc.toStringMethod]: () =>
      `${wrong.binding} over HTTP/${wrong.version}: ${wrong.place.method.name} with ${dotted(wrong.place.path)} = ${JSON.stringify(wrong.value)}`,
  })
}

it('knows the fields of all eleven requests', () => {
  expect(METHODS).toHaveLength(11)
  expect(new Set(PLACES.map(({ method }) => method.name)).size).toBe(11)
  expect(PLACES.length).toBeGreaterThan(80)
})

attack<WrongValue>('a value of the wrong type is an invalid argument, in every field of every request', {
  runs: 1,
  inputs: fc.constantFrom(...WRONG_VALUES).map(named),
  examples: WRONG_VALUES.map(named),
  async send({ binding, version, place, value }, target) {
    const base = goodRequest(place.method, target.taskId)
    const text = JSON.stringify(put(base, place, value))
    await target.shoot(jsonShot(binding, place.method, text, base, version), { invalid: true })
  },
})

interface Missing {
  readonly binding: Binding
  readonly place: Place
  readonly empty: JsonValue | undefined
}

/** Push configs and the extended card are refused before their fields are looked at. */
const CHECKED = ['SendMessage', 'SendStreamingMessage', 'GetTask', 'CancelTask', 'SubscribeToTask']

const REQUIRED = PLACES.filter(
  ({ method, required, path }) =>
    required && CHECKED.includes(method.name) && !path.includes('taskPushNotificationConfig'),
)

function empties({ field }: Place): (JsonValue | undefined)[] {
  if (field.fieldKind === 'list') return [undefined, null, []]
  if (field.enum !== undefined) return [undefined, null, 0, field.enum.values[0]?.name]
  return field.message === undefined ? [undefined, null, ''] : [undefined, null]
}

const MISSING: readonly Missing[] = REQUIRED.flatMap((place) =>
  empties(place).flatMap((empty) =>
    BINDINGS.filter((binding) => binding !== 'rest' || canStand('rest', place)).map((binding) => ({
      binding,
      place,
      empty,
    })),
  ),
)

attack<Missing>('a required field that is missing, null or empty is named, on every binding', {
  runs: 1,
  inputs: fc.constantFrom(...MISSING),
  examples: MISSING,
  async send({ binding, place, empty }, target) {
    const base = goodRequest(place.method, target.taskId)
    const request = put(base, place, empty)
    const shot = goodShot(binding, place.method, { ...request }, '2')
    const field = dotted(place.path)
    await target.shoot(binding === 'rest' ? { ...shot, path: restPath(place.method, base) } : shot, {
      reason: 'INVALID_PARAMS',
      field,
    })
  },
})

/** Ids that nobody has, and some that nobody could have. */
const odd = fc.oneof(
  fc.constantFrom(
    'no-such-task',
    '00000000-0000-0000-0000-000000000000',
    '__proto__',
    'constructor',
    'toString',
    '..',
    '../../etc/passwd',
    "' OR 1=1 --",
    '"; DROP TABLE tasks; --',
    '%00',
    '\u0000',
    '\r\nset-cookie: x=1',
    '\u2028',
    '\u202e',
    '\ufeff',
    '💥'.repeat(50),
    'é',
    ':cancel',
    'a:subscribe',
    '*',
    '{id}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as an attacker would write it
    '${jndi:ldap://127.0.0.1/x}',
    '-1',
    'NaN',
    'null',
    'a'.repeat(256),
    'a'.repeat(257),
    'a'.repeat(4_000),
    'é'.repeat(2_000),
  ),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
)

interface Absurd {
  readonly binding: Binding
  readonly method: DescMethod
  readonly ids: readonly string[]
}

const ID_FIELDS = ['id', 'taskId', 'tenant'] as const

attack<Absurd>('an unknown or absurd id is refused in the form of every binding', {
  runs: 700,
  inputs: fc.record({
    binding: fc.constantFrom(...BINDINGS),
    method: fc.constantFrom(
      ...METHODS.filter(({ input }) => input.fields.some(({ jsonName }) => jsonName === 'id' || jsonName === 'taskId')),
    ),
    ids: fc.tuple(odd, odd, fc.oneof({ weight: 5, arbitrary: fc.constant('') }, odd)),
  }),
  async send({ binding, method, ids }, target) {
    const request: JsonObject = goodRequest(method, 'x')
    for (const [index, name] of ID_FIELDS.entries()) {
      const known = method.input.fields.some(({ jsonName }) => jsonName === name)
      if (known && ids[index] !== '') request[name] = ids[index] ?? ''
    }
    await target.shoot(goodShot(binding, method, request, binding === 'grpc' ? '2' : '1.1'), { refused: true })
  },
})

interface AbsurdList {
  readonly binding: Binding
  readonly request: JsonObject
  readonly refused: boolean
}

const listRequests: fc.Arbitrary<Omit<AbsurdList, 'binding'>> = fc.oneof(
  fc
    .constantFrom(-1, -2_147_483_648, 101, 150, 2_147_483_647)
    .map((pageSize) => ({ request: { pageSize }, refused: true })),
  fc.constantFrom(0, 1, 100).map((pageSize) => ({ request: { pageSize }, refused: false })),
  fc
    .oneof(
      fc.string({ minLength: 1 }),
      fc.base64String({ minLength: 40, maxLength: 200 }),
      fc.constant('A'.repeat(8_000)),
    )
    .map((pageToken) => ({ request: { pageToken }, refused: true })),
  fc.constantFrom(-1, -2_147_483_648).map((historyLength) => ({ request: { historyLength }, refused: true })),
  fc.constantFrom(0, 2_147_483_647).map((historyLength) => ({ request: { historyLength }, refused: false })),
  fc
    .constantFrom(
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999Z',
      '1969-12-31T23:59:59.5Z',
      '2026-02-28T23:59:59+14:00',
    )
    .map((statusTimestampAfter) => ({ request: { statusTimestampAfter }, refused: false })),
  odd.map((contextId) => ({ request: { contextId }, refused: false })),
  odd.map((tenant) => ({ request: { tenant }, refused: true })),
)

attack<AbsurdList>('absurd page sizes, tokens, timestamps and filters of a list do no harm', {
  runs: 600,
  inputs: fc.tuple(fc.constantFrom(...BINDINGS), listRequests).map(([binding, list]) => ({ binding, ...list })),
  async send({ binding, request, refused }, target) {
    const method = METHODS.find(({ name }) => name === 'ListTasks') as DescMethod
    await target.shoot(goodShot(binding, method, request, '2'), refused ? { invalid: true } : {})
  },
})

interface WrongQuery {
  readonly method: 'ListTasks' | 'GetTask'
  readonly name: string
  readonly value: string
}

const QUERIES: readonly WrongQuery[] = [
  ...['pageSize', 'page_size', 'historyLength'].flatMap((name) =>
    ['abc', '1.5', '1e99', '-1', '٣', ' 1', '2147483648', 'NaN', '1,2'].map((value) => ({
      method: 'ListTasks' as const,
      name,
      value,
    })),
  ),
  ...['yes', '1', 'TRUE', '', 'null'].map((value) => ({
    method: 'ListTasks' as const,
    name: 'includeArtifacts',
    value,
  })),
  ...['NOPE', '99', '-1', 'task_state_working', '1.5', 'TASK_STATE_WORKING,TASK_STATE_FAILED'].map((value) => ({
    method: 'ListTasks' as const,
    name: 'status',
    value,
  })),
  ...['yesterday', '0', '2026-01-01', '', '2026-13-01T00:00:00Z'].map((value) => ({
    method: 'ListTasks' as const,
    name: 'statusTimestampAfter',
    value,
  })),
  ...['abc', '1.5', '-1', '99999999999'].map((value) => ({ method: 'GetTask' as const, name: 'historyLength', value })),
]

attack<WrongQuery>('a query parameter of REST with a wrong value is an invalid argument', {
  runs: 1,
  inputs: fc.constantFrom(...QUERIES),
  examples: QUERIES,
  async send({ method: name, name: parameter, value }, target) {
    const method = METHODS.find((each) => each.name === name) as DescMethod
    const path = `${restPath(method, { id: target.taskId })}?${parameter}=${encodeURIComponent(value)}`
    await target.shoot(
      { version: '1.1', form: 'rest', method: 'GET', path, headers: { 'a2a-version': '1.0' } },
      { invalid: true },
    )
  },
})
