/** A2A 0.2.5 as it is on the wire: JSON-RPC at `/a2a`, its streams, and the REST paths of that time. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGate } from '../support/agents.js'
import { watchOldPaths } from '../support/cells.js'
import { eventually } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { sseData } from '../support/wire.js'

let server: TestServer
let base: string

watchOldPaths()

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
  base = `${server.url}/agents/scripted/a2a`
})

afterAll(() => server.stop())

function rpc(method: string, params: JsonValue, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}

async function result(method: string, params: JsonValue): Promise<JsonObject> {
  const { result: answer, error } = (await (await rpc(method, params)).json()) as JsonObject
  if (error !== undefined) throw new Error(JSON.stringify(error))
  return answer as JsonObject
}

async function events(response: Response): Promise<JsonObject[]> {
  const list: JsonObject[] = []
  for await (const data of sseData(response)) list.push(JSON.parse(data) as JsonObject)
  return list
}

let messages = 0

function message(text: string, more: JsonObject = {}): JsonObject {
  messages += 1
  return { message: { messageId: `m-${messages}`, role: 'user', parts: [{ kind: 'text', text }], ...more } }
}

const ANY = expect.any(String)

describe('message/stream', () => {
  it('names the task in a header, and spells out every field of an event', async () => {
    const response = await rpc('message/stream', message('chunks one two'))
    const taskId = response.headers.get('x-task-id')
    expect(taskId).toMatch(/^[0-9a-f-]{36}$/)
    const list = (await events(response)).map((event) => event.result)
    const ids = { taskId, contextId: ANY }
    expect(list).toEqual([
      expect.objectContaining({ kind: 'task', id: taskId }),
      { kind: 'status-update', ...ids, status: { state: 'working', timestamp: ANY }, final: false },
      { kind: 'artifact-update', ...ids, artifact: expect.anything(), append: false, lastChunk: false },
      { kind: 'artifact-update', ...ids, artifact: expect.anything(), append: true, lastChunk: false },
      { kind: 'artifact-update', ...ids, artifact: expect.anything(), append: true, lastChunk: true },
      { kind: 'status-update', ...ids, status: { state: 'completed', timestamp: ANY }, final: true },
    ])
  })

  it('has no header where there is no task', async () => {
    const response = await fetch(`${server.url}/agents/answering/a2a`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message/stream', params: message('hi') }),
    })
    expect(response.headers.get('x-task-id')).toBeNull()
    expect((await events(response)).map((event) => (event.result as JsonObject).kind)).toEqual(['message'])
  })
})

describe('streamConfig', () => {
  it('sets the heartbeat, and when the stream closes to be resumed', async () => {
    const started = Date.now()
    const streamConfig = { heartbeat: 1, timeout: 3, bufferSize: 1024 }
    const response = await rpc('message/stream', { ...message('wait old-config'), streamConfig })
    const text = await response.text()
    openGate('old-config')
    expect(Date.now() - started).toBeGreaterThan(2_500)
    expect(text).toContain('\n\n:\n\n')
    expect(text).toContain('time limit')
    expect(text).toContain('retry: ')
    expect(text).not.toContain('"final":true')
  })

  it('a small buffer loses nothing', async () => {
    const streamConfig = { bufferSize: 1 }
    const list = await events(await rpc('message/stream', { ...message('count 300'), streamConfig }))
    const texts = list
      .map((event) => event.result as { artifact?: { parts: { text: string }[] } })
      .flatMap(({ artifact }) => artifact?.parts ?? [])
    expect(texts.map(({ text }) => text).join('')).toBe(Array.from({ length: 300 }, (_, i) => `${i} `).join(''))
  })

  it('names what a subscription lacks', async () => {
    const { message: text } = (await (await fetch(`${server.url}/a2a/stream`)).json()) as JsonObject
    expect(text).toBe('Invalid parameters: taskId: is required')
  })

  it.each([7, { heartbeat: 0 }, { timeout: -1 }, { bufferSize: 'many' }, { heartbeat: [1] }, []])(
    '%j is refused, and nothing begins',
    async (streamConfig) => {
      const { error } = (await (
        await rpc('message/stream', { ...message('echo x'), streamConfig })
      ).json()) as JsonObject
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('streamConfig') })
    },
  )
})

describe('GET /a2a/stream', () => {
  it('follows a task with bare events, and goes on after the last one that was seen', async () => {
    const { id } = (await result('message/send', {
      ...message('wait old-get'),
      configuration: { blocking: false },
    })) as { id: string }
    await eventually(async () =>
      expect((await result('tasks/get', { id })).artifacts).toMatchObject([{ parts: [{ text: 'waiting' }] }]),
    )
    const response = await fetch(`${base}/stream?taskId=${id}&heartbeat=1`)
    expect(response.headers.get('x-task-id')).toBe(id)
    const seen: string[] = []
    const list: JsonObject[] = []
    for await (const data of sseData(response, (cursor) => seen.push(cursor))) {
      list.push(JSON.parse(data) as JsonObject)
      openGate('old-get')
    }
    expect(list[0]).toMatchObject({ kind: 'task', id, status: { state: 'working' } })
    expect(list.at(-1)).toMatchObject({ kind: 'status-update', taskId: id, final: true })
    const again = await fetch(`${base}/stream?taskId=${id}`, { headers: { 'last-event-id': seen.at(-2) ?? '' } })
    expect(await events(again)).toEqual(list.slice(-1))
  })

  it('shows a task that has ended once, and refuses others with an HTTP status', async () => {
    const { id } = (await result('message/send', message('echo x'))) as { id: string }
    expect((await events(await fetch(`${base}/stream?taskId=${id}`))).map(({ kind }) => kind)).toEqual(['task'])
    expect((await fetch(`${base}/stream?taskId=none`)).status).toBe(404)
    expect((await fetch(`${base}/stream`)).status).toBe(400)
    expect((await fetch(`${base}/stream?taskId=${id}&heartbeat=x`)).status).toBe(400)
    expect((await fetch(`${base}/stream?taskId=${id}`, { method: 'DELETE' })).status).toBe(405)
  })
})

describe('ids that callers make', () => {
  it('begin a task, which is a task like any other then', async () => {
    const taskId = `mine-${process.pid}`
    const first = await result('message/send', message('ask which?', { taskId }))
    expect(first).toMatchObject({ kind: 'task', id: taskId, status: { state: 'input-required' } })
    const second = await result('message/send', message('this', { taskId }))
    expect(second).toMatchObject({ id: taskId, status: { state: 'completed' } })
    await expect(result('message/send', message('more', { taskId }))).rejects.toThrow('-32004')
  })

  it('raced for begin one task', async () => {
    const taskId = `raced-${process.pid}`
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        rpc('message/send', { ...message(`wait ${taskId}-${i}`, { taskId }), configuration: { blocking: false } }),
      ),
    )
    const ids = await Promise.all(all.map(async (each) => ((await each.json()) as { result: JsonObject }).result.id))
    expect(new Set(ids)).toEqual(new Set([taskId]))
    expect((await result('tasks/get', { id: taskId })).history).toHaveLength(6)
    await result('tasks/cancel', { id: taskId })
  })

  it('cannot be just anything, and are nobody’s from 0.3 on', async () => {
    await expect(result('message/send', message('x', { taskId: 'a b' }))).rejects.toThrow('-32001')
    const answer = await rpc('message/send', message('x', { taskId: 'later' }), { 'a2a-version': '0.3' })
    expect(await answer.json()).toMatchObject({ error: { code: -32001 } })
  })
})

describe('REST', () => {
  async function get(path: string): Promise<{ status: number; json: JsonObject }> {
    const response = await fetch(`${base}${path}`)
    return { status: response.status, json: (await response.json()) as JsonObject }
  }

  it('reads and cancels a task', async () => {
    const { id } = (await result('message/send', message('ask which?'))) as { id: string }
    expect(await get(`/tasks/${id}?historyLength=1`)).toMatchObject({
      status: 200,
      json: { kind: 'task', id, status: { state: 'input-required' }, history: [{ kind: 'message' }] },
    })
    const canceled = await fetch(`${base}/tasks/${id}/cancel`, { method: 'POST' })
    expect(await canceled.json()).toMatchObject({ kind: 'task', id, status: { state: 'canceled' } })
  })

  it('pages through a history', async () => {
    const { id, contextId } = (await result('message/send', message('ask which?'))) as { id: string; contextId: string }
    await result('message/send', message('this', { taskId: id }))
    const texts = ({ json }: { json: JsonObject }) =>
      (json.history as { parts: { text: string }[] }[]).map(({ parts }) => parts[0]?.text)
    const all = await get(`/tasks/${id}/history`)
    expect(all.json).toMatchObject({ taskId: id, contextId, offset: 0, limit: 50, totalSize: 3 })
    expect(texts(all)).toEqual(['ask which?', 'which?', 'this'])
    expect(texts(await get(`/tasks/${id}/history?offset=1&limit=1`))).toEqual(['which?'])
    expect(texts(await get(`/tasks/${id}/history?offset=9`))).toEqual([])
    for (const wrong of ['offset=-1', 'limit=0', 'limit=101', 'limit=', 'offset=x', 'offset=1.5']) {
      expect((await get(`/tasks/${id}/history?${wrong}`)).json).toMatchObject({ code: -32602 })
    }
  })

  it.each([
    ['GET', '/tasks/none', 404, -32001],
    ['GET', '/tasks/none/history', 404, -32001],
    ['POST', '/tasks/none/cancel', 404, -32001],
    ['GET', '/tasks/t/pushNotifications', 400, -32003],
    ['POST', '/tasks/t/pushNotifications', 400, -32003],
    ['PUT', '/tasks/t/pushNotifications', 400, -32003],
    ['GET', '/tasks/t/pushNotifications/c', 400, -32003],
    ['DELETE', '/tasks/t/pushNotifications/c', 400, -32003],
    ['GET', '/tasks', 404, -32601],
    ['GET', '/nothing', 404, -32601],
    ['PUT', '/tasks/t', 405, -32601],
  ])('%s %s is %i %i', async (method, path, status, code) => {
    const hasBody = method === 'POST' || method === 'PUT'
    const response = await fetch(`${base}${path}`, {
      method,
      ...(hasBody ? { headers: { 'content-type': 'application/json' }, body: '{"url":"https://example.com"}' } : {}),
    })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ code, message: ANY })
  })

  it('has no card for authenticated callers where there is none', async () => {
    const response = await fetch(`${server.url}/agents/scripted/agent/authenticatedExtendedCard`)
    expect(response.status).toBe(404)
  })
})
