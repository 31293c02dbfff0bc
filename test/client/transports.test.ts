/** The client against our own server, over each of its transports. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AgentClient, connect } from '../../src/client/index.js'
import { openGate } from '../support/agents.js'
import { all } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { callerSuite } from './caller-suite.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
})

afterAll(() => server.stop())

describe.each(['jsonrpc', 'rest', 'connect', 'grpc'] as const)('our server over %s', (transport) => {
  let scripted: AgentClient
  let answering: AgentClient

  beforeAll(async () => {
    scripted = await connect(`${server.url}/agents/scripted`, { transports: [transport] })
    answering = await connect(`${server.url}/agents/answering`, { transports: [transport] })
    expect(scripted.transport).toBe(transport)
    expect(scripted.protocolVersion).toBe('1.0')
  })

  afterAll(() => {
    scripted.close()
    answering.close()
  })

  callerSuite({
    client: () => scripted,
    answering: () => ({ client: answering, text: 'hi' }),
    openGate,
    name: `ours-${transport}`,
  })

  it('finds the same task again by the key of the caller', async () => {
    const idempotencyKey = `key-${transport}`
    const message = { parts: 'echo once', messageId: `once-${transport}` }
    const first = await scripted.send(message, { idempotencyKey })
    const second = await scripted.send(message, { idempotencyKey })
    expect(second.taskId).toBe(first.taskId)
    expect((await scripted.send(message)).taskId).not.toBe(first.taskId)
  })

  it('lists tasks page by page, with every field there', async () => {
    const contextId = `context-${transport}`
    for (const word of ['a', 'b', 'c']) await scripted.send(`echo ${word}`, { contextId })
    const filter = { contextId, pageSize: 2, includeArtifacts: true, status: 'TASK_STATE_COMPLETED' } as const
    const page = await scripted.listTasks(filter)
    expect(page).toMatchObject({ totalSize: 3, pageSize: 2 })
    const { nextPageToken = '' } = page
    const last = await scripted.listTasks({ ...filter, pageToken: nextPageToken })
    expect(last.tasks?.map(({ artifacts }) => artifacts?.[0]?.parts)).toEqual([[{ text: 'Echo: a' }]])
    expect(last.nextPageToken).toBe('')
    expect((await scripted.listTasks({ contextId: 'none' })).tasks).toEqual([])
  })

  it('gets the errors of what the agent cannot do, and of what it is sent', async () => {
    await expect(scripted.getExtendedAgentCard()).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
    const { taskId = '' } = await scripted.send('echo x')
    await expect(all(scripted.subscribeToTask({ id: taskId }))).rejects.toMatchObject({
      reason: 'UNSUPPORTED_OPERATION',
    })
    const pushes = [
      () => scripted.createTaskPushNotificationConfig({ taskId: 't', url: 'https://example.com' }),
      () => scripted.getTaskPushNotificationConfig({ taskId: 't', id: 'c' }),
      () => scripted.listTaskPushNotificationConfigs({ taskId: 't' }),
      () => scripted.deleteTaskPushNotificationConfig({ taskId: 't', id: 'c' }),
    ]
    for (const push of pushes) {
      await expect(push()).rejects.toMatchObject({ reason: 'PUSH_NOTIFICATION_NOT_SUPPORTED' })
    }
    await expect(scripted.send([])).rejects.toMatchObject({
      reason: 'INVALID_PARAMS',
      violations: [{ field: 'message.parts', description: 'is required' }],
    })
    await expect(scripted.send([{ url: 'https://example.com/v', mediaType: 'video/mp4' }])).rejects.toMatchObject({
      reason: 'CONTENT_TYPE_NOT_SUPPORTED',
    })
    await expect(scripted.listTasks({ pageSize: 1_000 })).rejects.toMatchObject({ reason: 'INVALID_PARAMS' })
  })

  it('waits for a credential that comes out of band, in the same loop', async () => {
    const gate = `auth-${transport}`
    const run = await scripted.stream(`auth-open ${gate}`)
    for await (const { statusUpdate } of run.events()) {
      if (statusUpdate?.status?.state !== 'TASK_STATE_AUTH_REQUIRED') continue
      expect(run.needsAuth).toBe(true)
      openGate(gate)
    }
    expect(await run.text()).toBe('signed in')
  })

  it('works with an agent that streams nothing', async () => {
    const bot = await connect(`${server.url}/agents/silent`, { transports: [transport] })
    expect(await (await bot.send('quiet')).text()).toBe('quiet')
    expect(await (await bot.stream('quiet')).text()).toBe('quiet')
    bot.close()
  })

  it('activates the extensions that an agent requires, when it is told to', async () => {
    const url = `${server.url}/agents/demanding`
    const bot = await connect(url, { transports: [transport] })
    await expect(bot.send('x')).rejects.toMatchObject({
      reason: 'EXTENSION_SUPPORT_REQUIRED',
      metadata: { uri: 'urn:test:required' },
    })
    expect(await (await bot.send('x', { extensions: ['urn:test:required'] })).text()).toContain('urn:test:required')
    bot.close()
  })
})

describe('our server in A2A 0.3', () => {
  const old = (agent: string) =>
    connect({
      name: agent,
      url: `${server.url}/agents/${agent}`,
      protocolVersion: '0.3.0',
      capabilities: { streaming: true },
    })
  let scripted: AgentClient
  let answering: AgentClient

  beforeAll(async () => {
    scripted = await old('scripted')
    answering = await old('answering')
    expect(scripted.protocolVersion).toBe('0.3')
  })

  callerSuite({
    client: () => scripted,
    answering: () => ({ client: answering, text: 'hi' }),
    openGate,
    name: 'ours-0.3',
  })
})
