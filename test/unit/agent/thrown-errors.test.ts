/** What becomes of a turn whose handler throws: which errors are tried again, and which of them a caller may read. */
import { describe, expect, it } from 'vitest'
import { A2AError, type AgentContext, agent, isA2AError, StepError } from '../../../src/index.js'
import { startTestServer, test } from '../../../src/testing/index.js'

const NEUTRAL = 'The agent failed to handle the message.'
const secret = () => new A2AError('UNAVAILABLE', 'http://10.0.0.1/internal cannot be reached')

async function attemptsAt(work: (ctx: AgentContext) => Promise<string> | string) {
  let attempts = 0
  const t = test(
    agent({ id: 'thrower', retry: { initialIntervalMs: 1 } }, (_, ctx) => {
      attempts += 1
      return work(ctx)
    }),
  )
  await t.send('go')
  const result = await t.advance('1 minute')
  return { attempts, state: result?.state, said: result?.statusText }
}

describe('an A2AError that a handler throws', () => {
  it('is tried again as any other, and its text stays inside', async () => {
    const thrown = await attemptsAt(() => {
      throw secret()
    })
    expect(thrown).toEqual({ attempts: 3, state: 'TASK_STATE_FAILED', said: NEUTRAL })
  })

  it('of a step is tried as the step says, and then is a StepError with its reason', async () => {
    let tries = 0
    const thrown: unknown[] = []
    const retried = await attemptsAt(async (ctx) => {
      const call = ctx.step(
        'call',
        () => {
          tries += 1
          throw secret()
        },
        { retry: { maxAttempts: 2, initialIntervalMs: 1 } },
      )
      return call.catch((error: unknown) => {
        thrown.push(error)
        throw error
      })
    })
    expect(retried).toEqual({ attempts: 3, state: 'TASK_STATE_FAILED', said: NEUTRAL })
    expect(tries).toBe(6)
    expect(thrown[0]).toBeInstanceOf(StepError)
    expect(thrown[0]).toMatchObject({ errorName: 'A2AError', code: 'UNAVAILABLE' })
  })

  it('of a direct agent stays inside too', async () => {
    const direct = agent({ id: 'direct', run: 'direct' }, () => {
      throw secret()
    })
    const server = await startTestServer({ agents: [direct] })
    try {
      const response = await fetch(`${server.url}/agents/direct/message:send`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ message: { messageId: 'm', role: 'ROLE_USER', parts: [{ text: 'q' }] } }),
      })
      const body = await response.text()
      expect(response.status).toBe(500)
      expect(body).toContain(NEUTRAL)
      expect(body).not.toContain('10.0.0.1')
    } finally {
      await server.stop()
    }
  })
})

describe('what the framework says about a handler', () => {
  it('is final, and for its caller', async () => {
    const wrong = await attemptsAt(() => 7 as never)
    expect(wrong).toMatchObject({ attempts: 1, state: 'TASK_STATE_FAILED' })
    expect(wrong.said).toMatch(/^Agent thrower gave a number/)
  })

  it('so is what a step gives back that cannot be kept', async () => {
    const wrong = await attemptsAt((ctx) => ctx.step('when', () => new Date() as never))
    expect(wrong).toMatchObject({ attempts: 1, state: 'TASK_STATE_FAILED' })
    expect(wrong.said).toMatch(/^Agent thrower gave back a value from step "when" that is a Date/)
  })

  it.each([
    ['an agent here', 'nobody', 'ctx.call: the test knows no agent "nobody"; add t.fake("nobody", …)'],
    ['one elsewhere, whose address stays inside', 'http://10.0.0.1/nobody', NEUTRAL],
  ])('so is that a message is not taken by %s', async (_, target, said) => {
    let seen: unknown
    const refused = await attemptsAt(async (ctx) => {
      try {
        return (await ctx.call(target, 'hi')).text
      } catch (error) {
        seen = error
        throw error
      }
    })
    expect(refused).toEqual({ attempts: 1, state: 'TASK_STATE_FAILED', said })
    expect(isA2AError(seen)).toBe(true)
    expect((seen as Error).message).toContain(target)
  })
})
