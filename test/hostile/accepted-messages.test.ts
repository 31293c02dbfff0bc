/** Strange but legal messages: what is accepted on one wire can be read on every other, one by one and in a list. */
import { isDeepStrictEqual } from 'node:util'
import type { DescMethod, JsonObject, JsonValue } from '@bufbuild/protobuf'
import { fc } from '../support/property.js'
import { battle } from './support/attack.js'
import { BINDINGS, type Binding, encode, goodShot, METHODS } from './support/shots.js'
import { plain } from './support/target.js'

const { attack } = battle('accepted-messages')

const [SEND, STREAM] = ['SendMessage', 'SendStreamingMessage'].map((name) =>
  METHODS.find((method) => method.name === name),
) as [DescMethod, DescMethod]

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\r\n',
    '\u2028',
    '\u202e',
    '\ufeff',
    '\ufffd',
    '\uffff',
    '💥',
    'e\u0301',
    '</script>',
    'data: x\n\n',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as somebody else's template would have it
    '${x}',
    '{{x}}',
    '%00',
    '\u001b[31m',
  ),
  fc.constantFrom(1, 100, 4_000, 70_000).map((length) => 'x'.repeat(length)),
)

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' }) as fc.Arbitrary<JsonValue>,
  fc.constantFrom<JsonValue>(
    -0,
    5e-324,
    1.7976931348623157e308,
    9_007_199_254_740_991,
    0.1,
    1e21,
    {},
    [],
    null,
    '',
    { '': '' },
    { constructor: 1, prototype: 2, toString: 3 },
    { 'a.b': 1, '@type': 'x' },
  ),
  fc
    .record({
      depth: fc.integer({ min: 1, max: 40 }),
      array: fc.boolean(),
      leaf: fc.constantFrom<JsonValue>(1, 'x', null, {}, []),
    })
    .map(({ depth, array, leaf }) => {
      let value: JsonValue = leaf
      for (let level = 0; level < depth; level += 1) value = array ? [value] : { a: value }
      return value
    }),
)

const struct = fc.dictionary(fc.string({ unit: 'binary', maxLength: 10 }), json, {
  maxKeys: 4,
}) as fc.Arbitrary<JsonObject>

const part: fc.Arbitrary<JsonObject> = fc
  .record(
    {
      content: fc.oneof(
        words.map((text) => ({ text })),
        json.map((data) => ({ data })),
        fc.base64String({ maxLength: 80 }).map((raw) => ({ raw })),
        words.map((url) => ({ url })),
      ),
      metadata: struct,
      filename: words,
      mediaType: fc.constantFrom('', 'text/plain', 'TEXT/PLAIN; charset=x', 'application/json', 'image/png', 'image/'),
    },
    { requiredKeys: ['content'] },
  )
  .map(({ content, ...rest }) => ({ ...content, ...rest }))

const message: fc.Arbitrary<JsonObject> = fc.record(
  {
    messageId: fc.oneof(
      fc.constantFrom('m', '💥', 'é', "' OR 1=1 --", '__proto__', 'a'.repeat(256)),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    ),
    role: fc.constant('ROLE_USER'),
    parts: fc.array(part, { minLength: 1, maxLength: 4 }),
    // A context of its own for each, or else the lists become long.
    contextId: fc
      .tuple(
        fc.oneof(fc.constantFrom('', 'c', '../..', "';--", '💥', '%2F'), fc.string({ unit: 'binary', maxLength: 20 })),
        fc.nat(),
      )
      .map(([text, number]) => `${text}${number}`),
    metadata: struct,
    extensions: fc.array(words, { maxLength: 3 }),
    referenceTaskIds: fc.array(words, { maxLength: 3 }),
  },
  { requiredKeys: ['messageId', 'role', 'parts'] },
)

interface Sent {
  readonly binding: Binding
  readonly stream: boolean
  /** The agent says again what it was told, as data. */
  readonly mirror: boolean
  readonly request: JsonObject
}

const sent: fc.Arbitrary<Sent> = fc
  .record({
    binding: fc.constantFrom(...BINDINGS),
    stream: fc.boolean(),
    mirror: fc.boolean(),
    message,
    more: fc.record(
      {
        metadata: struct,
        configuration: fc.record(
          {
            acceptedOutputModes: fc.array(words, { maxLength: 2 }),
            historyLength: fc.constantFrom(0, 1, 2_147_483_647),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ message: { parts, ...rest }, more, mirror, ...how }) => {
    const first = { text: mirror ? 'mirror' : 'echo all of this:' }
    return { ...how, mirror, request: { ...more, message: { ...rest, parts: [first, ...(parts as JsonObject[])] } } }
  })

/** Levels of objects and arrays, as deep as protobuf's decoders take them in what an agent gives. */
const MAX_LEVELS = 32

function levelsOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(levelsOf))
}

/** What is mirrored lies deeper in the answer than it did in the request; an answer that is too deep is refused. */
function mayFail({ mirror, request: { message, metadata } }: Sent): boolean {
  return mirror && levelsOf({ message, metadata }) > MAX_LEVELS
}

attack<Sent>('what is accepted on one wire is the same on all, as a task, in a list and in a stream', {
  runs: 250,
  inputs: sent,
  async send(input, target) {
    const { binding, stream, request } = input
    const method = stream ? STREAM : SEND
    try {
      encode(method, request)
    } catch {
      // Not even a client of ours could say it.
      return
    }
    const verdict = await target.shoot(goodShot(binding, method, request, binding === 'grpc' ? '2' : '1.1'))
    const first = verdict?.results[0]?.task as { id: string; contextId: string } | undefined
    if (verdict?.ok !== true || first === undefined) return
    const task = await target.readable(first.id)
    const { state } = task.status as JsonObject
    if (state !== 'TASK_STATE_COMPLETED' && !(state === 'TASK_STATE_FAILED' && mayFail(input)))
      throw new Error(`the task is ${JSON.stringify(task.status)}`)
    const filter = { contextId: first.contextId, includeArtifacts: true, pageSize: 100 }
    await Promise.all(
      target.wires.map(async (wire) => {
        const { tasks } = await wire.call('listTasks', filter)
        const listed = (tasks as ({ id: string } & JsonObject)[]).find(({ id }) => id === first.id)
        if (listed !== undefined && isDeepStrictEqual(plain(listed), task)) return
        throw new Error(`not the same in a list over ${wire.name}: ${JSON.stringify(listed)?.slice(0, 300)}`)
      }),
    )
  },
})
