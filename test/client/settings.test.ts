/** Options of the client: what is not given, what is very long, and what cannot be meant. */
import { afterEach, describe, expect, it } from 'vitest'
import { type ConnectOptions, connect } from '../../src/client/index.js'
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

const TASK = { id: 't', contextId: 'c', status: { state: 'TASK_STATE_WORKING' } } as const

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function agent(...answers: Parameters<typeof startScriptedServer>[0]): Promise<ScriptedServer> {
  const server = await startScriptedServer(answers)
  stops.push(server.stop)
  return server
}

/** A stream that is quiet for a moment, between its task and its end. */
const quiet: Parameters<typeof startScriptedServer>[0][number] = async (call) => {
  call.event({ task: TASK })
  await new Promise((resolve) => setTimeout(resolve, 50))
  call.event({ statusUpdate: { taskId: 't', contextId: 'c', status: { state: 'TASK_STATE_COMPLETED' } } })
  call.end()
}

describe('a wait', () => {
  it('may be longer than a timer of the platform can', async () => {
    const bot = await connect((await agent(quiet)).card)
    const run = await bot.stream('x', { timeoutMs: 30 * 86_400_000 })
    expect((await run.result({ timeoutMs: 30 * 86_400_000 })).state).toBe('TASK_STATE_COMPLETED')
  })

  it.each([Number.POSITIVE_INFINITY, 30 * 86_400_000, undefined])('for a silent stream may be %s', async (idleMs) => {
    const server = await agent(quiet)
    const limits = { idleMs } as NonNullable<ConnectOptions['limits']>
    const bot = await connect(server.card, { limits, retry: { giveUpMs: undefined as unknown as number } })
    expect((await (await bot.stream('x')).result()).state).toBe('TASK_STATE_COMPLETED')
    expect(server.calls).toHaveLength(1)
  })
})

describe('an option that cannot be meant is refused', () => {
  it.each<[string, ConnectOptions]>([
    ['limits.idleMs', { limits: { idleMs: 0 } }],
    ['limits.eventBytes', { limits: { eventBytes: Number.NaN } }],
    ['retry.giveUpMs', { retry: { giveUpMs: -1 } }],
    ['retry.maxMs', { retry: { maxMs: '5 s' as unknown as number } }],
    ['timeoutMs', { timeoutMs: Number.NaN }],
    ['headers.x-a', { headers: { 'x-a': '\u20ac' } }],
    ['headers.x-b', { headers: { 'x-a': '\u00fc', 'x-b': 'a\nb' } }],
  ])('%s', async (field, options) => {
    const server = await agent((call) => call.result(TASK))
    await expect(connect(server.card, options)).rejects.toMatchObject({
      name: 'A2AError',
      reason: 'INVALID_PARAMS',
      violations: [{ field }],
    })
  })

  it.each(['api.example', 'ftp://api.example', ''])('origins with %j', async (origin) => {
    await expect(connect('http://127.0.0.1:1/agent.json', { origins: [origin] })).rejects.toMatchObject({
      name: 'A2AError',
      reason: 'INVALID_PARAMS',
      violations: [{ field: 'origins' }],
    })
  })

  it('a header or a key of one message', async () => {
    const server = await agent((call) => call.result({ task: TASK }))
    const bot = await connect(server.card)
    await expect(bot.send('x', { idempotencyKey: 'Schl\u00fcssel \u20ac' })).rejects.toMatchObject({
      reason: 'INVALID_PARAMS',
      violations: [{ field: 'headers.idempotency-key' }],
    })
    await expect(bot.getTask({ id: 't' }, { headers: { 'X-A': 'a\nb' } })).rejects.toMatchObject({
      reason: 'INVALID_PARAMS',
      violations: [{ field: 'headers.x-a' }],
    })
    expect(server.calls).toHaveLength(0)
  })

  it('also of one call', async () => {
    const server = await agent((call) => call.result(TASK))
    const bot = await connect(server.card)
    await expect(bot.getTask({ id: 't' }, { timeoutMs: Number.NaN })).rejects.toMatchObject({
      reason: 'INVALID_PARAMS',
      violations: [{ field: 'timeoutMs' }],
    })
    expect(server.calls).toHaveLength(0)
  })
})
