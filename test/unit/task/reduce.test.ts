/** The task state machine: examples of each rule, then every order of events that can happen. */

import { describe, expect, it } from 'vitest'
import { compareCursors } from '../../../src/a2a/cursor.js'
import type { JournalEntry } from '../../../src/task/journal-entry.js'
import {
  IllegalTransitionError,
  isEnded,
  isKeyReused,
  isTurnRunning,
  lastAcceptedTurn,
  nextMessage,
  reduce,
  turnOfKey,
} from '../../../src/task/reduce.js'
import { hasCallsToCancel, nextAlarm } from '../../../src/task/suspension.js'
import { newTaskRecord, type TaskRecord, type TurnEndState, type TurnResult } from '../../../src/task/task-record.js'
import { turnInput } from '../../../src/task/turn-input.js'
import { turnVanished, withOpenCalls } from '../../../src/task/turn-outcome.js'
import { fc } from '../../support/property.js'

const AT = '2026-01-01T00:00:00.000Z'

function message(messageId: string) {
  return { messageId, role: 'ROLE_USER' as const, parts: [{ text: messageId }] }
}

function fresh(): TaskRecord {
  return newTaskRecord({
    tenant: '',
    agentId: 'a',
    taskId: 'task',
    owner: 'local',
    contextId: 'context',
    message: message('m1'),
    params: {},
    at: AT,
  })
}

function result(state: TurnEndState, more: Partial<TurnResult> = {}): TurnResult {
  return { attempt: 1, seq: 3, state, artifacts: [], ...more }
}

const started = (record: TaskRecord) => reduce(record, { type: 'turnStarted', at: AT })
const ended = (record: TaskRecord, state: TurnEndState, more: Partial<TurnResult> = {}) =>
  reduce(record, { type: 'turnEnded', result: result(state, more), at: AT })
const accepted = (record: TaskRecord, id: string, key?: string) =>
  reduce(record, { type: 'accepted', message: message(id), params: {}, ...(key === undefined ? {} : { key }) })

