/** What a reader sees when the bus loses, repeats and reorders: never a gap, never a repeat, always the right end. */

import { describe, expect, it } from 'vitest'
import type { StreamResponseJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../../src/a2a/apply-event.js'
import { type Cursor, compareCursors, follows, type Position, START } from '../../../src/a2a/cursor.js'
import { readCursor } from '../../../src/a2a/cursor-text.js'
import { InProcessBus } from '../../../src/bus/in-process-bus.js'
import { type LiveEvent, taskKey } from '../../../src/bus/live-event.js'
import type { Engine, TaskReading } from '../../../src/engine/engine.js'
import { follow } from '../../../src/service/follow.js'
import type { Frame } from '../../../src/service/stream-step.js'
import { untilTerminal } from '../../../src/service/until.js'
import { fc } from '../../support/property.js'

const REF = { tenant: '', agentId: 'a', taskId: 't' }
const KEY = taskKey(REF)
const BASE = { id: 't', contextId: 'c', status: { state: 'TASK_STATE_SUBMITTED' as const } }

/** A turn of two attempts: the first says three words and is lost, the second says three others and ends. */
function life(): LiveEvent[] {
  const chunk = (cursor: Cursor, text: string): LiveEvent => ({
    key: KEY,
    cursor,
    kind: 'update',
    bytes: 10,
    event: {
      artifactUpdate: {
        taskId: 't',
        contextId: 'c',
        artifact: { artifactId: 'x', parts: [{ text }] },
        append: cursor.seq > 2,
      },
    },
  })
  const state = (
    cursor: Cursor,
    kind: 'begin' | 'end',
    value: 'TASK_STATE_WORKING' | 'TASK_STATE_COMPLETED',
  ): LiveEvent => ({
    key: KEY,
    cursor,
    kind,
    bytes: 10,
    event: { statusUpdate: { taskId: 't', contextId: 'c', status: { state: value } } },
  })
  const attempt = (n: number, words: readonly string[]) => [
    state({ turn: 1, attempt: n, seq: 1 }, 'begin', 'TASK_STATE_WORKING'),
    ...words.map((word, i) => chunk({ turn: 1, attempt: n, seq: i + 2 }, word)),
  ]
  return [
    ...attempt(1, ['one ', 'two ', 'three']),
    ...attempt(2, ['four ', 'five ', 'six']),
    state({ turn: 1, attempt: 2, seq: 5 }, 'end', 'TASK_STATE_COMPLETED'),
  ]
}

/** An engine that knows the truth up to an event: what `read` answers. */
class Truth {
  private readonly builder = new TaskBuilder(BASE)
  private position: Position = START

  learn(event: LiveEvent): void {
    this.builder.apply(event.event)
    this.position = { ...event.cursor, ended: event.kind === 'end' }
  }

  reading(): TaskReading {
    return { owner: 'o', task: this.builder.build(), position: this.position }
  }
}

async function readAll(
  events: readonly LiveEvent[],
  fates: readonly ('ok' | 'drop' | 'twice' | 'late')[],
): Promise<Frame[]> {
  const bus = new InProcessBus()
  const truth = new Truth()
  const read = async () => truth.reading()
  const engine = { bus, pollMs: 5, maxPollMs: 1_000, read, look: read } as unknown as Engine
  const subscription = bus.subscribe(KEY)
  const frames: Frame[] = []
  const reading = (async () => {
    const first = { task: BASE, position: START }
    const signal = AbortSignal.timeout(5_000)
    for await (const frame of follow(engine, REF, {
      subscription,
      first,
      until: untilTerminal,
      historyLength: undefined,
      signal,
    })) {
      if (frame !== 'open') frames.push(frame)
    }
  })()
  let late: LiveEvent[] = []
  for (const [i, event] of events.entries()) {
    truth.learn(event)
    const fate = fates[i] ?? 'ok'
    if (fate === 'late') late.push(event)
    if (fate === 'ok' || fate === 'twice') bus.publish(event)
    if (fate === 'twice') bus.publish(event)
    if (fate !== 'late' && late.length > 0) {
      for (const each of late) bus.publish(each)
      late = []
    }
    await new Promise((resolve) => setTimeout(resolve, i % 3 === 0 ? 1 : 0))
  }
  for (const each of late) bus.publish(each)
  await reading
  return frames
}

function check(frames: readonly Frame[]): void {
  const client = new TaskBuilder(BASE)
  let position: Position | undefined
  for (const { event, cursor: text } of frames) {
    const cursor = readCursor(text ?? '')?.position
    if (cursor === undefined) throw new Error('a frame without a cursor')
    // Only a Task may move the place forward by more than one step.
    if (event.task === undefined && position !== undefined && !follows(position, cursor)) {
      throw new Error(`gap between ${JSON.stringify(position)} and ${JSON.stringify(cursor)}`)
    }
    if (position !== undefined) expect(compareCursors(cursor, position)).toBeGreaterThan(0)
    client.apply(event)
    position = cursor
    expect(cursor.ended).toBe(cursor.turn === 0 || isEnd(event))
  }
  const task = client.build()
  expect(task.status?.state).toBe('TASK_STATE_COMPLETED')
  expect(task.artifacts?.[0]?.parts).toEqual([{ text: 'four five six' }])
}

function isEnd(event: StreamResponseJson): boolean {
  return (
    event.statusUpdate?.status?.state === 'TASK_STATE_COMPLETED' || event.task?.status?.state === 'TASK_STATE_COMPLETED'
  )
}

describe('follow', () => {
  it('shows a clean life as it was, and a new attempt as a replacement', async () => {
    const frames = await readAll(life(), [])
    check(frames)
    expect(frames.map(({ cursor }) => cursor?.split('-')[0])).toEqual([
      '0.1.0e',
      '1.1.1',
      '1.1.2',
      '1.1.3',
      '1.1.4',
      '1.2.1',
      '1.2.2',
      '1.2.3',
      '1.2.4',
      '1.2.5e',
    ])
  })

  it('holds for whatever a bus does to its events', async () => {
    const fate = fc.constantFrom('ok', 'ok', 'ok', 'drop', 'twice', 'late') as fc.Arbitrary<
      'ok' | 'drop' | 'twice' | 'late'
    >
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 9, maxLength: 9 }), async (fates) => {
        check(await readAll(life(), fates))
      }),
      { numRuns: 300 },
    )
  }, 30_000)

  it('closes a reader that does not read, resumably, and never blocks the publisher', async () => {
    const bus = new InProcessBus()
    const engine = { bus, pollMs: 0, maxPollMs: 0, read: async () => undefined } as unknown as Engine
    const subscription = bus.subscribe(KEY)
    const options = {
      subscription,
      first: { task: BASE, position: START },
      until: untilTerminal,
      historyLength: undefined,
    }
    const reader = follow(engine, REF, { ...options, signal: new AbortController().signal })
    await reader.next()
    const [begin] = life()
    for (let seq = 1; seq <= 5_000; seq += 1)
      bus.publish({ ...(begin as LiveEvent), cursor: { turn: 1, attempt: 1, seq } })
    await expect(reader.next()).rejects.toMatchObject({ reason: 'UNAVAILABLE', metadata: { resumable: 'true' } })
  })

  it('ends quietly when its reader leaves', async () => {
    const bus = new InProcessBus()
    const engine = { bus, pollMs: 0, maxPollMs: 0, read: async () => undefined } as unknown as Engine
    const leaver = new AbortController()
    const options = { first: { task: BASE, position: START }, until: untilTerminal, historyLength: undefined }
    const reader = follow(engine, REF, { ...options, subscription: bus.subscribe(KEY), signal: leaver.signal })
    await reader.next()
    const next = reader.next()
    leaver.abort()
    expect(await next).toEqual({ done: true, value: undefined })
  })
})
