/** What comes over NATS is read as what it says, or not at all: nothing there can harm a reader. */

import { describe, expect, it } from 'vitest'
import { type LiveEvent, taskKey } from '../../../src/bus/live-event.js'
import { subjectsOf } from '../../../src/bus/nats/subjects.js'
import {
  decodeEvent,
  decodeEvents,
  decodePicture,
  decodeQuestion,
  decodeStoredEvent,
  decodeStoredPicture,
  encodeEvent,
  encodeEvents,
  encodeLost,
  encodePicture,
  encodeQuestion,
  encodeStored,
  isStored,
  type Question,
} from '../../../src/bus/nats/wire.js'
import { fc } from '../../support/property.js'

const KEY = taskKey({ tenant: 't/1', agentId: 'agent', taskId: 'task-1' })
const status = { state: 'TASK_STATE_COMPLETED', timestamp: '2026-01-02T03:04:05.678Z' } as const
const end: LiveEvent = {
  key: KEY,
  cursor: { turn: 1, attempt: 2, seq: 3 },
  kind: 'end',
  event: { statusUpdate: { taskId: 'task-1', contextId: 'c', status, metadata: { deep: [1, { x: null }] } } },
  bytes: 1,
  task: { id: 'task-1', contextId: 'c', status, artifacts: [{ artifactId: 'a', parts: [{ raw: 'AAE=' }] }] },
}
const picture = { turn: 1, attempt: 2, seq: 3, status, artifacts: [{ artifactId: 'a', parts: [{ text: 'x' }] }] }

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const changed = (change: (message: Record<string, never>) => unknown) => {
  const message = JSON.parse(Buffer.from(encodeEvent(end)).toString())
  return bytes(change(message) ?? message)
}

