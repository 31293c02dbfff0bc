/** What a handler gives is valid ProtoJSON before anybody sees it: every wire can carry the task. */
import { fromJson, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { StreamResponseSchema } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../../src/a2a/apply-event.js'
import {
  agent,
  artifact,
  complete,
  data,
  file,
  type Handler,
  inputRequired,
  message,
  status,
} from '../../../src/index.js'
import { test } from '../../../src/testing/index.js'
import { fc } from '../../support/property.js'
import { runOnce, type TurnRun } from '../../support/run-turn.js'

const run = (handler: Handler) => runOnce(agent({ id: 'x' }, handler), '')

/** As gRPC and Connect encode them: throws for what they cannot carry. */
function encoded({ events }: TurnRun): TurnRun['events'] {
  for (const event of events) toBinary(StreamResponseSchema, fromJson(StreamResponseSchema, event))
  return events
}

function deep(levels: number): object {
  let value = {}
  for (let i = 1; i < levels; i += 1) value = { value }
  return value
}

describe('text is made of whole characters', () => {
  it.each(['hi 😀!', '😀', '😀😀', 'a\ud83d', '\ude00b', '\ud83d\ud83d\ude00'])('%j in code units', async (whole) => {
    const result = await run(async function* () {
      for (const unit of whole.split('')) yield unit
    })
    encoded(result)
    expect(result.text).toBe(whole.toWellFormed())
    expect(result.result.artifacts[0]?.parts).toEqual([{ text: whole.toWellFormed() }])
  })

  it("and so is an author's artifact, however it is cut", async () => {
    const cut = fc.record({ whole: fc.string({ unit: 'binary' }), sizes: fc.array(fc.integer({ min: 1, max: 3 })) })
    await fc.assert(
      fc.asyncProperty(cut, async ({ whole, sizes }) => {
        const result = await run(async function* () {
          yield artifact({ artifactId: 'log', parts: [{ text: '' }] })
          let at = 0
          for (const size of [...sizes, whole.length]) {
            yield artifact({ artifactId: 'log', append: true, parts: [{ text: whole.slice(at, at + size) }] })
            at += size
          }
        })
        encoded(result)
        expect(result.result.artifacts).toEqual([{ artifactId: 'log', parts: [{ text: whole.toWellFormed() }] }])
      }),
    )
  })

  it('nothing waits for a half that cannot come', async () => {
    const result = await run(async function* () {
      yield artifact({ artifactId: 'a', parts: [{ text: 'a\ud83d' }] })
      yield artifact({ artifactId: 'a', append: true, parts: [{ data: 1 }] })
      yield artifact({ artifactId: 'b', parts: [{ text: 'b\ud83d' }], lastChunk: false })
      yield artifact({ artifactId: 'c', parts: [{ text: 'c\ud83d' }], lastChunk: true })
      yield artifact({ artifactId: 'd', parts: [{ text: 'd\ud83d' }] })
      yield artifact({ artifactId: 'd', parts: [{ text: '\ude00' }] })
    })
    encoded(result)
    expect(result.result.artifacts.map(({ parts }) => parts)).toEqual([
      [{ text: 'a\ufffd' }, { data: 1 }],
      [{ text: 'b\ufffd' }],
      [{ text: 'c\ufffd' }],
      [{ text: '\ufffd' }],
    ])
  })

  it('in statuses, messages, data, metadata and keys', async () => {
    const half = 'x\ud83d'
    const result = await run(async function* () {
      yield status(half, { metadata: { [half]: half } })
      yield data({ [half]: [half, undefined as never].slice(0, 1), none: undefined as never }, { name: half })
      return complete(half, { metadata: { half } })
    })
    encoded(result)
    expect(JSON.stringify(result)).not.toMatch(/\\ud83d/)
    expect(result.result.artifacts[0]).toMatchObject({ name: 'x\ufffd', parts: [{ data: { 'x\ufffd': ['x\ufffd'] } }] })
    const answer = agent({ id: 'm', answers: 'message' }, function* () {
      yield half
    })
    expect((await test(answer).send('')).text).toBe('x\ufffd')
  })
})

describe('what no wire can carry is refused at once, with its place', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const part = (given: object) => artifact({ parts: [given as never] })
  it.each<[string, () => unknown, string]>([
    [
      'NaN',
      () => data({ n: Number.NaN }),
      'gave artifact() whose parts[0].data is NaN at .n, which JSON does not have',
    ],
    ['Infinity', () => part({ data: [Infinity] }), 'whose parts[0].data is Infinity at [0]'],
    ['a BigInt', () => data({ n: 1n } as never), 'whose parts[0].data is a BigInt at .n; return it as a string'],
    ['a cycle', () => data(cycle as never), 'whose parts[0].data refers to itself at .self'],
    ['a Date', () => data({ at: new Date(0) } as never), 'whose parts[0].data is a Date at .at'],
    ['depth', () => data(deep(33) as never), 'whose parts[0].data is nested deeper than 32 levels'],
    ['raw', () => part({ raw: 'no base64!' }), 'whose parts[0].raw is no base64'],
    ['raw of a wrong length', () => part({ raw: 'AAAAA' }), 'whose parts[0].raw is no base64'],
    ['a field of a part', () => part({ text: 'a', kind: 'text' }), 'whose parts[0].kind is no field of the protocol'],
    ['a media type', () => part({ text: 'a', mediaType: 4 }), 'whose parts[0].mediaType is no string'],
    ['metadata of a part', () => part({ text: 'a', metadata: 'q' }), 'whose parts[0].metadata is no object'],
    [
      'a field',
      () => artifact({ parts: [{ text: 'a' }], title: 't' } as never),
      'whose title is no field of the protocol',
    ],
    [
      'extensions',
      () => artifact({ parts: [{ text: 'a' }], extensions: 'a' as never }),
      'whose extensions is no array',
    ],
    ['a name', () => data(1, { name: 5 as never }), 'whose name is no string'],
    ['a function', () => complete('', { metadata: { f: () => 1 } as never }), 'whose metadata is a function at .f'],
    ['a status', () => status(5 as never), 'gave status() whose text is no string'],
    ['NaN of a status', () => status('', { metadata: { n: Number.NaN } }), 'gave status() whose metadata is NaN at .n'],
    ['content', () => inputRequired(5 as never), 'gave the state input-required without parts'],
  ])('%s', async (_, give, text) => {
    let attempts = 0
    const t = test(
      agent({ id: 'wrong' }, async function* () {
        attempts += 1
        yield give() as string
      }),
    )
    const { state, statusText } = await t.send('')
    expect(statusText).toContain(`Agent wrong gave `)
    expect(statusText).toContain(text)
    expect([state, attempts]).toEqual(['TASK_STATE_FAILED', 1])
  })

  it('in a Message, an event, a question', async () => {
    const parts = [{ data: Number.NaN }]
    const either = agent({ id: 'e', answers: 'either' }, () => message(parts))
    await expect(runOnce(either, '')).rejects.toThrow('Agent e gave message() whose parts[0].data is NaN')
    const event = { artifactUpdate: { artifact: { artifactId: 'a', parts } } }
    await expect(run((_, ctx) => ctx.emit(event).then(() => ''))).rejects.toThrow(
      'Agent x emitted an event whose parts[0].data is NaN',
    )
    await expect(run((_, ctx) => ctx.ask(parts).then(() => ''))).rejects.toThrow(
      'Agent x called ctx.ask with a message whose parts[0].data is NaN',
    )
  })

  it('and what they can carry is not', async () => {
    const result = await run(async function* () {
      yield data(deep(32) as never)
      yield artifact({ parts: [{ raw: 'AAA_-A==' }, { raw: '' }, { raw: 'AAA' }, { data: null }] })
    })
    encoded(result)
    expect(result.result.artifacts).toHaveLength(2)
  })

  it('what an author changes afterwards changes nothing', async () => {
    const counted = { n: 1 }
    const result = await run(async function* () {
      yield data(counted)
      counted.n = Number.NaN
    })
    expect(encoded(result).some((event) => JSON.stringify(event).includes('{"n":1}'))).toBe(true)
  })
})

