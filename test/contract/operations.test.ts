/** The operations of 0.3 in the frames of 1.0, once each; and the one operation that versions before 1.0 do not have. */
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGate } from '../support/agents.js'
import { observe } from '../support/observations.js'
import { all, outline, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { REFRAMED_WIRE_NAMES, type Wire, wireNamed } from '../support/wires.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
})

afterAll(() => server.stop())

describe.each(REFRAMED_WIRE_NAMES)('memory over %s', (name) => {
  let wire: Wire

  beforeAll(() => {
    wire = wireNamed(name, server.url)
  })

  const now = { configuration: { returnImmediately: true } }

  it('SendMessage and GetTask', async () => {
    const sent = taskOf(await wire.call('sendMessage', send('echo hi')))
    expect([stateOf(sent), textOf(sent)]).toEqual(['TASK_STATE_COMPLETED', 'Echo: hi'])
    expect(await wire.call('getTask', { id: sent.id })).toEqual(sent)
  })

  it('SendStreamingMessage', async () => {
    const events = await all(wire.stream('sendStreamingMessage', send('chunks a b')))
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(streamedText(events)).toBe('ab')
  })

  it('SubscribeToTask', async () => {
    const gate = `operations-${name}`
    const { id } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, now)))
    const events: JsonObject[] = []
    for await (const event of wire.stream('subscribeToTask', { id })) {
      events.push(event)
      openGate(gate)
    }
    expect(outline(events)[0]).toMatch(/^task/)
    expect(outline(events).at(-1)).toBe('status COMPLETED')
  })

  it('CancelTask', async () => {
    const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
    expect(stateOf(await wire.call('cancelTask', { id }))).toBe('TASK_STATE_CANCELED')
  })

  it('an unknown task is NOT_FOUND, with its reason', async () => {
    for (const operation of ['getTask', 'cancelTask'] as const) {
      await expect(wire.call(operation, { id: 'none' })).rejects.toMatchObject({
        reason: 'TASK_NOT_FOUND',
        code: 'NotFound',
      })
    }
  })

  it.each([
    ['createTaskPushNotificationConfig', { taskId: 't', url: 'https://example.com' }],
    ['getTaskPushNotificationConfig', { taskId: 't', id: 'c' }],
    ['listTaskPushNotificationConfigs', { taskId: 't' }],
    ['deleteTaskPushNotificationConfig', { taskId: 't', id: 'c' }],
  ] as const)('%s of an agent without webhooks is refused as such', async (operation, request) => {
    await expect(wire.call(operation, request)).rejects.toMatchObject({ reason: 'PUSH_NOTIFICATION_NOT_SUPPORTED' })
  })
})

describe('ListTasks, which is younger than they are', () => {
  const post = (path: string, type: string, body: string) =>
    fetch(`${server.url}${path}`, { method: 'POST', headers: { 'content-type': type }, body })

  it.each([
    ['jsonrpc-0.3', '/', '0.3'],
    ['jsonrpc-0.2', '/a2a', '0.2.5'],
  ])('is no method of %s', async (wire, path, version) => {
    for (const method of ['tasks/list', 'ListTasks']) {
      const response = await fetch(`${server.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'a2a-version': version },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} }),
      })
      expect(await response.json()).toMatchObject({ error: { code: -32601 } })
    }
    observe(wire, 'ListTasks', true)
  })

  it.each([
    ['rest-0.3', '/v1/tasks'],
    ['rest-0.2', '/a2a/tasks'],
  ])('is no path of %s', async (wire, path) => {
    const response = await fetch(`${server.url}${path}`)
    expect([response.status, await response.json()]).toMatchObject([404, { code: -32601 }])
    observe(wire, 'ListTasks', true)
  })

  it.each([
    ['connect-json-0.3', 'application/json', '{}'],
    ['connect-0.3', 'application/proto', ''],
    ['grpc-0.3', 'application/grpc', '\0\0\0\0\0'],
    ['grpc-web-0.3', 'application/grpc-web', '\0\0\0\0\0'],
  ])('is no RPC of %s', async (wire, type, body) => {
    const response = await post('/a2a.v1.A2AService/ListTasks', type, body)
    // gRPC says UNIMPLEMENTED (12) in its own words.
    if (type.startsWith('application/grpc')) expect(response.headers.get('grpc-status')).toBe('12')
    else expect(response.status).toBe(404)
    observe(wire, 'ListTasks', true)
  })
})

it.each([
  ['SendMessage', '/a2a/message:send'],
  ['SendStreamingMessage', '/a2a/message:stream'],
])('%s is no path of rest-0.2: messages went over JSON-RPC', async (operation, path) => {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message: { messageId: 'm', role: 'user', parts: [{ kind: 'text', text: 'hi' }] } }),
  })
  expect([response.status, await response.json()]).toMatchObject([404, { code: -32601 }])
  observe('rest-0.2', operation, true)
})
