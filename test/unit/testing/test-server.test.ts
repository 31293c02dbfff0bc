/** A real port over the memory engine. */
import { describe, expect, it } from 'vitest'
import { connect } from '../../../src/client/index.js'
import { agent, reject } from '../../../src/index.js'
import { startTestServer } from '../../../src/testing/index.js'

describe('startTestServer', () => {
  it('serves agents to the client, with middleware, until it is stopped', async () => {
    const server = await startTestServer({
      agents: [agent({ id: 'echo' }, ({ text }) => `Echo: ${text}`)],
      use: [(message, _, next) => (message.text === 'no' ? reject('No.') : next())],
    })
    const bot = await connect(`${server.url}/agents/echo`)
    expect(await (await bot.send('hi')).text()).toBe('Echo: hi')
    expect((await (await bot.send('no')).result()).state).toBe('TASK_STATE_REJECTED')
    await Promise.all([server.stop(), server.stop()])
    await expect(fetch(server.url)).rejects.toThrow()
  })

  it('lets agents call each other by URL', async () => {
    const server = await startTestServer({
      agents: [
        agent({ id: 'echo' }, ({ text }) => `Echo: ${text}`),
        agent({ id: 'caller' }, async ({ text }, ctx) => (await ctx.call(text, 'hi')).text),
      ],
    })
    const bot = await connect(`${server.url}/agents/caller`)
    expect(await (await bot.send(`${server.url}/agents/echo`)).text()).toBe('Echo: hi')
    await server.stop()
  })
})
