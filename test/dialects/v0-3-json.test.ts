/** JSON-RPC of A2A 0.3 as it is on the wire. Everything expected is written out, from the specification of that version. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGate } from '../support/agents.js'
import { eventually } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { sseData } from '../support/wire.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
})

afterAll(() => server.stop())

interface Options {
  readonly path?: string
  readonly headers?: Record<string, string>
}

function post(method: string, params: JsonValue, { path = '', headers = {} }: Options = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 'r-1', method, params }),
  })
}

async function call(method: string, params: JsonValue, options?: Options): Promise<JsonObject> {
  return (await (await post(method, params, options)).json()) as JsonObject
}

async function events(method: string, params: JsonValue, options?: Options): Promise<JsonObject[]> {
  const response = await post(method, params, options)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const list: JsonObject[] = []
  for await (const data of sseData(response)) list.push(JSON.parse(data) as JsonObject)
  return list
}

let messages = 0

function message(text: string, more: JsonObject = {}): JsonObject {
  messages += 1
  return { kind: 'message', messageId: `m-${messages}`, role: 'user', parts: [{ kind: 'text', text }], ...more }
}

/** The parts that reached the agent. */
function mirrored(artifacts: readonly { parts: JsonObject[] }[]): JsonValue | undefined {
  const data = artifacts[0]?.parts[0]?.data as { message?: JsonObject } | undefined
  return data?.message?.parts
}

async function taskId(text: string, configuration: JsonObject = {}): Promise<string> {
  const { result } = await call('message/send', { message: message(text), configuration })
  return (result as JsonObject).id as string
}

const ANY = expect.any(String)

describe('message/send', () => {
  it('answers with the bare task', async () => {
    const said = message('echo hi')
    expect(await call('message/send', { message: said })).toEqual({
      jsonrpc: '2.0',
      id: 'r-1',
      result: {
        kind: 'task',
        id: ANY,
        contextId: ANY,
        status: { state: 'completed', timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) },
        artifacts: [{ artifactId: ANY, parts: [{ kind: 'text', text: 'Echo: hi' }] }],
        history: [{ ...said, taskId: ANY, contextId: ANY }],
      },
    })
  })

  it('answers with the bare message', async () => {
    const { result } = await call('message/send', { message: message('hi') }, { path: '/agents/answering' })
    expect(result).toEqual({
      kind: 'message',
      messageId: ANY,
      contextId: ANY,
      role: 'agent',
      parts: [{ kind: 'text', text: 'Answer: hi' }],
    })
  })

  it('gives every kind of part, and takes it', async () => {
    const parts = [
      { kind: 'text', text: 'mirror', metadata: { a: 1 } },
      { kind: 'file', file: { bytes: 'AAH+/w==', name: 'x.png', mimeType: 'image/png' } },
      { kind: 'file', file: { uri: 'https://example.com/y' }, metadata: { k: 'v' } },
      { kind: 'data', data: { list: [1, null] } },
    ]
    const { result } = await call('message/send', { message: message('', { parts }) })
    const { history, artifacts } = result as { history: { parts: unknown }[]; artifacts: { parts: JsonObject[] }[] }
    expect(history[0]?.parts).toEqual(parts)
    expect(mirrored(artifacts)).toEqual([
      { text: 'mirror', metadata: { a: 1 } },
      { raw: 'AAH+/w==', filename: 'x.png', mediaType: 'image/png' },
      { url: 'https://example.com/y', metadata: { k: 'v' } },
      { data: { list: [1, null] } },
    ])
    const shown = await call('message/send', { message: message('artifacts') })
    expect((shown.result as { artifacts: { parts: unknown }[] }).artifacts.map(({ parts: all }) => all)).toEqual([
      [{ kind: 'text', text: 'one two' }],
      [{ kind: 'file', file: { bytes: 'AAH+/w==', name: 'a.bin', mimeType: 'application/octet-stream' } }],
      [{ kind: 'file', file: { uri: 'https://example.com/b.txt', name: 'b.txt', mimeType: 'text/plain' } }],
      [{ kind: 'data', data: { list: [1, 'two', null, { deep: true }] } }],
    ])
  })

  it('takes data that was no object, and what calls and answers functions', async () => {
    const parts = [
      { kind: 'text', text: 'mirror' },
      { kind: 'data', data: { value: [1, 2] }, metadata: { data_part_compat: true, k: 1 } },
      { kind: 'function_call', function_call: { id: 'c1', name: 'search', arguments: '{"city":"Oslo"}' } },
      { kind: 'function_response', id: 'c1', name: 'search', response: { hits: 3 }, metadata: { k: 2 } },
    ]
    const { result } = await call('message/send', { message: message('', { parts }) })
    const { artifacts } = result as { artifacts: { parts: JsonObject[] }[] }
    expect(mirrored(artifacts)).toEqual([
      { text: 'mirror' },
      { data: [1, 2], metadata: { k: 1 } },
      {
        data: { id: 'c1', name: 'search', args: { city: 'Oslo' } },
        metadata: { 'urn:temporal-a2a:part:v1': 'function_call' },
      },
      {
        data: { id: 'c1', name: 'search', response: { hits: 3 } },
        metadata: { k: 2, 'urn:temporal-a2a:part:v1': 'function_response' },
      },
    ])
  })

  it('takes messages without kind, with the names before 0.2, and in snake_case', async () => {
    for (const said of [
      { messageId: 'k-1', role: 'user', parts: [{ text: 'echo hi' }] },
      { messageId: 'k-2', role: 'user', parts: [{ type: 'text', text: 'echo hi' }] },
      { message_id: 'k-3', role: 'user', kind: 'message', parts: [{ kind: 'text', text: 'echo hi' }] },
    ]) {
      const { result } = await call('message/send', { message: said })
      expect((result as { artifacts: unknown }).artifacts).toMatchObject([{ parts: [{ text: 'Echo: hi' }] }])
    }
  })

  it('waits unless it is told not to', async () => {
    const configuration = { acceptedOutputModes: ['text/plain'] }
    const waited = await call('message/send', { message: message('slow a b'), configuration })
    expect((waited.result as { status: JsonObject }).status.state).toBe('completed')
    const at = { message: message('wait v03-now'), configuration: { ...configuration, blocking: false } }
    const { result } = await call('message/send', at)
    expect(['submitted', 'working']).toContain((result as { status: JsonObject }).status.state)
    openGate('v03-now')
  })
})

