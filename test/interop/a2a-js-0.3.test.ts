/** The 0.3 client of `@a2a-js/sdk`, unchanged, over its three transports against our server on a real Temporal. */
import { type Message, SendMessageRequest, StreamResponse, type Task, Task as TaskCodec, TaskState } from '@a2a-js/sdk'
import {
  type Client,
  ClientFactory,
  ClientFactoryOptions,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client'
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc'
import {
  ExtendedAgentCardNotConfiguredError,
  PushNotificationNotSupportedError,
  TaskNotCancelableError,
  TaskNotFoundError,
} from '@a2a-js/sdk/errors'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { openGate } from '../support/agents.js'
import { all, eventually, outline, send, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress'), card: 'v0.3' })
})

afterAll(() => server.stop())

const LEGACY = { legacyCompat: { enabled: true } }

function clientFor(transport: string): Promise<Client> {
  const options = ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
    transports: [
      new JsonRpcTransportFactory(LEGACY),
      new RestTransportFactory(LEGACY),
      new GrpcTransportFactory(LEGACY),
    ],
    preferredTransports: [transport],
    cardResolver: new DefaultAgentCardResolver(LEGACY),
  })
  return new ClientFactory(options).createFromUrl(server.url)
}

function request(text: string, more: JsonObject = {}, message: JsonObject = {}): SendMessageRequest {
  return SendMessageRequest.fromJSON(send(text, more, message))
}

function task(result: Message | Task): Task {
  if ('messageId' in result) throw new Error(`a message: ${JSON.stringify(result)}`)
  return result
}

function text(result: Task): string {
  return textOf(TaskCodec.toJSON(result) as never)
}

const AT_ONCE = { configuration: { returnImmediately: true } }

describe.each(['JSONRPC', 'HTTP+JSON', 'GRPC'])('a2a-js in 0.3 over %s', (transport) => {
  let client: Client

  beforeAll(async () => {
    client = await clientFor(transport)
  })

  it('finds the agent by its card of 0.3', async () => {
    expect(client.transport.protocolName).toBe(transport)
    expect(client.protocolVersion).toBe('0.3')
    expect((await client.getAgentCard()).name).toBe('scripted')
  })

  it('sends, and gets the whole task', async () => {
    const done = task(await client.sendMessage(request('artifacts')))
    expect(done.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
    expect(done.artifacts.map(({ name }) => name)).toEqual(['log', 'a.bin', 'b.txt', 'facts'])
    const again = await client.getTask({ tenant: '', id: done.id, historyLength: undefined })
    expect(TaskCodec.toJSON(again)).toEqual(TaskCodec.toJSON(done))
  })

  it('goes on with a task that asks', async () => {
    const asked = task(await client.sendMessage(request('ask which?')))
    expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
    const done = task(await client.sendMessage(request('this', {}, { taskId: asked.id })))
    expect(text(done)).toBe('turn 2 after UA: this')
  })

  it('streams to the end', async () => {
    const events = (await all(client.sendMessageStream(request('chunks one two three')))).map(
      (event) => StreamResponse.toJSON(event) as StreamResponseJson,
    )
    expect(outline(events)[0]).toBe('task SUBMITTED')
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    // Not put together by `append`: over its gRPC and REST this client loses that.
    const texts = events.flatMap(({ artifactUpdate }) => artifactUpdate?.artifact?.parts ?? []).map(({ text }) => text)
    expect(texts.join('')).toBe('onetwothree')
  })

  it('comes back to a task that runs, and cancels one', async () => {
    const gate = `old-js-${transport}`
    const { id } = task(await client.sendMessage(request(`wait ${gate}`, AT_ONCE)))
    const events: StreamResponseJson[] = []
    for await (const event of client.resubscribeTask({ tenant: '', id })) {
      events.push(StreamResponse.toJSON(event) as StreamResponseJson)
      openGate(gate)
    }
    expect(outline(events)[0]).toMatch(/^task/)
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    const other = task(await client.sendMessage(request(`wait ${gate}-never`, AT_ONCE)))
    await eventually(async () =>
      expect((await client.getTask({ tenant: '', id: other.id, historyLength: undefined })).status?.state).toBe(
        TaskState.TASK_STATE_WORKING,
      ),
    )
    const canceled = await client.cancelTask({ tenant: '', id: other.id, metadata: undefined })
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED)
  })

  it('knows our errors', async () => {
    const id = 'none'
    await expect(client.getTask({ tenant: '', id, historyLength: undefined })).rejects.toThrow(TaskNotFoundError)
    await expect(client.cancelTask({ tenant: '', id, metadata: undefined })).rejects.toThrow(TaskNotFoundError)
    await expect(all(client.resubscribeTask({ tenant: '', id }))).rejects.toThrow()
    const ended = task(await client.sendMessage(request('echo x')))
    await expect(client.cancelTask({ tenant: '', id: ended.id, metadata: undefined })).rejects.toThrow(
      TaskNotCancelableError,
    )
    const config = { tenant: '', taskId: id, id: 'c', url: 'https://example.com', token: '', authentication: undefined }
    await expect(client.transport.createTaskPushNotificationConfig(config)).rejects.toThrow(
      PushNotificationNotSupportedError,
    )
    await expect(client.transport.getExtendedAgentCard({ tenant: '' })).rejects.toThrow(
      ExtendedAgentCardNotConfiguredError,
    )
  })
})