describe('a task', () => {
  it('is SUBMITTED, then WORKING, then what its turn ended in', () => {
    const states = [fresh(), started(fresh()), ended(started(fresh()), 'TASK_STATE_COMPLETED')]
    expect(states.map(({ task }) => task.status?.state)).toEqual([
      'TASK_STATE_SUBMITTED',
      'TASK_STATE_WORKING',
      'TASK_STATE_COMPLETED',
    ])
    expect(states.map(({ revision }) => revision)).toEqual([1, 2, 3])
  })

  it('gives the state event the place after what the turn has said', () => {
    expect(ended(started(fresh()), 'TASK_STATE_FAILED', { attempt: 2, seq: 7 }).position).toEqual({
      turn: 1,
      attempt: 2,
      seq: 8,
      ended: true,
    })
  })

  it('goes on WORKING when a turn ends while messages wait, and keeps its artifacts', () => {
    const artifacts = [{ artifactId: 'x', parts: [{ text: 'kept' }] }]
    const record = ended(accepted(started(fresh()), 'm2'), 'TASK_STATE_COMPLETED', { artifacts })
    expect(record.task.status?.state).toBe('TASK_STATE_WORKING')
    expect(record.task.artifacts).toEqual(artifacts)
    expect(nextMessage(record)?.message.messageId).toBe('m2')
  })

  it('puts the question into the history before its answer, once', () => {
    const question = { messageId: 'q', role: 'ROLE_AGENT' as const, parts: [{ text: 'which?' }] }
    const asked = ended(started(fresh()), 'TASK_STATE_INPUT_REQUIRED', { message: question })
    const record = accepted(accepted(asked, 'm2'), 'm3')
    expect(record.task.history?.map(({ messageId }) => messageId)).toEqual(['m1', 'q', 'm2', 'm3'])
  })

  it('replaces artifacts of the same id and adds others', () => {
    const first = ended(started(fresh()), 'TASK_STATE_INPUT_REQUIRED', {
      artifacts: [
        { artifactId: 'a', parts: [{ text: '1' }] },
        { artifactId: 'b', parts: [{ text: '2' }] },
      ],
    })
    const second = ended(started(accepted(first, 'm2')), 'TASK_STATE_COMPLETED', {
      artifacts: [
        { artifactId: 'a', parts: [{ text: 'new' }] },
        { artifactId: 'c', parts: [{ text: '3' }] },
      ],
    })
    expect(second.task.artifacts?.map(({ artifactId, parts }) => `${artifactId}=${parts?.[0]?.text}`)).toEqual([
      'a=new',
      'b=2',
      'c=3',
    ])
  })

  it('becomes CANCELED by whatever ends the turn after a cancel, and its queue is empty', () => {
    const canceling = reduce(accepted(started(fresh()), 'm2'), { type: 'cancelRequested' })
    expect(canceling.inbox).toEqual([])
    const artifacts = [{ artifactId: 'x', parts: [{ text: 'said' }] }]
    const record = ended(canceling, 'TASK_STATE_COMPLETED', { artifacts })
    expect(record.task.status?.state).toBe('TASK_STATE_CANCELED')
    expect(record.task.artifacts).toEqual(artifacts)
    const lost = reduce(canceling, { type: 'turnLost', text: 'x', at: AT })
    expect(lost.task.status?.state).toBe('TASK_STATE_CANCELED')
  })

  it('keeps the question that it was asked with when it is canceled', () => {
    const question = { messageId: 'q', role: 'ROLE_AGENT' as const, parts: [{ text: 'Which?' }] }
    const asked = ended(started(fresh()), 'TASK_STATE_INPUT_REQUIRED', { message: question })
    const record = reduce(reduce(asked, { type: 'cancelRequested' }), { type: 'canceled', at: AT })
    expect(record.task.history?.map(({ messageId }) => messageId)).toEqual(['m1', 'q'])
  })

  it('is canceled at once while it waits', () => {
    const asked = ended(started(fresh()), 'TASK_STATE_INPUT_REQUIRED')
    const record = reduce(reduce(asked, { type: 'cancelRequested' }), { type: 'canceled', at: AT })
    expect(record.task.status?.state).toBe('TASK_STATE_CANCELED')
    expect(compareCursors(record.position, asked.position)).toBeGreaterThan(0)
  })

  it('fails with what was shown when its turn is lost', () => {
    const partial = result('TASK_STATE_FAILED', { artifacts: [{ artifactId: 'x', parts: [{ text: 'half' }] }] })
    const record = reduce(started(fresh()), { type: 'turnLost', text: 'lost', partial, at: AT })
    expect(record.task.status).toMatchObject({ state: 'TASK_STATE_FAILED', message: { parts: [{ text: 'lost' }] } })
    expect(record.task.artifacts).toHaveLength(1)
  })

  it('remembers the turn of an idempotency key', () => {
    const record = accepted(accepted(started(fresh()), 'm2', 'k2'), 'm3', 'k3')
    expect([
      turnOfKey(record, 'k2'),
      turnOfKey(record, 'k3'),
      turnOfKey(record, 'none'),
      turnOfKey(record, 'toString'),
    ]).toEqual([2, 3, undefined, undefined])
  })

  it('knows what an idempotency key was used for; without a hash nothing is another message', () => {
    const one: TaskRecord = { ...started(fresh()), acceptedKeys: { before: 2 } }
    const record = reduce(one, {
      type: 'accepted',
      message: message('m2'),
      params: {},
      key: 'k',
      requestHash: 'a',
    })
    const reused = (['a', 'b', undefined] as const).map((hash) => isKeyReused(record, 'k', hash))
    expect(reused).toEqual([false, true, false])
    expect([isKeyReused(record, 'before', 'a'), isKeyReused(record, 'none', 'a')]).toEqual([false, false])
    expect([turnOfKey(record, 'k'), turnOfKey(record, 'before')]).toEqual([2, 2])
  })

  it('takes nothing after its end', () => {
    const done = ended(started(fresh()), 'TASK_STATE_COMPLETED')
    expect(() => accepted(done, 'm2')).toThrow(IllegalTransitionError)
    expect(() => reduce(done, { type: 'cancelRequested' })).toThrow(IllegalTransitionError)
  })
})

