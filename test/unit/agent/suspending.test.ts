/** A call that ends the turn leaves its handler for good. */
import { describe, expect, it } from 'vitest'
import { agent, message } from '../../../src/index.js'
import { runOnce } from '../../support/run-turn.js'

describe('a suspending call', () => {
  it.each(['ask', 'sleep'] as const)(
    '%s: nothing after it runs, no finally block either, and the signal says why',
    async (how) => {
      const ran: string[] = []
      let signal: AbortSignal | undefined
      const asking = agent({ id: 'asking' }, async (_, ctx) => {
        signal = ctx.signal
        try {
          await (how === 'ask' ? ctx.ask('Which?') : ctx.sleep('2 days'))
          ran.push('next line')
        } catch {
          ran.push('catch')
        } finally {
          ran.push('finally')
        }
      })
      const { result } = await runOnce(asking, 'x')
      await new Promise((resolve) => setImmediate(resolve))
      expect(result.suspended).toBeDefined()
      expect(result.state).toBe(how === 'ask' ? 'TASK_STATE_INPUT_REQUIRED' : 'TASK_STATE_WORKING')
      expect(ran).toEqual([])
      expect(signal?.aborted).toBe(true)
      expect(signal?.reason).toMatchObject({ reason: 'suspended' })
    },
  )
})

describe('an agent that answers with tasks', () => {
  it('may not give a Message', async () => {
    const wrong = agent({ id: 'wrong' }, () => message('hello'))
    await expect(runOnce(wrong, 'x')).rejects.toMatchObject({ reason: 'INVALID_AGENT_RESPONSE' })
  })
})
