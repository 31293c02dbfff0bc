/** `curl`, unchanged, against our server on a real Temporal: what everybody tries first. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { openGate, seen } from '../support/agents.js'
import { eventually, outline, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { endTools, runTool, startTool, versionOf } from './run-tool.js'

const VERSION = versionOf('curl')
const HAS_HTTP2 = VERSION?.includes('HTTP2') === true
const SUITE = VERSION === undefined ? 'curl (skipped, there is none: apt-get install curl)' : 'curl'
const HTTP2 = HAS_HTTP2 ? 'HTTP/2 in clear text' : 'HTTP/2 (skipped, this curl has none: apt-get install curl)'

/** Nothing of the user's own settings, no progress but errors, and the head before the body. */
const QUIET = ['-q', '-sS', '-i']
const JSON_TYPE = ['-H', 'Content-Type: application/json', '-H', 'A2A-Version: 1.0']
const AT_ONCE = { configuration: { returnImmediately: true } }

interface Answer {
  readonly version: string
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  json<T = JsonObject>(): T
}

describe.skipIf(VERSION === undefined)(SUITE, () => {
  let server: TestServer
  let directory: string
  let gates = 0

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-curl-'))
    server = await startTestServer({ temporalAddress: inject('temporalAddress') })
  })

  afterAll(async () => {
    await endTools()
    await server.stop()
    await rm(directory, { recursive: true, force: true })
  })

  const gateName = () => {
    gates += 1
    return `curl-${gates}`
  }

  async function curl(path: string, ...args: string[]): Promise<Answer> {
    const { code, stdout, stderr } = await runTool('curl', [...QUIET, ...args, `${server.url}${path}`])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return answerOf(stdout)
  }

  const rpc = (method: string, params: JsonObject, id: string | number = 1) =>
    JSON.stringify({ jsonrpc: '2.0', id, method, params })

  const post = (path: string, body: string | JsonObject, ...args: string[]) =>
    curl(path, ...JSON_TYPE, ...args, '-d', typeof body === 'string' ? body : JSON.stringify(body))

  /** A task that has said "waiting", and waits at the gate. */
  async function startWaiting(gate: string): Promise<string> {
    const { id } = taskOf((await post('/message:send', send(`wait ${gate}`, AT_ONCE))).json())
    await eventually(async () => expect(textOf((await curl(`/tasks/${id}`)).json())).toBe('waiting'))
    return id
  }

  describe.each([
    ['HTTP/1.1', true, []],
    [HTTP2, HAS_HTTP2, ['--http2-prior-knowledge']],
  ] as const)('over %s', (name, can, flags) => {
    const version = name === 'HTTP/1.1' ? 'HTTP/1.1' : 'HTTP/2'

    it.skipIf(!can)('gets an answer of JSON-RPC, and the task again', async () => {
      const sent = await post('/', rpc('SendMessage', send('echo hi'), 'first'), ...flags)
      expect([sent.version, sent.status, sent.headers.get('content-type')]).toEqual([version, 200, 'application/json'])
      expect(sent.json()).toMatchObject({ jsonrpc: '2.0', id: 'first' })
      const task = taskOf(sent.json().result as JsonObject)
      expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_COMPLETED', 'Echo: hi'])
      const got = await post('/agents/scripted', rpc('GetTask', { id: task.id }, 2), ...flags)
      expect(got.json()).toEqual({ jsonrpc: '2.0', id: 2, result: task })
    })

    it.skipIf(!can).each([
      ['JSON-RPC', '/', true],
      ['REST', '/message:stream', false],
    ] as const)('reads a stream of %s while it is made', async (_, path, isRpc) => {
      const gate = gateName()
      const request = send(`wait ${gate}`)
      const body = isRpc ? rpc('SendStreamingMessage', request, 'stream-1') : JSON.stringify(request)
      const url = `${server.url}${path}`
      const reader = startTool('curl', [...QUIET, '-N', ...flags, ...JSON_TYPE, '-d', body, url])
      const events = (stdout: string): StreamResponseJson[] => {
        const data = sseData(stdout).map((text) => JSON.parse(text) as JsonObject)
        if (!isRpc) return data as never
        for (const { jsonrpc, id } of data) expect({ jsonrpc, id }).toEqual({ jsonrpc: '2.0', id: 'stream-1' })
        return data.map(({ result }) => result) as never
      }
      // The agent waits: what has come by now came before the rest was made.
      const before = await reader.until((stdout) => (events(stdout).length < 3 ? undefined : events(stdout)))
      expect(outline(before)).toEqual(['task SUBMITTED', 'status WORKING', 'artifact'])
      openGate(gate)
      const { code, stdout } = await reader.ended
      expect(code).toBe(0)
      const { status, version: spoken, headers } = answerOf(stdout)
      expect([status, spoken, headers.get('content-type')]).toEqual([200, version, 'text/event-stream'])
      expect(outline(events(stdout))).toEqual([
        'task SUBMITTED',
        'status WORKING',
        'artifact',
        'artifact',
        'artifact',
        'status COMPLETED',
      ])
      expect(streamedText(events(stdout))).toBe('waiting no more')
    })
  })

  it.skipIf(!HAS_HTTP2)('offers to go up to HTTP/2, and is served with HTTP/1.1', async () => {
    const { version, status } = await post('/message:send', send('echo hi'), '--http2')
    expect([version, status]).toEqual(['HTTP/1.1', 200])
  })

  it('breaks off in the middle of a stream, and the task goes on', async () => {
    const gate = gateName()
    const args = [...QUIET, '-N', ...JSON_TYPE, '-d', JSON.stringify(send(`wait ${gate}`))]
    const reader = startTool('curl', [...args, `${server.url}/message:stream`])
    const { task } = await reader.until((stdout) => {
      const data = sseData(stdout)
      return data.length < 3 ? undefined : (JSON.parse(data[0] as string) as { task: { id: string } })
    })
    reader.kill()
    expect((await reader.ended).code).toBe('SIGKILL')
    openGate(gate)
    await eventually(async () => {
      const now = (await curl(`/tasks/${task.id}`)).json()
      expect([stateOf(now), textOf(now)]).toEqual(['TASK_STATE_COMPLETED', 'waiting no more'])
    })
  })

  describe('with REST', () => {
    it('sends a message, gets the task, and lists it', async () => {
      const sent = await post('/message:send', send('echo hi'))
      expect([sent.status, sent.headers.get('content-type')]).toEqual([200, 'application/a2a+json'])
      const task = taskOf(sent.json())
      expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_COMPLETED', 'Echo: hi'])
      expect((await curl(`/agents/scripted/tasks/${task.id}`)).json()).toEqual(task)
      const { artifacts: _, ...shown } = task
      expect((await curl(`/tasks?contextId=${task.contextId}&pageSize=1`)).json()).toEqual({
        tasks: [shown],
        nextPageToken: '',
        pageSize: 1,
        totalSize: 1,
      })
    })

    it('gets the media type that it accepts', async () => {
      const { headers } = await post('/message:send', send('echo hi'), '-H', 'Accept: application/json')
      expect(headers.get('content-type')).toBe('application/json')
    })

    it('cancels a running task without a body', async () => {
      const gate = gateName()
      const id = await startWaiting(gate)
      const { status, json } = await curl(`/tasks/${id}:cancel`, '-X', 'POST')
      expect([status, stateOf(json())]).toEqual([200, 'TASK_STATE_CANCELED'])
      expect(seen.aborted.get(gate)).toBe('canceled')
    })

    it.each(['GET', 'POST'])('subscribes to a running task with %s', async (method) => {
      const gate = gateName()
      const id = await startWaiting(gate)
      const reader = startTool('curl', [...QUIET, '-N', '-X', method, `${server.url}/tasks/${id}:subscribe`])
      await reader.until((stdout) => (sseData(stdout).length < 1 ? undefined : true))
      openGate(gate)
      const events = sseData((await reader.ended).stdout).map((text) => JSON.parse(text) as StreamResponseJson)
      expect(outline(events).at(0)).toBe('task WORKING')
      expect(outline(events).at(-1)).toBe('status COMPLETED')
      expect(streamedText(events)).toBe('waiting no more')
    })

    it('names an agent by path or by tenant', async () => {
      for (const path of ['/agents/silent', '/silent']) {
        expect(textOf(taskOf((await post(`${path}/message:send`, send('hi'))).json()))).toBe('hi')
      }
    })

    it('finds the same task again by an idempotency key', async () => {
      const request = send('echo once')
      const key = ['-H', `Idempotency-Key: ${gateName()}`]
      const first = taskOf((await post('/message:send', request, ...key)).json())
      expect(taskOf((await post('/message:send', request, ...key)).json())).toEqual(first)
    })
  })

  it('calls a method of Connect with plain JSON', async () => {
    const answer = await post('/lf.a2a.v1.A2AService/SendMessage', send('echo hi'))
    expect([answer.status, textOf(taskOf(answer.json()))]).toEqual([200, 'Echo: hi'])
  })

  describe('asks for the card', () => {
    const CARD = '/.well-known/agent-card.json'

    it('and keeps it: the same card again is a 304 without a body', async () => {
      const file = join(directory, 'etag')
      const first = await curl(CARD, '--etag-save', file)
      expect([first.status, first.json().name]).toEqual([200, 'scripted'])
      expect(first.headers.get('cache-control')).toBe('public, max-age=300')
      expect(first.headers.get('etag')).toMatch(/^"[\w-]{27}"$/)
      const second = await curl(CARD, '--etag-compare', file)
      expect([second.status, second.body, second.headers.get('etag')]).toEqual([304, '', first.headers.get('etag')])
      const since = await curl(CARD, '-H', `If-Modified-Since: ${first.headers.get('last-modified')}`)
      expect(since.status).toBe(304)
    })

    it('of another agent, which has another tag', async () => {
      const { headers } = await curl(CARD)
      const other = await curl(`/agents/silent${CARD}`, '-H', `If-None-Match: ${headers.get('etag')}`)
      expect([other.status, other.json().name]).toEqual([200, 'silent'])
    })

    it('with HEAD, and sees its length', async () => {
      const { body } = await curl(CARD)
      const head = await curl(CARD, '--head')
      expect([head.status, head.body, head.headers.get('content-length')]).toEqual([200, '', String(body.length)])
    })
    it('and a 304 does not claim another length', async () => {
      expect((await curl(CARD, '-H', 'If-None-Match: *')).headers.get('content-length')).toBeUndefined()
    })
  })

  describe('is told what is wrong', () => {
    it('with 415 when JSON-RPC comes as a form, as curl -d sends it', async () => {
      const { status, json } = await curl('/', '-d', rpc('SendMessage', send('echo hi')))
      expect([status, json()]).toMatchObject([
        415,
        { jsonrpc: '2.0', id: null, error: { code: -32005, message: 'The request must be application/json' } },
      ])
    })

    it('with 400, as A2A says, when REST comes as a form', async () => {
      const { status, json } = await curl('/message:send', '-d', JSON.stringify(send('echo hi')))
      expect([status, json().error]).toMatchObject([
        400,
        {
          message: 'The request must be application/a2a+json or application/json',
          details: [{ reason: 'CONTENT_TYPE_NOT_SUPPORTED', domain: 'a2a-protocol.org' }],
        },
      ])
    })

    it('with 404 and the way to the card when there is nothing at a path', async () => {
      const { status, json } = await curl('/v2/tasks/x/y')
      expect(status).toBe(404)
      expect(json().error).toMatchObject({
        code: 404,
        message: 'Nothing is served at this path. The agent card is at /agents/scripted/.well-known/agent-card.json',
        details: [{ reason: 'METHOD_NOT_FOUND', domain: 'a2a-protocol.org' }],
      })
    })

    it('with 404 and the agents there are when there is no such agent', async () => {
      const { status, json } = await post('/agents/nobody', rpc('GetTask', { id: 'x' }))
      expect(status).toBe(404)
      const message = expect.stringMatching(/^No such agent; the agents are \/agents\/scripted, /)
      const data = [expect.objectContaining({ reason: 'METHOD_NOT_FOUND', domain: 'a2a-protocol.org' })]
      expect(json()).toEqual({ jsonrpc: '2.0', id: null, error: { code: -32601, message, data } })
      const rest = await post('/agents/nobody/message:send', '{}')
      expect(rest.json()).toMatchObject({ error: { code: 404, status: 'UNIMPLEMENTED', message } })
    })

    it('with 405 and the way to the card when it only looks around', async () => {
      const { status, headers, json } = await curl('/')
      expect([status, headers.get('allow')]).toEqual([405, 'POST'])
      expect((json().error as JsonObject).message).toBe(
        'This is an A2A endpoint: POST JSON-RPC to it. The agent card is at /agents/scripted/.well-known/agent-card.json',
      )
    })

    it('of an unknown task: 404 of REST, 200 with an error of JSON-RPC, 404 of Connect', async () => {
      const details = [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'TASK_NOT_FOUND',
          domain: 'a2a-protocol.org',
          metadata: { taskId: 'none' },
        },
      ]
      const rest = await curl('/tasks/none')
      expect([rest.status, rest.json()]).toEqual([
        404,
        { error: { code: 404, status: 'NOT_FOUND', message: 'Task not found', details } },
      ])
      const jsonrpc = await post('/', rpc('GetTask', { id: 'none' }, 7))
      expect([jsonrpc.status, jsonrpc.json()]).toEqual([
        200,
        { jsonrpc: '2.0', id: 7, error: { code: -32001, message: 'Task not found', data: details } },
      ])
      const connect = await post('/lf.a2a.v1.A2AService/GetTask', { id: 'none' })
      expect([connect.status, connect.json().code]).toEqual([404, 'not_found'])
    })

    it.each([
      ['JSON-RPC', '/', rpc('SendStreamingMessage', {}), 200],
      ['REST', '/message:stream', '{}', 400],
    ])('with plain JSON when a stream of %s cannot begin', async (_, path, body, expected) => {
      const { status, headers, json } = await post(path, body, '-N')
      expect(status).toBe(expected)
      expect(headers.get('content-type')).toMatch(/^application\/(a2a\+)?json$/)
      expect((json().error as JsonObject).message).toBe('Invalid parameters: message: is required')
    })

    it.each([
      ['{', -32700, 'Invalid JSON payload'],
      ['[]', -32600, 'Request payload validation error: batches are not supported'],
      [rpc('NoSuchMethod', {}), -32601, 'Method not found'],
    ])('of a body that is no request of JSON-RPC: %s', async (body, code, message) => {
      const { status, json } = await post('/', body)
      expect([status, json().error]).toMatchObject([200, { code, message }])
    })

    it.each([
      ['role', { role: 'NOBODY' }, 'message.role'],
      ['parts', { parts: [{ text: 5 }] }, 'message.parts[0].text'],
    ])('of the place of a wrong value: %s', async (_, wrong, field) => {
      const { json } = await post('/message:send', send('x', {}, wrong))
      expect((json().error as JsonObject).details).toMatchObject([{}, { fieldViolations: [{ field }] }])
    })
  })
})

/** What `curl -i` prints; with an interim answer, the last one counts. */
function answerOf(stdout: string): Answer {
  const end = stdout.indexOf('\r\n\r\n')
  const [first = '', ...lines] = stdout.slice(0, end).split('\r\n')
  const [version = '', status = ''] = first.split(' ')
  const body = stdout.slice(end + 4)
  if (status.startsWith('1')) return answerOf(body)
  return {
    version,
    status: Number(status),
    headers: new Map(
      lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
      }),
    ),
    body,
    json: () => JSON.parse(body),
  }
}

/** The data of each whole event so far. */
function sseData(stdout: string): string[] {
  const { body } = answerOf(stdout)
  const events = body.split('\n\n').slice(0, -1)
  return events
    .flatMap((event) => event.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice(6))
}
