/** The client against the server of `@a2a-js/sdk`, unchanged. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type AgentClient, connect } from '../../src/client/index.js'
import { type A2aJsServer, openA2aJsGate, startA2aJsServer } from '../support/a2a-js-server.js'
import { startCuttingProxy } from '../support/cutting-proxy.js'
import { all, outline, streamedText } from '../support/reading.js'
import { callerSuite } from './caller-suite.js'

let server: A2aJsServer

beforeAll(async () => {
  // The SDK prints every error that it answers with.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  server = await startA2aJsServer('1.0')
})

afterAll(() => server.stop())

describe.each(['jsonrpc', 'rest', 'grpc'] as const)("a2a-js's server over %s", (transport) => {
  let bot: AgentClient

  beforeAll(async () => {
    bot = await connect(server.url, { transports: [transport] })
    expect(bot.transport).toBe(transport)
  })

  afterAll(() => bot.close())

  callerSuite({
    client: () => bot,
    answering: () => ({ client: bot, text: 'answer hi' }),
    openGate: openA2aJsGate,
    name: `a2a-js-${transport}`,
  })

  it('keeps, shows and forgets webhooks', async () => {
    const { taskId = '' } = await bot.send('ask x')
    const made = await bot.createTaskPushNotificationConfig({ taskId, id: 'c1', url: 'https://example.com/hook' })
    expect(made).toMatchObject({ id: 'c1', url: 'https://example.com/hook' })
    expect(await bot.getTaskPushNotificationConfig({ taskId, id: 'c1' })).toMatchObject({ id: 'c1' })
    expect((await bot.listTaskPushNotificationConfigs({ taskId })).configs).toHaveLength(1)
    await bot.deleteTaskPushNotificationConfig({ taskId, id: 'c1' })
    expect((await bot.listTaskPushNotificationConfigs({ taskId })).configs).toEqual([])
  })

  it('lists tasks', async () => {
    const contextId = `a2a-js-list-${transport}`
    await bot.send('echo a', { contextId })
    expect(await bot.listTasks({ contextId })).toMatchObject({ totalSize: 1, nextPageToken: '' })
  })
})

describe("a2a-js's server in A2A 0.3", () => {
  let old: A2aJsServer
  let bot: AgentClient

  beforeAll(async () => {
    old = await startA2aJsServer('0.3')
    bot = await connect(old.url)
    expect(bot.protocolVersion).toBe('0.3')
    expect(bot.transport).toBe('jsonrpc')
  })

  afterAll(() => old.stop())

  callerSuite({
    client: () => bot,
    answering: () => ({ client: bot, text: 'answer hi' }),
    openGate: openA2aJsGate,
    name: 'a2a-js-0.3',
  })

  it('keeps, shows and forgets webhooks', async () => {
    const { taskId = '' } = await bot.send('ask x')
    const url = 'https://example.com/hook'
    await bot.createTaskPushNotificationConfig({ taskId, id: 'c1', url, authentication: { scheme: 'Bearer' } })
    expect(await bot.getTaskPushNotificationConfig({ taskId, id: 'c1' })).toMatchObject({ taskId, id: 'c1', url })
    expect((await bot.listTaskPushNotificationConfigs({ taskId })).configs).toHaveLength(1)
    await bot.deleteTaskPushNotificationConfig({ taskId, id: 'c1' })
    expect((await bot.listTaskPushNotificationConfigs({ taskId })).configs).toEqual([])
  })

  it('says what 0.3 does not have', async () => {
    await expect(bot.listTasks({})).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
  })
})

describe.each(['jsonrpc', 'rest'] as const)("a2a-js's server over %s, behind connections that break", (transport) => {
  it('loses nothing and shows nothing twice', async () => {
    let port = 0
    const proxy = await startCuttingProxy({ port: () => port })
    const behind = await startA2aJsServer('1.0', () => proxy.url)
    port = behind.port
    try {
      const client = await connect(proxy.url, { transports: [transport], retry: { initialMs: 5, maxMs: 20 } })
      let cuts = 0
      proxy.cutAfter(() => {
        cuts += 1
        return cuts % 2 === 0 ? 2_000 * cuts : 1_500
      })
      proxy.cut()
      // The first connection has to last for one event: this server knows no idempotency keys.
      const run = await client.stream('count 200')
      const events = await all(run.events())
      expect(cuts).toBeGreaterThan(2)
      expect(streamedText(events)).toBe(Array.from({ length: 200 }, (_, i) => `${i} `).join(''))
      expect(outline(events).filter((line) => line.startsWith('task'))).toHaveLength(1)
      expect(outline(events).at(-1)).toBe('status COMPLETED')
    } finally {
      await proxy.stop()
      await behind.stop()
    }
  })
})