describe('any life of a task', () => {
  type Step = 'accept' | 'start' | 'complete' | 'ask' | 'lose' | 'cancel'

  const step = fc.constantFrom<Step>('accept', 'start', 'complete', 'ask', 'lose', 'cancel')

  /** Applies the step when it is possible now, as an engine would. */
  function take(record: TaskRecord, what: Step, n: number): TaskRecord {
    if (isEnded(record)) return record
    const running = isTurnRunning(record)
    switch (what) {
      case 'accept':
        return record.cancelRequested ? record : accepted(record, `m${n + 2}`)
      case 'start':
        return nextMessage(record) === undefined ? record : started(record)
      case 'complete':
        return running ? ended(record, 'TASK_STATE_COMPLETED') : record
      case 'ask':
        return running ? ended(record, 'TASK_STATE_INPUT_REQUIRED') : record
      case 'lose':
        return running ? reduce(record, { type: 'turnLost', text: 'lost', at: AT }) : record
      case 'cancel': {
        if (record.cancelRequested) return record
        const canceling = reduce(record, { type: 'cancelRequested' })
        return running ? canceling : reduce(canceling, { type: 'canceled', at: AT })
      }
    }
  }

  it('only moves forward, loses no message, and ends at most once', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let record = fresh()
        let messages = 1
        for (const [n, what] of steps.entries()) {
          const before = record
          record = take(record, what, n)
          if (record === before) continue
          if (what === 'accept') messages += 1
          expect(record.revision).toBeGreaterThan(before.revision)
          expect(compareCursors(record.position, before.position)).toBeGreaterThanOrEqual(0)
          expect(record.task.history?.filter(({ role }) => role === 'ROLE_USER')).toHaveLength(messages)
          if (!record.cancelRequested) expect(lastAcceptedTurn(record)).toBe(messages)
          expect(isEnded(before)).toBe(false)
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a task that waits inside its handler', () => {
  const at = { kind: 'ask' as const, name: '', ordinal: 1 }
  const origin = { turn: 1, place: 0, params: {} }
  const open = { target: 'b', key: 'k', tenant: '', owner: 'local', contextId: 'c', taskId: 't', turn: 1 }
  const asks = { origin, journal: [], at, until: 'answer' as const, wakeMs: 60_000, remindMs: 10_000 }
  const calls = {
    origin,
    journal: [],
    at: { ...at, kind: 'call' as const },
    until: 'time' as const,
    wakeMs: 5_000,
    called: [open],
  }
  const cancel = (record: TaskRecord) => reduce(record, { type: 'cancelRequested' })
  const openCalls = (entry: Pick<JournalEntry, 'open' | 'opening' | 'outcome'>) => {
    const { suspended } = withOpenCalls(result('TASK_STATE_COMPLETED'), 1, [{ ...calls.at, after: 0, ...entry }])
    return suspended === undefined ? {} : { suspended }
  }

  it('has its times from the clock of the task', () => {
    const record = ended(started(fresh()), 'TASK_STATE_INPUT_REQUIRED', { suspended: asks })
    expect(nextAlarm(record)).toEqual({ type: 'remind', at: '2026-01-01T00:00:10.000Z' })
    const later = reduce(record, { type: 'reminded', at: '2026-01-01T00:00:55.000Z' })
    expect(nextAlarm(later)).toEqual({ type: 'wake', at: '2026-01-01T00:01:00.000Z' })
    expect([later.task.status?.state, later.position]).toEqual([
      'TASK_STATE_INPUT_REQUIRED',
      { turn: 1, attempt: 1, seq: 5, ended: true },
    ])
  })

  it('keeps its time when it asks again', () => {
    const record = ended(started(fresh()), 'TASK_STATE_INPUT_REQUIRED', { suspended: asks })
    const answered = started(accepted(record, 'm2'))
    const again = reduce(answered, {
      type: 'turnEnded',
      at: '2026-01-01T00:00:30.000Z',
      result: result('TASK_STATE_INPUT_REQUIRED', { suspended: asks }),
    })
    expect(again.suspended?.wakeAt).toBe('2026-01-01T00:01:00.000Z')
  })

  it('lets messages wait while it waits for time, and marks those that came before its question', () => {
    const asleep = ended(started(fresh()), 'TASK_STATE_WORKING', { suspended: calls })
    expect(nextMessage(accepted(asleep, 'm2'))).toBeUndefined()
    const asked = ended(accepted(started(fresh()), 'm2'), 'TASK_STATE_INPUT_REQUIRED', { suspended: asks })
    expect([asked.task.status?.state, nextMessage(asked)?.early]).toEqual(['TASK_STATE_WORKING', true])
  })

  it.each([
    ['while it waits', cancel(ended(started(fresh()), 'TASK_STATE_WORKING', { suspended: calls }))],
    ['as it was left', ended(cancel(started(fresh())), 'TASK_STATE_WORKING', { suspended: calls })],
    [
      'as its worker died',
      reduce(
        cancel(started(fresh())),
        turnVanished(
          {
            turn: 1,
            attempt: 1,
            seq: 3,
            artifacts: [],
            journal: [{ ...calls.at, after: 0, open }],
          },
          AT,
        ),
      ),
    ],
    ['as its end is known before that', cancel(ended(started(fresh()), 'TASK_STATE_CANCELED', openCalls({ open })))],
    ['as its handler stops', ended(cancel(started(fresh())), 'TASK_STATE_CANCELED', openCalls({ open }))],
    [
      'before it is known whether they have heard of it',
      ended(cancel(started(fresh())), 'TASK_STATE_COMPLETED', openCalls({ opening: open })),
    ],
  ])('cancels first whom it has called, when it is canceled %s', (_, record) => {
    expect([hasCallsToCancel(record), isEnded(record)]).toEqual([true, false])
    const turn = reduce(record, { type: 'turnWoken', at: AT })
    expect(turnInput(turn, undefined).resumed).toMatchObject({ by: 'canceled', suspension: { called: [open] } })
    const done = ended(turn, 'TASK_STATE_CANCELED', { seq: 0 })
    expect([done.task.status?.state, done.suspended]).toEqual(['TASK_STATE_CANCELED', undefined])
  })

  it('is CANCELED without a word of its handler, whichever is known first', () => {
    const said = { message: { ...message('said'), role: 'ROLE_AGENT' as const } }
    for (const record of [started(fresh()), cancel(started(fresh()))]) {
      const done = ended(record, 'TASK_STATE_CANCELED', said)
      expect([isEnded(done), done.task.status]).toEqual([true, { state: 'TASK_STATE_CANCELED', timestamp: AT }])
    }
  })

  it.each([
    ['ends by itself', started(fresh()), openCalls({ open })],
    ['has its answers', cancel(started(fresh())), openCalls({ open, outcome: { order: 1 } })],
  ])('is over at once when it %s', (_, record, open) => {
    const done = ended(record, 'TASK_STATE_COMPLETED', open)
    expect([isEnded(done), hasCallsToCancel(done), done.suspended]).toEqual([true, false, undefined])
  })
})
