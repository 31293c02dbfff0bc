/** Artifacts across attempts: what is written ahead, what is taken back, and what counts for the task's budget. */

import { describe, expect, it } from 'vitest'
import { TaskBuilder } from '../../../src/a2a/apply-event.js'
import type { EarlierAttempts } from '../../../src/agent/resume.js'
import { TurnEvents } from '../../../src/agent/turn-events.js'
import type { LiveEvent } from '../../../src/bus/live-event.js'
import { countedBytes, utf8Bytes } from '../../../src/internal/utf8-bytes.js'
import type { TurnStanding } from '../../../src/task/turn-picture.js'
import { fc } from '../../support/property.js'

const INPUT = {
  tenant: '',
  agentId: 'a',
  taskId: 'task-of-test',
  owner: 'o',
  revision: 1,
  turn: 2,
  task: {
    id: 'task-of-test',
    contextId: 'c',
    status: { state: 'TASK_STATE_WORKING' as const },
    artifacts: [{ artifactId: 'earlier', parts: [{ text: 'of turn 1' }] }],
  },
  message: {},
  params: {},
}

function attempt(n = 1) {
  const published: LiveEvent[] = []
  const stood: TurnStanding[] = []
  const events = new TurnEvents(INPUT as never, {
    attempt: n,
    publish: (event) => published.push(event),
    now: () => '2026-01-01T00:00:00.000Z',
    newId: () => 'id',
    onStanding: (standing) => stood.push(standing),
  })
  return { events, published, stood }
}

const part = (text: string) => [{ text }]

describe('an artifact is durable before it is shown', () => {
  it('unless it is the one that every attempt begins with', () => {
    const { events } = attempt()
    expect(events.announce(undefined)).toBe(false)
    events.text('a', false)
    expect(events.announce('own')).toBe(true)
    expect(events.earlier(undefined).shown).toContain('own')
    expect(events.announce('own')).toBe(false)
    events.artifact({ artifactId: 'own', parts: part('x') })
    expect(events.announce('own')).toBe(false)
    expect(events.announce(undefined)).toBe(true)
  })

  it('an own id is written ahead also when it comes first, and so is a made one after it', () => {
    const { events } = attempt()
    expect(events.announce('own')).toBe(true)
    events.artifact({ artifactId: 'own', parts: part('x') })
    expect(events.announce(undefined)).toBe(true)
  })
})

describe('what earlier attempts have shown', () => {
  it('is emptied and marked superseded; an artifact of an earlier turn gets its content back', () => {
    const { events, published } = attempt(2)
    events.artifact({ artifactId: 'mine', parts: part('m') })
    events.supersede(['mine', 'earlier', 'lost'])
    const built = new TaskBuilder({})
    for (const { event } of published) built.apply(event)
    expect(built.build().artifacts).toEqual([
      { artifactId: 'mine', parts: part('m') },
      { artifactId: 'earlier', parts: part('of turn 1') },
      { artifactId: 'lost', parts: part(''), metadata: { superseded: true } },
    ])
    expect(built.build().artifacts?.slice(1)).toEqual(
      events.artifacts().filter(({ artifactId }) => artifactId !== 'mine'),
    )
  })

  it('is remembered from attempt to attempt', () => {
    const first = attempt(1).events
    first.text('one', false)
    first.announce('log')
    const afterFirst = first.earlier(undefined)
    const second = attempt(2).events
    second.begin()
    expect(second.earlier(afterFirst)).toEqual(afterFirst)
    second.text('two', false)
    const afterSecond = second.earlier(afterFirst)
    expect([...afterSecond.shown].sort()).toEqual([...afterFirst.shown].sort())
    expect(afterSecond.artifacts.map(({ parts }) => parts)).toEqual([part('two')])
    expect(afterSecond.textArtifactId).toBe(afterFirst.textArtifactId)
  })
})

describe('what a reader ends up with', () => {
  const step = fc.record({
    id: fc.constantFrom('earlier', 'a', 'b', undefined),
    text: fc.string({ unit: 'binary', maxLength: 4 }),
    append: fc.boolean(),
    lastChunk: fc.constantFrom(undefined, false, true),
  })
  const lost = fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 2 })

  it('is what the task has, however many attempts were lost on the way', () => {
    fc.assert(
      fc.property(lost, fc.array(step, { maxLength: 8 }), fc.boolean(), (before, last, withTask) => {
        const reader = new TaskBuilder({ artifacts: INPUT.task.artifacts })
        let known: EarlierAttempts | undefined
        const attempts = [...before, last].map((steps, i) => {
          const { events, published } = attempt(i + 1)
          for (const { id, text, append, lastChunk } of steps) {
            if (append && id !== undefined && events.hasEnded(id)) continue
            events.announce(id)
            events.artifact({
              parts: part(text),
              append,
              ...(id === undefined ? {} : { artifactId: id }),
              ...(lastChunk === undefined ? {} : { lastChunk }),
            })
          }
          return { events, published }
        })
        for (const [i, { events, published }] of attempts.entries()) {
          if (i === before.length) {
            events.closeOpen(withTask)
            events.supersede(known?.shown ?? [])
          }
          for (const { event } of published) reader.apply(event)
          known = events.earlier(known)
        }
        const { events } = attempts.at(-1) as (typeof attempts)[number]
        const task = new TaskBuilder({ artifacts: INPUT.task.artifacts })
        for (const artifact of events.artifacts()) task.apply({ artifactUpdate: { artifact } })
        expect(byId(reader)).toEqual(byId(task))
      }),
    )
  })
})

