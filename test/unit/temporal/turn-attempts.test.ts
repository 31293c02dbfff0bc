/** What the attempts at a turn hand on to each other, and when the next one comes. */
import { ApplicationFailure } from '@temporalio/common'
import { expect, it } from 'vitest'
import { unavailable } from '../../../src/a2a/errors.js'
import { agent } from '../../../src/agent/agent-definition.js'
import { authRequired } from '../../../src/agent/result.js'
import { attemptsAt } from '../../support/turn-attempts.js'

/** Enough for a checkpoint to be written with references. */
const LARGE = 'x'.repeat(300_000)

const other = agent({ id: 'other' }, () => 'other')

it('a turn waits for a worker that has its agent, however many do not', async () => {
  const wanted = agent({ id: 'wanted' }, (_, ctx) => `on attempt ${ctx.attempt}`)
  const attempts = attemptsAt('wanted', 'x')
  for (let i = 0; i < 100; i += 1) {
    expect(await attempts.at({ agents: [other] })).toMatchObject({ type: 'AgentNotServed', nextRetryDelay: 1_000 })
  }
  expect(await attempts.at({ agents: [wanted] })).toMatchObject({
    state: 'TASK_STATE_COMPLETED',
    artifacts: [{ parts: [{ text: 'on attempt 101' }] }],
  })
})

it('a worker without the agent keeps what earlier attempts have left', async () => {
  const steps: number[] = []
  const wanted = agent({ id: 'wanted', retry: { maxAttempts: 2 } }, async (_, ctx) => {
    await ctx.step('once', () => steps.push(ctx.attempt))
    throw new Error('no luck')
  })
  const attempts = attemptsAt('wanted', 'x')
  expect(await attempts.at({ agents: [wanted] })).toBeInstanceOf(ApplicationFailure)
  for (let i = 0; i < 3; i += 1) await attempts.at({ agents: [other] })
  expect(attempts.checkpoint).toMatchObject({ failures: 1, bounces: 3 })
  // Its second failure, and so its last.
  expect(await attempts.at({ agents: [wanted] })).toMatchObject({ state: 'TASK_STATE_FAILED' })
  expect(steps).toEqual([1])
})

it('a handler that takes its process down again and again is given up', async () => {
  const wanted = agent({ id: 'wanted' }, () => 'here')
  const attempts = attemptsAt('wanted', 'x')
  for (let i = 0; i < 20; i += 1) attempts.lose()
  for (let i = 0; i < 20; i += 1) await attempts.at({ agents: [other] })
  attempts.lose()
  expect(await attempts.at({ agents: [wanted] })).toMatchObject({ state: 'TASK_STATE_FAILED' })
})

it('a handler that throws waits as its agent says, by its own failures alone', async () => {
  const retry = { maxAttempts: 10, initialIntervalMs: 100, maxIntervalMs: 350 }
  const flaky = agent({ id: 'flaky', retry }, () => {
    throw new Error('no luck')
  })
  const attempts = attemptsAt('flaky', 'x')
  const delays: unknown[] = []
  for (let i = 0; i < 4; i += 1) {
    for (let k = 0; k < 3; k += 1) attempts.lose()
    delays.push(await attempts.at({ agents: [flaky] }))
  }
  expect(delays).toMatchObject([100, 200, 350, 350].map((nextRetryDelay) => ({ nextRetryDelay })))
})

it.each([
  ['task', 'a text of 300 kB, then a question out of band'],
  ['either', 'the first word, after a step of 300 kB'],
] as const)('a store that is away for a moment fails no turn (answers: %s, %s)', async (answers, _what) => {
  let away = 0
  const largeValues = {
    takeOut: async <T>(_: string, value: T) => {
      away -= 1
      if (away >= 0) throw unavailable('The store is away')
      return value
    },
    putBack: async <T>(value: T) => value,
  }
  const wanted = agent({ id: 'wanted', answers, retry: { maxAttempts: 1 } }, async function* (_, ctx) {
    if (answers === 'task') yield LARGE
    else await ctx.step('large', () => LARGE)
    away = 1
    if (answers === 'task') yield authRequired('Sign in')
    yield 'done'
  })
  expect(await attemptsAt('wanted', 'x').at({ agents: [wanted], largeValues })).toMatchObject({
    state: 'TASK_STATE_COMPLETED',
  })
  expect(away).toBeLessThan(0)
})

it('nothing is shown as durable that could not be written before the worker stopped', async () => {
  const stopping = new AbortController()
  let away = false
  const largeValues = {
    takeOut: async <T>(_: string, value: T) => {
      if (!away) return value
      stopping.abort()
      throw unavailable('The store is away')
    },
    putBack: async <T>(value: T) => value,
  }
  const wanted = agent({ id: 'wanted' }, async function* () {
    yield LARGE
    away = true
    yield authRequired('Sign in')
    yield 'done'
  })
  const attempts = attemptsAt('wanted', 'x')
  const failure = await attempts.at({ agents: [wanted], largeValues, shutdown: stopping.signal })
  expect(failure).toMatchObject({ type: 'WorkerShutdown' })
  expect(attempts.shown).not.toContain('TASK_STATE_AUTH_REQUIRED')
})