describe('streams', () => {
  it('give bare events, the last one marked', async () => {
    const list = await events('message/stream', { message: message('chunks one two') })
    expect(list.every(({ jsonrpc, id }) => jsonrpc === '2.0' && id === 'r-1')).toBe(true)
    const ids = { taskId: ANY, contextId: ANY }
    const artifact = (text: string) => ({ artifactId: ANY, parts: [{ kind: 'text', text }] })
    expect(list.map(({ result }) => result)).toEqual([
      {
        kind: 'task',
        id: ANY,
        contextId: ANY,
        status: { state: 'submitted', timestamp: ANY },
        history: [expect.anything()],
      },
      { kind: 'status-update', ...ids, status: { state: 'working', timestamp: ANY }, final: false },
      { kind: 'artifact-update', ...ids, artifact: artifact('one') },
      { kind: 'artifact-update', ...ids, artifact: artifact('two'), append: true },
      { kind: 'artifact-update', ...ids, artifact: expect.anything(), append: true, lastChunk: true },
      { kind: 'status-update', ...ids, status: { state: 'completed', timestamp: ANY }, final: true },
    ])
  })

  it('are final when input is required, and only where the stream ends', async () => {
    const list = await events('message/stream', { message: message('ask which?') })
    const last = list.at(-1)?.result as JsonObject
    expect(last).toMatchObject({ kind: 'status-update', status: { state: 'input-required' }, final: true })
    const followed = events('tasks/resubscribe', { id: last.taskId as string })
    await eventually(async () => {
      const { result } = await call('tasks/get', { id: last.taskId as string })
      expect((result as { status: JsonObject }).status.state).toBe('input-required')
    })
    await call('message/send', { message: message('that', { taskId: last.taskId as string }) })
    const finals = (await followed).map(({ result }) => (result as JsonObject).final)
    expect(finals.filter((final) => final === true)).toEqual([true])
    expect(finals.at(-1)).toBe(true)
  })

  it('tell an error before the first event: plainly for a message, as an event for a subscription', async () => {
    const refused = await post('message/stream', { message: message('x', { taskId: 'none' }) })
    expect(refused.headers.get('content-type')).toBe('application/json')
    expect(await refused.json()).toMatchObject({ id: 'r-1', error: { code: -32001 } })
    const list = await events('tasks/resubscribe', { id: 'none' })
    expect(list).toMatchObject([{ jsonrpc: '2.0', id: 'r-1', error: { code: -32001 } }])
  })

  it('show a task that has ended once', async () => {
    const list = await events('tasks/resubscribe', { id: await taskId('echo done') })
    expect(list.map(({ result }) => (result as JsonObject).kind)).toEqual(['task'])
  })
})