function byId(builder: TaskBuilder) {
  return Object.fromEntries((builder.build().artifacts ?? []).map((artifact) => [artifact.artifactId, artifact]))
}

describe('how a task stands', () => {
  const said = (n: number, act: (events: TurnEvents) => void) => {
    const { events, stood } = attempt(n)
    events.begin()
    act(events)
    return stood.map(({ seq, status }) => `${seq} ${status.state?.replace('TASK_STATE_', '')}`)
  }

  it('is told when it waits while its handler goes on, and when it works again', () => {
    const act = (events: TurnEvents) => {
      events.status('before', undefined)
      events.authRequired(part('one'), undefined)
      events.authRequired(part('two'), undefined)
      events.text('again', false)
      events.status('after', undefined)
    }
    expect(said(1, act)).toEqual(['3 AUTH_REQUIRED', '4 AUTH_REQUIRED', '5 WORKING'])
  })

  it('is told by an attempt that follows a lost one, which may have let it wait', () => {
    expect(said(2, (events) => events.status('x', undefined))).toEqual(['1 WORKING'])
  })
})

describe('parts of an artifact', () => {
  it('are alike in the stream, a snapshot, a checkpoint and the result', () => {
    const { events, published } = attempt()
    events.artifact({ artifactId: 'page', parts: [...part('Title'), ...part('Body')], lastChunk: false })
    events.artifact({ artifactId: 'page', parts: [...part(' and more'), ...part('End')], append: true })
    const built = new TaskBuilder({})
    for (const { event } of published) built.apply(event)
    const whole = [{ artifactId: 'page', parts: [...part('Title'), ...part('Body and more'), ...part('End')] }]
    for (const artifacts of [built.build(), events.said, events.earlier(undefined)].map((each) => each.artifacts))
      expect(artifacts).toEqual(whole)
    expect(events.artifacts()).toEqual(whole)
  })
})

describe('references to large values', () => {
  it("are nobody's to give but ours", () => {
    const { events } = attempt()
    const large = { kind: 'text', size: 1, pieces: ['a'.repeat(64)] }
    const parts = [{ text: 'a', large }, { large }] as unknown as [{ text: string }]
    events.artifact({ artifactId: 'a', parts })
    expect(events.artifacts()[0]?.parts).toEqual([{ text: 'a' }, {}])
    expect(events.agentMessage(parts).parts).toEqual([{ text: 'a' }, {}])
  })
})

describe('the budget of a turn', () => {
  it('counts what stays in the task: about the bytes of its artifacts, whatever was replaced on the way', () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      text: fc.string({ unit: 'grapheme', maxLength: 40 }),
      append: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { events } = attempt()
        for (const { id, text, append } of steps) events.artifact({ artifactId: id, parts: part(text), append })
        const real = utf8Bytes(JSON.stringify(events.artifacts()))
        expect(events.weight.bytes).toBeGreaterThanOrEqual(real - 200 * 3)
        expect(events.weight.bytes).toBeLessThanOrEqual(real + 200 * 3)
      }),
    )
  })

  it('counts a large file as what it is, and not as its base64', () => {
    const { events } = attempt()
    events.artifact({ artifactId: 'a', parts: [{ raw: 'A'.repeat(4_000_000), filename: 'f' }] })
    const { bytes, largeBytes } = events.weight
    expect([bytes < 3_000, Math.round(largeBytes / 1_000)]).toEqual([true, 3_000])
  })

  it('takes any number of statuses, for a task keeps one', () => {
    const { events } = attempt()
    for (let i = 0; i < 1_000; i += 1) events.status('still working', undefined)
    expect(events.weight.bytes).toBeLessThan(500)
  })

  it('counts bytes, not characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect([utf8Bytes(text), countedBytes(text)]).toEqual([Buffer.byteLength(text), Buffer.byteLength(text)])
      }),
    )
  })
})
