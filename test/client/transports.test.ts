/** The client against our own server: what it promises, over each of its transports. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from '../../src/client/index.js'
import { all, outline, streamedText } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
})

afterAll(() => server.stop())

describe.each(['jsonrpc', 'rest', 'connect', 'grpc'] as const)('the client over %s', (transport) => {
  const client = (agent = 'scripted') => connect(`${server.url}/agents/${agent}`, { transports: [transport] })

  it('sends a message and waits for the task', async () => {
    const run = await (await client()).send('chunks a b c')
    expect(run.state).toBe('TASK_STATE_COMPLETED')
    expect(await run.text()).toBe('abc')
    expect(outline(await all(run.events()))).toEqual(['task COMPLETED'])
  })

  it('streams', async () => {
    const run = await (await client()).stream('chunks a b c')
    const events = await all(run.events())
    expect(outline(events).at(0)).toBe('task SUBMITTED')
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(streamedText(events)).toBe('abc')
    expect(run.ended).toBe(true)
    expect((await run.result()).text).toBe('abc')
  })

  it('answers a question', async () => {
    const run = await (await client()).send('ask which?')
    expect(run.needsInput).toBe(true)
    expect(run.statusText).toBe('which?')
    await run.reply('this')
    expect(await run.text()).toBe('turn 2 after UA: this')
  })

  it('takes a message', async () => {
    expect(await (await (await client('answering')).send('hi')).text()).toBe('Answer: hi')
  })

  it('gets typed errors', async () => {
    const bot = await client()
    await expect(bot.getTask({ id: 'none' })).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND' })
    await expect(bot.send('x', { taskId: 'none' })).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND' })
  })
})