describe('tasks', () => {
  it('are read and canceled as bare tasks', async () => {
    const id = await taskId('ask which?')
    expect((await call('tasks/get', { id, historyLength: 1, metadata: {} })).result).toMatchObject({
      kind: 'task',
      id,
      status: { state: 'input-required', message: { kind: 'message', role: 'agent', parts: [{ kind: 'text' }] } },
      history: [{ kind: 'message', role: 'user' }],
    })
    expect((await call('tasks/cancel', { id, metadata: { why: 'test' } })).result).toMatchObject({
      kind: 'task',
      id,
      status: { state: 'canceled' },
    })
  })

  it.each([
    ['tasks/get', { id: 'none' }, -32001],
    ['tasks/cancel', { id: 'none' }, -32001],
    ['tasks/get', {}, -32602],
    ['tasks/get', { id: 7 }, -32602],
    ['tasks/get', { id: 'x', historyLength: -1 }, -32602],
    [
      'tasks/pushNotificationConfig/set',
      { taskId: 't', pushNotificationConfig: { url: 'https://example.com' } },
      -32003,
    ],
    ['tasks/pushNotificationConfig/get', { id: 't' }, -32003],
    ['tasks/pushNotificationConfig/get', { id: 't', pushNotificationConfigId: 'c' }, -32003],
    ['tasks/pushNotificationConfig/list', { id: 't' }, -32003],
    ['tasks/pushNotificationConfig/delete', { id: 't', pushNotificationConfigId: 'c' }, -32003],
    ['agent/getAuthenticatedExtendedCard', {}, -32007],
    ['tasks/list', {}, -32601],
    ['message/unknown', {}, -32601],
  ])('%s %j is %i', async (method, params, code) => {
    const { error } = await call(method, params)
    const info = { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', domain: 'a2a-protocol.org' }
    expect(error).toMatchObject({ code, message: ANY, data: expect.arrayContaining([expect.objectContaining(info)]) })
  })

  it('are answered without an id too, as before 1.0', async () => {
    const rpc = { jsonrpc: '2.0', method: 'tasks/get', params: { id: 'none' } }
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(server.url, { method: 'POST', headers, body: JSON.stringify(rpc) })
    expect(await answer.json()).toMatchObject({ id: null, error: { code: -32001 } })
  })

  it('names fields as the version does', async () => {
    const wrong = await call('message/send', { message: message('x'), configuration: { blocking: 'yes' } })
    expect(wrong.error).toMatchObject({ code: -32602, message: expect.stringContaining('configuration.blocking') })
    const part = await call('message/send', { message: message('x', { parts: [{ kind: 'video' }] }) })
    expect(part.error).toMatchObject({ code: -32602, message: expect.stringContaining('message.parts[0]') })
    const both = { kind: 'file', file: { bytes: 'AA==', uri: 'https://example.com' } }
    const two = await call('message/send', { message: message('x', { parts: [both] }) })
    expect(two.error).toMatchObject({ code: -32602, message: expect.stringContaining('message.parts[0]') })
  })

  it.each([
    [{ parts: [{ kind: 'video' }] }, 'message.parts[0]: needs one of text, file.bytes, file.uri, data'],
    [{ parts: [{ kind: 'file', file: {} }] }, 'message.parts[0]: needs one of text, file.bytes, file.uri, data'],
    [
      { parts: [{ kind: 'file', file: { bytes: 7 } }] },
      expect.stringMatching(/^message\.parts\[0\]\.file\.bytes: has /),
    ],
    [{ role: 'agent' }, 'message.role: must be user: a caller does not speak for the agent'],
  ])('says what is wrong in the words of the version: %j', async (more, said) => {
    const { error } = await call('message/send', { message: message('x', more as JsonObject) })
    const { message: text } = error as { message: string }
    expect(text.replace('Invalid parameters: ', '')).toEqual(said)
  })

  it('says of a body as a whole what is wrong with it', async () => {
    const headers = { 'content-type': 'application/json' }
    const body = '{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"a","id":"b"}}'
    const { error } = (await (await fetch(server.url, { method: 'POST', headers, body })).json()) as JsonObject
    expect(error).toMatchObject({
      message: 'Invalid parameters: request has an object with the same key twice',
    })
  })
})

describe('which version a request speaks (D5)', () => {
  const say = (version: string) => ({ headers: { 'a2a-version': version } })
  const text = (answer: JsonObject) => JSON.stringify(answer.result ?? answer.error)

  it.each([
    ['message/send', '0.3', 'kind'],
    ['message/send', '0.3.1', 'kind'],
    ['message/send', '0.2.5', 'kind'],
    ['message/send', '1.0', '-32601'],
    ['message/send', '1.1', '-32009'],
    ['message/send', '0.5', '-32009'],
    ['SendMessage', '0.3', '-32601'],
    ['SendMessage', '1.0', '"task"'],
    ['Nothing', '7', '-32009'],
  ])('%s asked for as %s', async (method, version, expected) => {
    const both = { messageId: 'm', role: method === 'SendMessage' && version === '1.0' ? 'ROLE_USER' : 'user' }
    expect(text(await call(method, { message: { ...both, parts: [{ text: 'hi' }] } }, say(version)))).toContain(
      expected,
    )
  })

  it('asks for extensions by their older header as well, and says which are active', async () => {
    const headers = { 'x-a2a-extensions': 'urn:test:optional' }
    const response = await post('message/send', { message: message('mirror') }, { headers })
    expect(response.headers.get('x-a2a-extensions')).toBe('urn:test:optional')
    expect(JSON.stringify(await response.json())).toContain('"extensions":["urn:test:optional"]')
  })
})
