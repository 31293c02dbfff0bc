/**
 * Requests made of the schema and broken in its places, through every door: each operation over each binding of each
 * version. `npm run fuzz -- --requests 100000 --seed 7` sends as many as it is told, and repeats a run.
 */
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { arbitraryJson } from '../support/arbitrary-json.js'
import { postgres } from '../support/databases.js'
import { fc, PROPERTY_SEED } from '../support/property.js'
import { ANSWER_MS } from './support/answer.js'
import { DOORS, type Door } from './support/doors.js'
import {
  type ByteMutation,
  byteMutation,
  type FrameMutation,
  framed,
  frameMutation,
  type HeaderMutation,
  headerMutation,
  type JsonMutation,
  jsonMutation,
  mutatedBytes,
  mutatedJson,
  mutatedText,
  type TextMutation,
  textMutation,
} from './support/mutations.js'
import { goodRequest } from './support/schema.js'
import { METHODS, type Shot, toAgent } from './support/shots.js'
import { Target } from './support/target.js'

const REQUESTS = Number(process.env.FUZZ_REQUESTS ?? 3_000)

/** An answer may take so long; one that took longer is asked for again, since the machine may have been busy. */
const HANG_MS = 1_000
/** How often a good request is made in between. */
const CALM_EVERY = 200
/** What was accepted is read back over every wire once in so many. */
const READ_EVERY = 20
/** What may be held more at the end of a run than when its first tenth was over, in MiB. */
const MAX_HELD_MIB = 64

interface Input {
  readonly door: Door
  /** Undefined: the good request of the operation. */
  readonly made: JsonObject | undefined
  readonly json: readonly JsonMutation[]
  readonly text: TextMutation | undefined
  readonly bytes: readonly ByteMutation[]
  readonly frame: FrameMutation | undefined
  readonly headers: readonly HeaderMutation[]
  readonly verb: string | undefined
  readonly agent: string | undefined
  readonly version: Shot['version']
}

const MADE = new Map(METHODS.map((method) => [method.name, arbitraryJson(method.input)]))

function seldom<T>(arbitrary: fc.Arbitrary<T>, oneIn: number): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
}

function inputOf(door: Door): fc.Arbitrary<Input> {
  return fc.record({
    door: fc.constant(door),
    made: fc.option(MADE.get(door.method.name) ?? fc.constant({}), { nil: undefined }),
    json: fc.array(jsonMutation, { maxLength: 3 }),
    text: seldom(textMutation, 5),
    bytes: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(byteMutation, { minLength: 1, maxLength: 3 })),
    frame: seldom(frameMutation, 5),
    headers: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      fc.array(headerMutation, { minLength: 1, maxLength: 2 }),
    ),
    verb: seldom(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'), 20),
    agent: seldom(fc.constantFrom('scripted', 'silent', 'direct', 'either', 'inline', 'answering', 'demanding'), 5),
    version: fc.constantFrom('1.1', '2'),
  })
}

/** Messages have the most to be wrong in. */
const SENDS = DOORS.filter(({ method }) => /^Send/.test(method.name))

const inputs = fc
  .oneof(fc.constantFrom(...DOORS), fc.constantFrom(...SENDS))
  .chain(inputOf)
  .map((input) => Object.assign(input, { [fc.toStringMethod]: () => shown(input) }))

function shown({ door, ...rest }: Input): string {
  const said = Object.entries(rest).filter(([, value]) => value !== undefined && String(value) !== '')
  return `${door.name} ${JSON.stringify(Object.fromEntries(said)).slice(0, 4_000)}`
}

function requestOf({ door, made, json }: Input, taskId: string): JsonObject {
  const good = goodRequest(door.method, taskId)
  // A made id is nobody's: one that is known leads further.
  const request = made === undefined ? good : { ...made, ...(made.id === undefined ? {} : { id: taskId }) }
  return mutatedJson(door.words(request), json)
}

function shotOf(input: Input, taskId: string): Shot {
  const { door, text, bytes, frame } = input
  const json = requestOf(input, taskId)
  if (door.kind === 'json') {
    return door.shot(json, text === undefined ? undefined : mutatedText(JSON.stringify(json), text))
  }
  const message = mutatedBytes(encoded(door, json, taskId), bytes)
  const shot = door.shot(message)
  const isFramed = shot.body?.length !== message.length
  return frame === undefined || !isFramed ? shot : { ...shot, body: framed(message, frame) }
}

/** Of a request that the schema has no place for, the good one is sent: then it is the bytes that are wrong. */
function encoded(door: Door & { kind: 'binary' }, json: JsonObject, taskId: string): Uint8Array {
  try {
    return door.encode(json)
  } catch {
    return door.encode(door.words(goodRequest(door.method, taskId)))
  }
}

