/** `ctx.call` to an agent at a URL: sent once, waited for, answered, canceled with its caller. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type AgentClient, bearer, connect } from '../../src/client/index.js'
import { agent, CalledTaskError } from '../../src/index.js'
import { RemoteCalls } from '../../src/remote/remote-calls.js'
import { type A2aJsServer, openA2aJsGate, startA2aJsServer } from '../support/a2a-js-server.js'
import { agents, openGate, seen } from '../support/agents.js'
import { eventually } from '../support/reading.js'
import { startScriptedServer } from '../support/scripted-server.js'
import { startTestServer, type TestServer } from '../support/servers.js'

/** `<url> <text…>` is passed on; `<url> two <text>` answers the question that comes back. */
const caller = agent({ id: 'caller' }, async (message, ctx) => {
  const [url = '', ...words] = message.text.split(' ')
  if (words[0] !== 'two') return (await ctx.call(new URL(url), words.join(' '))).text
  try {
    await ctx.call(new URL(url), 'ask which?')
    return 'no question'
  } catch (error) {
    if (!(error instanceof CalledTaskError) || !error.isWaiting) throw error
    return `${error.message} ${(await ctx.call(new URL(url), words.slice(1).join(' '), { taskId: error.taskId })).text}`
  }
})

let far: TestServer
let near: TestServer
let foreign: A2aJsServer
let bot: AgentClient

beforeAll(async () => {
  // The SDK prints every error that it answers with.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  far = await startTestServer({ engine: 'memory', agents })
  near = await startTestServer({ engine: 'memory', agents: [caller] })
  foreign = await startA2aJsServer('1.0')
  bot = await connect(near.url)
})

afterAll(async () => {
  await near.stop()
  await far.stop()
  await foreign.stop()
})

describe.each(['ours', "a2a-js's"])('ctx.call to %s server', (whose) => {
  const url = () => (whose === 'ours' ? far.url : foreign.url)
  const open = (gate: string) => (whose === 'ours' ? openGate(gate) : openA2aJsGate(gate))

  it('brings the answer', async () => {
    expect(await (await bot.send(`${url()} chunks a b c`)).text()).toBe('abc')
  })

  it('waits for it', async () => {
    const gate = `remote-wait-${whose}`
    const run = await bot.stream(`${url()} wait ${gate}`)
    open(gate)
    expect(await run.text()).toBe('waiting no more')
  })

  it('brings the message of an agent without tasks', async () => {
    const [at, text] = whose === 'ours' ? [`${far.url}/agents/answering`, 'hi'] : [foreign.url, 'answer hi']
    expect(await (await bot.send(`${at} ${text}`)).text()).toBe('Answer: hi')
  })

  it('goes on with a task that asks', async () => {
    expect(await (await bot.send(`${url()} two this one`)).text()).toMatch(/^which\? .*this one$/)
  })
})

it('cancels the called task with its own', async () => {
  const gate = 'remote-cancel'
  const run = await bot.stream(`${far.url} wait ${gate}`)
  const far1 = await connect(far.url)
  const id = await eventually(async () => {
    const { tasks = [] } = await far1.listTasks({ status: 'TASK_STATE_WORKING' })
    expect(tasks).toHaveLength(1)
    return tasks[0]?.id ?? ''
  })
  await eventually(async () => expect((await far1.getTask({ id })).artifacts).toHaveLength(1))
  await run.cancel()
  expect((await far1.resume(id).result()).state).toBe('TASK_STATE_CANCELED')
  expect(seen.aborted.get(gate)).toBe('canceled')
})

describe('the calls themselves', () => {
  const open = { key: 'k', tenant: '', owner: 'local', contextId: 'c' }
  const message = { ...open, parts: [{ text: 'echo once' }] }

  it('find what an earlier one began', async () => {
    const [first, second] = [new RemoteCalls(), new RemoteCalls()]
    const one = await first.begin({ ...message, target: far.url })
    const two = await second.begin({ ...message, target: far.url })
    expect(two.taskId).toBe(one.taskId)
    const signal = new AbortController().signal
    expect(await second.answer(two, { waitMs: 5_000, signal })).toMatchObject({
      task: { status: { state: 'TASK_STATE_COMPLETED' } },
    })
    // What has ended needs no canceling.
    await first.cancel(one)
  })

  it('have no answer yet when the time is over, or nobody can be reached', async () => {
    const calls = new RemoteCalls({ connectOptions: () => ({ retry: { giveUpMs: 0 } }) })
    const begun = await calls.begin({ ...message, key: 'k2', parts: [{ text: 'wait remote-never' }], target: far.url })
    const signal = new AbortController().signal
    expect(await calls.answer(begun, { waitMs: 100, signal })).toBeUndefined()
    expect(await calls.answer({ ...begun, target: 'http://127.0.0.1:1' }, { waitMs: 100, signal })).toBeUndefined()
    expect(await calls.answer(begun, { waitMs: 60_000, signal: AbortSignal.abort() })).toBeUndefined()
    await expect(calls.answer({ ...begun, taskId: 'none' }, { waitMs: 100, signal })).rejects.toMatchObject({
      reason: 'TASK_NOT_FOUND',
    })
    await expect(calls.begin({ ...message, target: 'http://127.0.0.1:1' })).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
    })
    await calls.cancel(begun)
  })

  it('carry the credentials that their process was given for the agent', async () => {
    const task = { id: 't', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' } } as const
    const server = await startScriptedServer([(call) => call.result({ task })], {})
    const asked: string[] = []
    const calls = new RemoteCalls({
      connectOptions(url) {
        asked.push(url)
        return {
          auth: bearer('for you'),
          fetch: async (target, init) =>
            String(target).includes('well-known') ? Response.json(server.card) : fetch(target, init),
        }
      },
    })
    await calls.begin({ ...message, target: server.url })
    expect(asked).toEqual([server.url])
    expect(server.calls[0]?.headers.authorization).toBe('Bearer for you')
    expect(server.calls[0]?.headers['idempotency-key']).toBe('k')
    await server.stop()
  })
})
