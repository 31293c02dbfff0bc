/** A handler that was left while it waits for another agent goes on when that has answered, and not at its next look. */
import { describe, expect, it } from 'vitest'
import { agent } from '../../../src/index.js'
import { test as agentTest } from '../../../src/testing/index.js'

/** Looks come every two minutes at the most; these ends lie between two of them. */
const TIMES = ['11 minutes', '661 seconds', '703 seconds', '3607 seconds'] as const

describe('a task that was called', () => {
  it.each(TIMES)('and ends after %s wakes its caller then', async (duration) => {
    const slow = agent({ id: 'slow' }, async (_, ctx) => {
      await ctx.sleep(duration)
      return 'at last'
    })
    const caller = agent({ id: 'caller' }, async (_, ctx) => `it said: ${(await ctx.call('slow', 'go')).text}`)
    const t = agentTest(caller, { agents: [slow] })
    expect(await t.send('go')).toMatchObject({ state: 'TASK_STATE_WORKING' })
    expect(await t.advance(duration)).toMatchObject({ state: 'TASK_STATE_COMPLETED', text: 'it said: at last' })
  })

  it('and asks wakes its caller as well; one that sleeps beside the call sleeps on', async () => {
    const asks = agent({ id: 'asks' }, async (_, ctx) => {
      await ctx.sleep('661 seconds')
      return `got ${(await ctx.ask('Which?')).text}`
    })
    const caller = agent({ id: 'caller' }, async (_, ctx) => {
      const asked = ctx.call('asks', 'go').then(
        () => 'an answer',
        (error: Error) => error.message,
      )
      await ctx.sleep('1 day')
      return await asked
    })
    const t = agentTest(caller, { agents: [asks] })
    await t.send('go')
    expect(await t.advance('23 hours')).toMatchObject({ state: 'TASK_STATE_WORKING' })
    expect(await t.advance('1 hour')).toMatchObject({ state: 'TASK_STATE_COMPLETED', text: 'Which?' })
  })
})
