/** What the attempts at a turn hand on to each other, and when the next one comes. */
import { ApplicationFailure } from '@temporalio/common'
import { expect, it } from 'vitest'
import { agent } from '../../../src/agent/agent-definition.js'
import { attemptsAt } from '../../support/turn-attempts.js'

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