describe('events over NATS', () => {
  it('arrive as they were sent', () => {
    const { bytes: _, ...received } = decodeEvent(KEY, encodeEvent(end)) as LiveEvent
    const { bytes: __, ...sent } = end
    expect(received).toEqual(sent)
  })

  it.each([
    ['no JSON', bytes('{')],
    ['nothing', bytes('')],
    ['a list', bytes('[]')],
    ['no version', changed((m) => ({ ...m, v: undefined }))],
    ['a cursor that is none', changed((m) => ({ ...m, cursor: { turn: 1, attempt: 1, seq: -1 } }))],
    ['a cursor beyond counting', changed((m) => ({ ...m, cursor: { turn: 1e300, attempt: 1, seq: 1 } }))],
    ['an unknown kind', changed((m) => ({ ...m, kind: 'start' }))],
    ['no event', changed((m) => ({ ...m, event: undefined }))],
    ['an event of another task', changed((m) => ({ ...m, event: { statusUpdate: { taskId: 'task-2', status } } }))],
    ['a task of another id', changed((m) => ({ ...m, task: { id: 'task-2', status } }))],
    ['a task that is none', changed((m) => ({ ...m, task: { id: 'task-1', status: 'DONE' } }))],
    ['a status without a state', changed((m) => ({ ...m, event: { statusUpdate: { taskId: 'task-1', status: {} } } }))],
    [
      'an artifact at the end',
      changed((m) => ({ ...m, event: { artifactUpdate: { taskId: 'task-1', artifact: {} } } })),
    ],
    ['wrong types', changed((m) => ({ ...m, event: { statusUpdate: { taskId: 'task-1', status: { state: [] } } } }))],
    ['JSON without end', bytes('['.repeat(500_000))],
    ['deep JSON', bytes(`{"v":1,"cursor":{"turn":1,"attempt":1,"seq":1},"kind":"end","event":${deep()}}`)],
  ])('are dropped when they hold %s', (_, data) => {
    expect(decodeEvent(KEY, data)).toBeUndefined()
  })

  it('of a newer version say at least that something happened, and what they add is left out', () => {
    expect(
      decodeEvent(
        KEY,
        changed((m) => ({ ...m, v: 2 })),
      ),
    ).toBe('lost')
    expect(decodeEvent(KEY, encodeLost())).toBe('lost')
    const more = decodeEvent(
      KEY,
      changed((m) => ({ ...m, more: 1, event: { statusUpdate: { taskId: 'task-1', status, mood: 'good' } } })),
    ) as LiveEvent
    expect(more.event).toEqual({ statusUpdate: { taskId: 'task-1', status } })
  })

  it('never throw, whatever they are', () => {
    const known = fc.constantFrom('v', 'cursor', 'kind', 'event', 'task', 'picture', 'ask', 'statusUpdate', 'status')
    const tree = fc.dictionary(known, fc.jsonValue())
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          tree.map((value) => bytes({ v: 1, ...value })),
        ),
        (data) => {
          decodeEvent(KEY, data)
          decodeEvents(KEY, data)
          decodePicture(data)
          decodeQuestion(data)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('lists of events over NATS', () => {
  it('hold as many as fit, the first ones', () => {
    const events = [1, 2, 3].map((seq) => ({ ...end, cursor: { ...end.cursor, seq } }))
    const two = encodeEvents(events, encodeEvents(events, 1e6).length - 1)
    expect(decodeEvents(KEY, two).map(({ cursor }) => cursor.seq)).toEqual([1, 2])
    expect(decodeEvents(KEY, encodeEvents(events, 10))).toEqual([])
  })

  it('are read up to the first that is none', () => {
    const [good, bad] = [{ cursor: end.cursor, kind: 'end', event: end.event }, { kind: 'end' }]
    expect(decodeEvents(KEY, bytes({ v: 1, events: [good, bad, good] }))).toHaveLength(1)
    expect(decodeEvents(KEY, bytes({ v: 1, events: 'x' }))).toEqual([])
  })
})

describe('pictures over NATS', () => {
  it('arrive as they were sent, also when there is none', () => {
    expect(decodePicture(encodePicture(picture))).toEqual(picture)
    expect(decodePicture(encodePicture(undefined))).toBeUndefined()
  })

  it.each([
    ['an artifact that is none', { ...picture, artifacts: [{ artifactId: 1 }] }],
    ['no artifacts', { ...picture, artifacts: undefined }],
    ['a status that is none', { ...picture, status: { state: 'x' } }],
    ['no place', { ...picture, seq: '3' }],
  ])('are dropped when they hold %s', (_, bad) => {
    expect(decodePicture(bytes({ v: 1, picture: bad }))).toBeUndefined()
  })
})

describe('references over NATS', () => {
  const large = { kind: 'raw' as const, size: 300_000, pieces: ['a'.repeat(64), 'b'.repeat(64)] }
  const file = { filename: 'f.bin', mediaType: 'a/b', large }
  const artifact = { artifactId: 'a', parts: [{ text: 'before' }, file, { text: 'after' }] }
  const event = { artifactUpdate: { taskId: 'task-1', contextId: 'c', artifact } }
  const live = { cursor: { turn: 1, attempt: 1, seq: 2 }, kind: 'update' as const }

  it('arrive in the places where they were', () => {
    const sent = encodeStored(event, live)
    expect([isStored(sent), isStored(encodeEvent(end))]).toEqual([true, false])
    expect(decodeStoredEvent(KEY, sent)).toMatchObject({ key: KEY, ...live, event })
    const said = { ...picture, artifacts: [artifact] }
    expect(decodeStoredPicture(encodeStored(said))).toEqual(said)
  })

  it.each([
    ['of another task', { artifactUpdate: { ...event.artifactUpdate, taskId: 'task-2' } }],
    ['without its pieces', withLarge({ ...large, pieces: large.pieces.slice(1) })],
    ['of far too many pieces', withLarge({ ...large, pieces: Array(500).fill('a'.repeat(64)), size: 500 * 262_144 })],
    ['with pieces that are none', withLarge({ ...large, pieces: [1, {}] })],
    ['without a size', withLarge({ kind: 'raw', pieces: [] })],
    ['that is no object', withLarge('x')],
    [
      'in parts that are none',
      { artifactUpdate: { ...event.artifactUpdate, artifact: { artifactId: 'a', parts: 'x' } } },
    ],
    ['and nothing else', {}],
  ])('%s are not read', (_, stored) => {
    expect(decodeStoredEvent(KEY, encodeStored(stored, live))).toBeUndefined()
  })

  it('never throw, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (stored, cursor) => {
        const data = bytes({ v: 1, stored, cursor, kind: 'update' })
        expect(decodeStoredEvent(KEY, data)).toBeUndefined()
        expect(decodeStoredPicture(data)).toBeUndefined()
      }),
    )
  })

  function withLarge(other: unknown): object {
    const parts = [{ ...file, large: other }]
    return { artifactUpdate: { ...event.artifactUpdate, artifact: { artifactId: 'a', parts } } }
  }
})

describe('questions over NATS', () => {
  it('are the three that there are', () => {
    const questions: Question[] = [
      { ask: 'cancel' },
      { ask: 'picture' },
      { ask: 'missed', after: { turn: 1, attempt: 2, seq: 3, ended: true } },
    ]
    for (const question of questions) expect(decodeQuestion(encodeQuestion(question))).toEqual(question)
    expect(decodeQuestion(bytes({ v: 1, ask: 'constructor' }))).toBeUndefined()
    expect(decodeQuestion(bytes({ v: 1, ask: 'missed', after: { turn: 1 } }))).toBeUndefined()
  })
})

describe('subjects', () => {
  it('hold nothing of the key, and differ by namespace and task', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (namespace, key) => {
        const { events, owner } = subjectsOf(namespace, key)
        expect(events).toMatch(/^a2a\.v1\.event\.[\w-]{43}$/)
        expect(owner).toMatch(/^a2a\.v1\.owner\.[\w-]{43}$/)
      }),
    )
    expect(new Set(Object.values(subjectsOf('a', 'b'))).size).toBe(3)
    const subjects = [subjectsOf('a', 'b'), subjectsOf('a', 'c'), subjectsOf('ab', ''), subjectsOf('', 'ab')]
    expect(new Set(subjects.map(({ events }) => events)).size).toBe(4)
  })
})

function deep(): string {
  return `{"message":{"parts":[{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}}`
}
