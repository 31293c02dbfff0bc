/** REST of A2A 0.3 as it is on the wire: ProtoJSON of the schema of that version, below `/v1`. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGate } from '../support/agents.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { sseData } from '../support/wire.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
})

afterAll(() => server.stop())

function send(method: string, path: string, body?: JsonValue, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
}

async function json(response: Promise<Response>): Promise<JsonObject> {
  return (await (await response).json()) as JsonObject
}

let messages = 0

function message(text: string, more: JsonObject = {}): JsonObject {
  messages += 1
  return { messageId: `m-${messages}`, role: 'ROLE_USER', content: [{ text }], ...more }
}

async function taskId(text: string): Promise<string> {
  return ((await json(send('POST', '/v1/message:send', { message: message(text) }))).task as JsonObject).id as string
}

const ANY = expect.any(String)

describe('messages', () => {
  it('are answered with the task under its name', async () => {
    const said = message('artifacts')
    const response = await send('POST', '/v1/message:send', { message: said })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({
      task: {
        id: ANY,
        contextId: ANY,
        status: {
          state: 'TASK_STATE_COMPLETED',
          timestamp: ANY,
          message: {
            messageId: ANY,
            contextId: ANY,
            taskId: ANY,
            role: 'ROLE_AGENT',
            content: [{ text: 'all there' }],
          },
        },
        artifacts: [
          { artifactId: ANY, name: 'log', parts: [{ text: 'one two' }] },
          {
            artifactId: ANY,
            name: 'a.bin',
            parts: [{ file: { fileWithBytes: 'AAH+/w==', mimeType: 'application/octet-stream', name: 'a.bin' } }],
          },
          {
            artifactId: ANY,
            name: 'b.txt',
            parts: [{ file: { fileWithUri: 'https://example.com/b.txt', mimeType: 'text/plain', name: 'b.txt' } }],
          },
          { artifactId: ANY, name: 'facts', parts: [{ data: { data: { list: [1, 'two', null, { deep: true }] } } }] },
        ],
        history: [{ ...said, taskId: ANY, contextId: ANY }],
      },
    })
  })

  it('are answered with the message under its name', async () => {
    const answer = await json(send('POST', '/agents/answering/v1/message:send', { message: message('hi') }))
    expect(answer).toEqual({
      message: { messageId: ANY, contextId: ANY, role: 'ROLE_AGENT', content: [{ text: 'Answer: hi' }] },
    })
  })

  it('are taken by the names of the schema, in snake_case, and as JSON-RPC has them', async () => {
    const parts = [{ kind: 'text', text: 'echo hi' }]
    for (const body of [
      { request: message('echo hi') },
      { message: { message_id: 's-1', role: 'ROLE_USER', content: [{ text: 'echo hi' }] } },
      { message: { kind: 'message', message_id: 's-2', role: 'user', parts }, configuration: { blocking: true } },
    ]) {
      const { task } = await json(send('POST', '/v1/message:send', body))
      expect((task as JsonObject).artifacts).toMatchObject([{ parts: [{ text: 'Echo: hi' }] }])
    }
  })

  it('wait, unless a configuration does not say so: there an unset field is a false one', async () => {
    const bare = await json(send('POST', '/v1/message:send', { message: message('slow a b') }))
    expect(bare.task).toMatchObject({ status: { state: 'TASK_STATE_COMPLETED' } })
    const configured = { message: message('wait v03-rest'), configuration: { acceptedOutputModes: ['text/plain'] } }
    const { task } = await json(send('POST', '/v1/message:send', configured))
    expect((task as { status: JsonObject }).status.state).toMatch(/SUBMITTED|WORKING/)
    openGate('v03-rest')
  })

  it('stream bare events, the last one marked', async () => {
    const response = await send('POST', '/v1/message:stream', { message: message('ask which?') })
    const events: JsonObject[] = []
    for await (const data of sseData(response)) events.push(JSON.parse(data) as JsonObject)
    expect(events).toEqual([
      { task: expect.objectContaining({ status: { state: 'TASK_STATE_SUBMITTED', timestamp: ANY } }) },
      { statusUpdate: { taskId: ANY, contextId: ANY, status: { state: 'TASK_STATE_WORKING', timestamp: ANY } } },
      {
        statusUpdate: {
          taskId: ANY,
          contextId: ANY,
          status: { state: 'TASK_STATE_INPUT_REQUIRED', timestamp: ANY, message: expect.anything() },
          final: true,
        },
      },
    ])
  })
})

describe('tasks', () => {
  it('are read, canceled and followed by their names', async () => {
    const id = await taskId('ask which?')
    expect(await json(send('GET', `/v1/tasks/${id}?historyLength=1`))).toMatchObject({ id, history: [{}] })
    expect(await json(send('POST', `/v1/tasks/${id}:cancel`))).toMatchObject({
      id,
      status: { state: 'TASK_STATE_CANCELLED' },
    })
    for (const method of ['GET', 'POST']) {
      const events: string[] = []
      for await (const data of sseData(await send(method, `/v1/tasks/${id}:subscribe`))) events.push(data)
      expect(events.map((data) => Object.keys(JSON.parse(data) as JsonObject))).toEqual([['task']])
    }
  })

  it('are also read without the prefix by a caller that names the version', async () => {
    const id = await taskId('ask which?')
    const headers = { 'a2a-version': '0.3' }
    expect(await json(send('POST', `/tasks/${id}:cancel`, undefined, headers))).toMatchObject({
      status: { state: 'TASK_STATE_CANCELLED' },
    })
  })

  it.each([
    ['GET', '/v1/card'],
    ['GET', '/v1/tasks'],
    ['GET', '/v1/tasks/none'],
    ['POST', '/v1/message:send'],
    ['GET', '/v1/extendedAgentCard'],
    ['POST', '/a2a/message:send'],
  ])('are nothing in 1.0, and name no agent: %s %s', async (method, path) => {
    const response = await send(method, path, method === 'POST' ? {} : undefined, { 'a2a-version': '1.0' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({
      error: { status: 'UNIMPLEMENTED', details: [{ reason: 'METHOD_NOT_FOUND' }] },
    })
  })

  it.each([
    ['GET', '/v1/tasks/none', undefined, 404, -32001],
    ['POST', '/v1/tasks/none:cancel', {}, 404, -32001],
    ['POST', '/v1/message:send', {}, 400, -32602],
    ['POST', '/v1/message:send', { message: { messageId: 'x', role: 'ROLE_USER' } }, 400, -32602],
    ['POST', '/v1/tasks/t/pushNotificationConfigs', { config: { name: 'x' } }, 400, -32003],
    ['POST', '/v1/tasks/t/pushNotificationConfigs', { pushNotificationConfig: { url: 'https://e.com' } }, 400, -32003],
    ['GET', '/v1/tasks/t/pushNotificationConfigs', undefined, 400, -32003],
    ['GET', '/v1/tasks/t/pushNotificationConfigs/c', undefined, 400, -32003],
    ['DELETE', '/v1/tasks/t/pushNotificationConfigs/c', undefined, 400, -32003],
    ['GET', '/v1/card', undefined, 400, -32007],
    ['GET', '/v1/tasks', undefined, 404, -32601],
    ['PUT', '/v1/card', {}, 405, -32601],
  ])('%s %s %j is %i %i', async (method, path, body, status, code) => {
    const response = await send(method, path, body as JsonValue | undefined)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({ code, message: ANY, data: expect.any(Array) })
  })

  it('name fields as the version does', async () => {
    const body = { message: { messageId: 'x', role: 'ROLE_USER', content: [{}] } }
    expect((await json(send('POST', '/v1/message:send', body))).message).toBe(
      'Invalid parameters: message.content[0]: needs one of text, file.fileWithBytes, file.fileWithUri, data',
    )
  })
})