/** With other headers or another verb, or over a path that means another agent, somebody else may answer. */
function disguised(input: Input, shot: Shot): Shot {
  const { headers, verb, agent, version } = input
  const there = agent === undefined || shot.path.startsWith('/agent/') ? shot : toAgent(shot, agent)
  const changed = Object.fromEntries(headers.map(({ name, value }) => [name, value]))
  const method = verb ?? there.method
  return {
    ...there,
    // gRPC is HTTP/2.
    version: shot.form === 'grpc' ? '2' : version,
    form: verb === 'HEAD' ? 'head' : verb === undefined && headers.length === 0 ? there.form : 'any',
    method,
    headers: { ...there.headers, ...changed },
  }
}

/** False for what Node's own client refuses to send. */
function sendable({ version, headers }: Shot): boolean {
  if (version === '2' && headers.te !== undefined && headers.te !== 'trailers') return false
  return Object.values(headers).every((value) => /^[\t\x20-\x7e]*$/.test(value))
}

/** No answer at all in the time that the clients of these tests wait. */
const LATE = /: nothing within \d+ ms/
const REFUSED_STREAM = /ERR_HTTP2_STREAM_ERROR \(7\)/

interface Count {
  sent: number
  slowestMs: number
}

async function send(input: Input, target: Target, count: Count): Promise<void> {
  const shot = disguised(input, shotOf(input, target.taskId))
  if (!sendable(shot)) return
  const expected = {
    orHttp: true,
    // A head that is too large has no answer on HTTP/2.
    closable: input.verb !== undefined || input.headers.length > 0 || shot.path.length > 8_000,
    // The specifications ask for INTERNAL when a message is compressed and nobody says how.
    internal: ((input.frame?.flags ?? 0) & 1) === 1,
  }
  for (let again = 0; again < 3; again += 1) {
    const begun = performance.now()
    try {
      await target.shoot(shot, expected)
    } catch (error) {
      // The server ends a session on which very many streams were canceled: what it has not begun is sent again.
      const { message } = error as Error
      if (!(REFUSED_STREAM.test(message) || LATE.test(message)) || again === 2) throw error
      continue
    }
    const tookMs = performance.now() - begun
    count.sent += 1
    count.slowestMs = Math.max(count.slowestMs, tookMs)
    if (tookMs <= HANG_MS) return
  }
  throw new Error(`three times no answer within ${HANG_MS} ms`)
}

interface Battlefield {
  readonly title: string
  readonly missing: boolean
  /** Its share of all requests. */
  readonly share: number
  /** Added to the seed, so that each has requests of its own. */
  readonly offset: number
  start(): Promise<Target>
}

const BATTLEFIELDS: readonly Battlefield[] = [
  {
    title: 'in memory',
    missing: false,
    share: 0.8,
    offset: 0,
    start: () => Target.start({}, { readEvery: READ_EVERY }),
  },
  {
    title: 'on Temporal, stored in SQLite',
    missing: false,
    share: 0.1,
    offset: 1,
    start: () => Target.start({}, { readEvery: READ_EVERY, server: { temporalAddress: inject('temporalAddress') } }),
  },
  {
    title: `on Temporal, stored in ${postgres.title}`,
    missing: postgres.missing,
    share: 0.1,
    offset: 2,
    async start() {
      const { where } = await postgres.create()
      return Target.start(
        {},
        { readEvery: READ_EVERY, server: { temporalAddress: inject('temporalAddress'), db: where } },
      )
    },
  },
]

it('knows every operation, on every binding of every version', () => {
  expect(METHODS).toHaveLength(11)
  // Six wires of 1.0 for each; JSON-RPC of two versions and five wires of 0.3 for each but ListTasks; the paths of 0.2.5.
  expect(DOORS).toHaveLength(11 * 6 + 10 * 7 + 10)
})

describe.each(BATTLEFIELDS)('$title', ({ missing, share, offset, start }) => {
  const seed = PROPERTY_SEED + offset
  const requests = Math.ceil(REQUESTS * share)
  let target: Target

  beforeAll(async () => {
    if (!missing) target = await start()
  })

  afterAll(async () => {
    await target?.stop()
    target?.check()
  })

  it.skipIf(missing)(
    `${requests} requests of seed ${PROPERTY_SEED}: each is answered in the form of its wire, none is a fault of ours`,
    async () => {
      process.stderr.write(`fuzz: ${requests} requests, seed ${PROPERTY_SEED}\n`)
      const count: Count = { sent: 0, slowestMs: 0 }
      const held: number[] = []
      const every = Math.ceil(requests / 10)
      let shots = 0
      await fc.assert(
        fc.asyncProperty(inputs, async (input) => {
          await send(input, target, count)
          shots += 1
          if (shots % CALM_EVERY === 0) await target.calm()
          if (shots % every === 0) held.push(target.heldMib())
        }),
        { numRuns: requests, seed },
      )
      await target.calm()
      process.stderr.write(
        `fuzz: ${count.sent} sent, ${target.accepted} accepted, slowest ${Math.round(count.slowestMs)} ms, ` +
          `MiB held after each tenth: ${held.map(Math.round).join(' ')}\n`,
      )
      expect(Math.max(...held.slice(-3)) - (held[0] ?? 0)).toBeLessThan(MAX_HELD_MIB)
    },
    60_000 + requests * ANSWER_MS,
  )
})
