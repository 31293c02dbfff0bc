/**
 * The client of a2a-sdk 0.3 for Python, unchanged, over its three transports against our server on a real Temporal.
 *
 * It is found in a virtual environment outside of the repository; `TEMPORAL_A2A_PYTHON_0_3` names its Python.
 */
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { scripted } from '../support/agents.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'
import { pythonClient } from './python/venv.js'
import { runTool } from './run-tool.js'

const { python, found, missing } = pythonClient(
  'a2a-python-0.3',
  'test/interop/python/requirements-0.3.txt',
  'TEMPORAL_A2A_PYTHON_0_3',
)

let server: TestServer
let receiver: WebhookReceiver

beforeAll(async () => {
  if (!found) return
  receiver = await startReceiver()
  server = await startTestServer({
    temporalAddress: inject('temporalAddress'),
    agents: [{ ...scripted, pushNotifications: true }],
    webhooks: { allow: ['127.0.0.1'] },
    card: 'v0.3',
  })
})

afterAll(async () => {
  await server?.stop()
  await receiver?.close()
})

describe.skipIf(!found)(`a2a-python in 0.3${missing}`, () => {
  it.each(['JSONRPC', 'HTTP+JSON', 'GRPC'])(
    'over %s',
    async (transport) => {
      const path = `/${transport}`
      const { code, stdout, stderr } = await runTool(
        python,
        ['test/interop/python/client_0_3.py', server.url, transport, `${receiver.url}${path}`],
        60_000,
      )
      expect(code, stderr).toBe(0)
      const said = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as JsonObject)
      const of = (what: string) => said.find((line) => line.what === what)
      expect(said.map(({ what }) => what)).toEqual([
        'card',
        'send',
        'get',
        'turns',
        'parts',
        'stream',
        'resubscribe',
        'cancel',
        'unknown',
        'ended',
        'webhooks',
        'end',
      ])
      expect(of('card')).toMatchObject({
        name: 'scripted',
        version: '0.3.0',
        transports: ['JSONRPC', 'GRPC', 'HTTP+JSON'],
      })
      expect(of('send')).toMatchObject({ state: 'completed', text: 'Echo: hi' })
      expect(of('get')).toMatchObject({ same: true, history: 1 })
      expect(of('turns')).toMatchObject({ asked: 'input-required', text: 'turn 2 after UA: this', same: true })
      expect(of('parts')?.data).toMatchObject([
        { text: 'mirror' },
        { data: { list: [1, null] } },
        // Over gRPC and REST this client sends the base64 of bytes as the bytes.
        { raw: transport === 'JSONRPC' ? 'AAH+/w==' : 'QUFIKy93PT0=', mediaType: 'image/png' },
      ])
      expect(of('stream')).toMatchObject({ state: 'completed' })
      expect(of('resubscribe')).toMatchObject({ last: 'completed', text: 'x'.repeat(12) })
      expect(of('cancel')).toMatchObject({ state: 'canceled' })
      expect(String(of('unknown')?.error)).toMatch(/not ?found|404/i)
      expect(String(of('ended')?.error)).toMatch(/cancel|400/i)
      expect(of('webhooks')).toMatchObject({ made: [path, 'hook'], got: [path, 'hook'] })
      expect((await receiver.got(path, 1)).map(({ body }) => JSON.parse(body).status.state)).toContain('completed')
    },
    90_000,
  )
})