describe('file()', () => {
  const fileOf = async (give: () => ReturnType<typeof file>) => (await run(give)).result.artifacts[0]?.parts?.[0]

  it.each<[string, () => ReturnType<typeof file>, object]>([
    ['bytes', () => file('f', new Uint8Array([1, 2, 3])), { raw: 'AQID' }],
    ['a part of a buffer', () => file('f', new Uint8Array([0, 1, 2, 3]).subarray(1)), { raw: 'AQID' }],
    ['an ArrayBuffer', () => file('f', new Uint8Array([1, 2, 3]).buffer), { raw: 'AQID' }],
    ['a URL', () => file('f', new URL('https://a.example/f')), { url: 'https://a.example/f' }],
    ['the text of one', () => file('f', 'https://a.example/f'), { url: 'https://a.example/f' }],
  ])('takes %s', async (_, give, expected) => {
    expect(await fileOf(give)).toEqual({ ...expected, filename: 'f' })
  })

  it.each(['hello world', 'Summary: fine', undefined, 5, new Float64Array(1)])(
    'refuses %j, and says what to pass',
    async (content) => {
      let attempts = 0
      const writer = agent({ id: 'writer' }, () => {
        attempts += 1
        return file('note.txt', content as never)
      })
      const { state, statusText } = await test(writer).send('')
      expect([state, attempts]).toEqual(['TASK_STATE_FAILED', 1])
      expect(statusText).toBe(
        'file("note.txt") needs bytes or a URL; for a text pass bytes, e.g. new TextEncoder().encode(text)',
      )
    },
  )
})

