/**
 * What a handler may give is a closed union: the rest does not compile. Checked by `npm run check`: an expected error that
 * does not come is one.
 */
import type { JsonValue } from '@bufbuild/protobuf'
import {
  agent,
  artifact,
  authRequired,
  complete,
  data,
  fail,
  file,
  type Handler,
  inputRequired,
  type Middleware,
  message,
  type Result,
  reject,
  type SkillMeta,
  status,
  text,
} from '../../src/index.js'

const meta = { id: 'x' }

export const everyResult: readonly Result[] = [
  'a string',
  text('a chunk'),
  status('thinking'),
  status(),
  artifact({ parts: [{ text: 'a' }], append: true }),
  file('a.txt', new Uint8Array()),
  file('a.txt', new URL('https://example.com/a.txt')),
  data({ a: [1, null, 'b'] }),
  complete(),
  inputRequired('Which?'),
  authRequired([{ text: 'Sign in' }]),
  reject(),
  fail('no', { metadata: { why: 1 } }),
  message('no task'),
]

export const handlers: readonly Handler[] = [
  () => 'text',
  async () => data(1),
  () => undefined,
  () => {},
  async () => {},
  function* () {
    yield* everyResult
  },
  async function* () {
    yield* everyResult
    return complete()
  },
]

// @ts-expect-error a number is no result
agent(meta, async function* () {
  yield 7
})

// @ts-expect-error an object that no helper has made is no result
agent(meta, async function* () {
  yield { text: 'hi' }
})

// @ts-expect-error nothing is no result
agent(meta, async function* () {
  yield undefined
})

// @ts-expect-error an array of results is none
agent(meta, () => ['a', 'b'])

// @ts-expect-error bytes are no result: file(name, bytes) is
agent(meta, async () => new Uint8Array())

// @ts-expect-error what is returned at the end is held to the same
agent(meta, async function* () {
  yield 'a'
  return 7
})

interface Offer {
  readonly id: string
  readonly tags?: readonly string[]
  readonly price: { readonly amount: number | null }
}
const offer: Offer = { id: 'o', price: { amount: 1 } }
const list: readonly Offer[] = [offer]

export const interfaces: readonly Result[] = [
  data(offer),
  data({ offer, list }),
  data(list),
  data(null),
  artifact({ parts: [{ text: 'a' }], metadata: offer }),
  status('a', { metadata: offer }),
  complete('a', { metadata: { list } }),
  inputRequired('a', { metadata: offer }),
  authRequired('a', { metadata: offer }),
  reject('a', { metadata: offer }),
  fail('a', { metadata: offer }),
  message('a', { metadata: offer }),
]

export const generic = <Value extends JsonValue>(value: Value) => data(value)

// @ts-expect-error a function is no JSON value
data(() => 1)

// @ts-expect-error a Date is none either, however deep
data({ offer: { at: new Date() } })

// @ts-expect-error a BigInt is none
data({ n: 1n })

// @ts-expect-error a symbol is none
data([Symbol('a')])

// @ts-expect-error nor is what has methods
data(new Map())

// @ts-expect-error nothing is no value
data(undefined)

// @ts-expect-error what is not known to be JSON is not
data({} as unknown)

// @ts-expect-error metadata is held to the same
complete('a', { metadata: { at: new Date() } })

// @ts-expect-error also that of an artifact
artifact({ parts: [{ text: 'a' }], metadata: { f: () => 1 } })

// @ts-expect-error metadata is an object
complete('a', { metadata: 'a' })

// @ts-expect-error an artifact has parts
artifact({ name: 'empty' })

// @ts-expect-error a part is ProtoJSON
artifact({ parts: [{ kind: 'text', text: 'a' }] })

// @ts-expect-error the state is not the author's to invent
complete('done', { state: 'TASK_STATE_COMPLETED' })

// @ts-expect-error without skills there is no agent without a handler
agent(meta)

// @ts-expect-error a handler is a function
agent(meta, 'hi')

// @ts-expect-error an agent has an id
agent({ name: 'x' }, () => 'hi')

// @ts-expect-error modes are known by name
agent({ id: 'x', run: 'sometimes' }, () => 'hi')

// @ts-expect-error units are known by name
agent({ id: 'x', rateLimits: { perWeek: 1 } }, () => 'hi')

// @ts-expect-error a limit counts by caller or agent
agent({ id: 'x', rateLimits: { perDay: 1, by: 'moon' } }, () => 'hi')

export const skill: SkillMeta = { id: 's', handler: (incoming, ctx) => `${incoming.text} ${ctx.skill}` }

agent({ id: 'x', skills: [skill] })

// @ts-expect-error the handler of a skill is held to the same
agent({ id: 'x', skills: { s: { handler: () => 7 } } })

export const middleware: readonly Middleware[] = [
  async (_incoming, _ctx, next) => next(),
  async (_incoming, _ctx, next) => {
    await next()
  },
  async function* (_incoming, _ctx, next) {
    yield* next.results()
  },
  () => reject('no'),
]

// @ts-expect-error a middleware gives results too
export const wrong: Middleware = async () => 7
