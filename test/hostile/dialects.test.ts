/** Garbage on the routes of older versions, and versions mixed: refused in their own words, never a fault of ours. */
import { type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { A2AService as OldService } from '../../gen/a2a/v1/a2a_pb.js'
import { V0_3_METHODS } from '../../src/bindings/dialects/v0_3/json/methods.js'
import { eventToV1, sendToV1, taskPushConfigToV1, taskToV1 } from '../../src/bindings/dialects/v0_3/json/to-v1.js'
import { chosen } from '../../src/bindings/method.js'
import { isA2AError } from '../../src/index.js'
import { fc } from '../support/property.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory', limits: { blockingMs: 2_000, maxStreamMs: 2_000 } })
})

afterEach(async () => {
  const { status } = await fetch(`${server.url}/readyz`)
  expect(status).toBe(200)
})

afterAll(() => server.stop())

const WORDS = [
  'kind',
  'type',
  'text',
  'file',
  'data',
  'parts',
  'content',
  'message',
  'request',
  'role',
  'messageId',
  'message_id',
  'taskId',
  'contextId',
  'metadata',
  'configuration',
  'blocking',
  'pushNotificationConfig',
  'authentication',
  'schemes',
  'id',
  'name',
  'parent',
  'config',
  'historyLength',
  'streamConfig',
  'heartbeat',
  '__proto__',
  'constructor',
  'url',
  'function_call',
  'arguments',
  'status',
  'artifact',
  'bytes',
  'uri',
  'pushNotificationConfigId',
] as const
const VALUES = [
  'text',
  'file',
  'data',
  'user',
  'agent',
  'ROLE_USER',
  'function_call',
  '',
  'tasks/x',
  'tasks/',
  'message',
  '\u0000',
  '\ud800',
]

const { value: hostileJson } = fc.letrec<{ value: JsonValue; object: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<JsonValue>(null, true, false, 0, -1, 1.5, 1e308, ...VALUES),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('object'),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom(...WORDS), tie('value')), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries) as JsonObject),
}))

const VERSIONS = ['', '0.2', '0.2.5', '0.3', '1.0', '0.9', '1.0.0.0', 'x', '9999.9999', '-1.0']

/** Like the answer to a fault of the caller: soon, and by no fault of ours. */
async function shot(path: string, init: RequestInit): Promise<Response> {
  const response = await fetch(`${server.url}${path}`, { ...init, signal: AbortSignal.timeout(10_000) })
  expect(response.status, `${init.method ?? 'GET'} ${path}`).toBeLessThan(500)
  return response
}

describe('JSON-RPC', () => {
  it('of garbage params, in every version, is answered with an error or a result', async () => {
    const methods = [...V0_3_METHODS.keys(), 'SendMessage', 'GetTask', 'message/none', 'tasks/__proto__']
    const request = fc.record({
      method: fc.constantFrom(...methods),
      params: hostileJson,
      version: fc.constantFrom(...VERSIONS),
      path: fc.constantFrom('/', '/a2a', '/agents/scripted', '/agents/silent/a2a', '/agents/direct'),
      id: fc.constantFrom<JsonValue>(1, 'x', null),
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ method, params, version, path, id }) => {
        const response = await shot(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'a2a-version': version },
          body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
        })
        const text = await response.text()
        const body = text.startsWith('data: ') ? text.slice(6, text.indexOf('\n\n')) : text
        if (body.startsWith('id: ')) return
        const { jsonrpc, error, result } = JSON.parse(body) as JsonObject
        expect(jsonrpc).toBe('2.0')
        expect((error === undefined) !== (result === undefined)).toBe(true)
        if (error !== undefined) expect((error as { code: number }).code).not.toBe(-32603)
      }),
      { numRuns: 400 },
    )
  }, 120_000)
})

describe('REST', () => {
  it('of garbage paths, queries and bodies is answered in the words of the version', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'v1',
        'a2a',
        'tasks',
        'task',
        'message:send',
        'message:stream',
        'card',
        'stream',
        'history',
        'cancel',
        'pushNotifications',
        'pushNotificationConfigs',
        'x:cancel',
        'x:subscribe',
        '%2e%2e',
        '%00',
        '%zz',
        '__proto__',
        'agent',
        'authenticatedExtendedCard',
      ),
      fc.string({ maxLength: 6 }).map(encodeURIComponentSafely),
    )
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
      path: fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => `/${pieces.join('/')}`),
      query: fc.constantFrom(
        '',
        '?historyLength=x',
        '?limit=1e9&offset=-1',
        '?taskId=none',
        '?historyLength=-5',
        '?heartbeat=NaN&taskId=x',
      ),
      version: fc.constantFrom(...VERSIONS),
      body: hostileJson,
    })
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, version, body }) => {
        const response = await shot(`${path}${query}`, {
          method,
          headers: { 'content-type': 'application/json', 'a2a-version': version },
          ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
        })
        await response.text()
      }),
      { numRuns: 500 },
    )
  }, 120_000)
})

describe('gRPC of 0.3', () => {
  it('of garbage bytes ends with a status that is no fault of ours', async () => {
    const { SendMessageRequest: _, ...rpcs } = Object.fromEntries(OldService.methods.map((rpc) => [rpc.name, rpc]))
    const good = toBinary(OldService.method.getTask.input, {
      $typeName: 'a2a.v1.GetTaskRequest',
      name: 'tasks/x',
      historyLength: 0,
    })
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.constant(good),
      fc.constant(new Uint8Array([10, 255, 255, 255, 255, 15])),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(rpcs)), bytes, async (name, message) => {
        const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
        const response = await shot(`/a2a.v1.A2AService/${name}`, {
          method: 'POST',
          headers: { 'content-type': 'application/grpc-web+proto' },
          body: frame,
        })
        const status = /grpc-status: (\d+)/.exec(Buffer.from(await response.arrayBuffer()).toString('latin1'))?.[1]
        // Neither UNKNOWN nor INTERNAL.
        expect(['2', '13']).not.toContain(status ?? response.headers.get('grpc-status'))
      }),
      { numRuns: 300 },
    )
  }, 120_000)
})

describe('translators', () => {
  it('take whatever JSON can be, and refuse it as an error of the protocol or not at all', () => {
    fc.assert(
      fc.property(hostileJson, (json) => {
        for (const translate of [taskToV1, eventToV1]) translate(json)
        if (typeof json !== 'object' || json === null || Array.isArray(json)) return
        for (const translate of [sendToV1, taskPushConfigToV1]) translate(json)
        for (const entry of V0_3_METHODS.values()) {
          try {
            chosen(entry, json).request(json)
          } catch (error) {
            expect(isA2AError(error)).toBe(true)
          }
        }
      }),
      { numRuns: 5_000 },
    )
  }, 60_000)
})

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed()) || 'x'
}