describe('the end of an artifact', () => {
  const ends = ({ events }: TurnRun) =>
    events.flatMap(({ artifactUpdate: update }) =>
      update === undefined ? [] : [`${update.append ? '+' : ''}${update.lastChunk ? 'last' : 'open'}`],
    )
  const log = { artifactId: 'log', parts: [{ text: 'a' }] }

  it.each<[string, Handler, string[]]>([
    ['is said at once when it has no id', () => data(1), ['last']],
    ['is said at once when it is returned', () => artifact(log), ['last']],
    [
      'is said with the task when more may have followed',
      function* () {
        yield artifact(log)
        yield artifact({ ...log, append: true })
      },
      ['open', '+open', '+last'],
    ],
    [
      'is not said while the task goes on',
      function* () {
        yield artifact(log)
        return inputRequired('More?')
      },
      ['open'],
    ],
    [
      'is what the author says',
      function* () {
        yield artifact({ ...log, lastChunk: false })
        yield artifact({ ...log, artifactId: 'other', lastChunk: true })
      },
      ['open', 'last'],
    ],
    [
      'does not change what the artifact holds',
      function* () {
        yield artifact({ artifactId: 'data', parts: [{ data: 1 }] })
      },
      ['open'],
    ],
    [
      'is taken back when it begins anew',
      function* () {
        yield artifact({ ...log, lastChunk: true })
        yield artifact(log)
        yield artifact({ ...log, append: true, lastChunk: true })
      },
      ['last', 'open', '+last'],
    ],
    [
      'and a chunk of an artifact that is not there begins it',
      function* () {
        yield artifact({ ...log, append: true })
        return artifact({ ...log, append: true })
      },
      ['open', '+last'],
    ],
  ])('%s', async (_, handler, expected) => {
    const result = await run(handler)
    expect(ends(result)).toEqual(expected)
    const built = new TaskBuilder({})
    for (const event of result.events) built.apply(event)
    expect(built.build().artifacts).toEqual(result.result.artifacts)
  })

  it('no chunk follows it', async () => {
    const after = run(function* () {
      yield artifact({ ...log, lastChunk: true })
      yield artifact({ ...log, append: true })
    })
    await expect(after).rejects.toThrow('Agent x gave a chunk of the artifact "log" after its lastChunk')
  })
})
