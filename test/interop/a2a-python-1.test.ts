/**
 * The client of a2a-sdk 1.x for Python, unchanged, over its three transports against our server on a real Temporal.
 *
 * It is found in a virtual environment outside of the repository; `TEMPORAL_A2A_PYTHON_1` names its Python.
 */
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { told } from '../contract/webhooks.js'
import { agents, openGate } from '../support/agents.js'
import { outline } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'
import { pythonClient } from './python/venv.js'
import { endTools, startTool } from './run-tool.js'

const { python, found, missing } = pythonClient(
  'a2a-python-1',
  'test/interop/python/requirements-1.txt',
  'TEMPORAL_A2A_PYTHON_1',
)

let server: TestServer
let receiver: WebhookReceiver

beforeAll(async () => {
  if (!found) return
  receiver = await startReceiver()
  server = await startTestServer({
    temporalAddress: inject('temporalAddress'),
    agents: [...agents, told],
    webhooks: { allow: ['127.0.0.1'] },
  })
})

afterAll(async () => {
  await endTools()
  await server?.stop()
  await receiver?.close()
})

describe.skipIf(!found)(`a2a-python in 1.0${missing}`, () => {
  it.each(['JSONRPC', 'HTTP+JSON', 'GRPC'])(
    'over %s',
    async (transport) => {
      const path = `/${transport}`
      const args = ['test/interop/python/client_1.py', server.url, transport, `${receiver.url}${path}`]
      const client = startTool(python, args, 60_000)
      // It follows a task that waits: what it saw until here was sent while the agent worked.
      await client.until((stdout) => (stdout.includes('"subscribed"') ? true : undefined))
      openGate(`subscribe-${transport}`)
      const { code, stdout, stderr } = await client.ended
      expect(code, stderr).toBe(0)
      const said = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as JsonObject)
      expect(said).toEqual([
        { what: 'card', name: 'scripted', first: { protocolBinding: 'JSONRPC', protocolVersion: '1.0' } },
        { what: 'send', state: 'TASK_STATE_COMPLETED', text: 'Echo: hi' },
        { what: 'get', same: true, history: 1 },
        { what: 'message', role: 'ROLE_AGENT', text: 'Answer: hi' },
        { what: 'list', first: ['Echo: three', 'Echo: two'], rest: [''], total: 3, more: '' },
        {
          what: 'turns',
          asked: 'TASK_STATE_INPUT_REQUIRED',
          question: 'which?',
          text: 'turn 2 after UA: this',
          same: true,
        },
        {
          what: 'parts',
          data: [
            { text: 'mirror' },
            { data: { list: [1, null, 'ü'] } },
            { raw: 'AAH+/w==', filename: 'x.png', mediaType: 'image/png' },
            { url: 'https://example.com/y', mediaType: 'image/jpeg' },
          ],
          made: [
            ['log', 'text'],
            ['a.bin', 'raw'],
            ['b.txt', 'url'],
            ['facts', 'data'],
          ],
          raw: [0, 1, 254, 255],
        },
        {
          what: 'stream',
          kinds: [
            'task',
            'status_update',
            'artifact_update',
            'artifact_update',
            'artifact_update',
            'artifact_update',
            'status_update',
          ],
          text: 'onetwothree',
          last: 'TASK_STATE_COMPLETED',
        },
        { what: 'subscribed' },
        { what: 'subscribe', first: 'task', last: 'TASK_STATE_COMPLETED', text: 'waiting no more' },
        { what: 'cancel', state: 'TASK_STATE_CANCELED' },
        {
          what: 'errors',
          unknown: ['TaskNotFoundError', 'Task not found'],
          ended: ['TaskNotCancelableError', expect.stringMatching(/cancel/i)],
          continued: ['UnsupportedOperationError', expect.stringContaining('TASK_STATE_COMPLETED')],
          followed: ['UnsupportedOperationError', expect.stringContaining('TASK_STATE_COMPLETED')],
          streamed: ['TaskNotFoundError', 'Task not found'],
          media: ['ContentTypeNotSupportedError', expect.stringContaining('video/mp4')],
          invalid: ['InvalidParamsError', expect.stringContaining('message.role')],
          push: ['PushNotificationNotSupportedError', expect.any(String)],
        },
        { what: 'webhooks', same: [true, true, true], state: 'TASK_STATE_COMPLETED' },
        { what: 'extension', refused: 'ExtensionSupportRequiredError', text: 'x with urn:test:required' },
      ])
      const bodies = (await receiver.got(path, 1)).map(({ body }) => JSON.parse(body) as StreamResponseJson)
      expect(outline(bodies)).toContain('status COMPLETED')
    },
    90_000,
  )
})
