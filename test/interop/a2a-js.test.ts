/** The client of `@a2a-js/sdk`, unchanged, over its three transports against our server on a real Temporal. */
import {
  ListTasksRequest,
  type Message,
  Role,
  SendMessageRequest,
  StreamResponse,
  type Task,
  Task as TaskCodec,
  TaskState,
} from '@a2a-js/sdk'
import {
  type Client,
  ClientFactory,
  ClientFactoryOptions,
  ServiceParameters,
  withA2AExtensions,
} from '@a2a-js/sdk/client'
import { GrpcTransportFactory } from '@a2a-js/sdk/client/grpc'
import {
  type A2AError,
  ContentTypeNotSupportedError,
  ExtensionSupportRequiredError,
  PushNotificationNotSupportedError,
  RequestMalformedError,
  TaskNotCancelableError,
  TaskNotFoundError,
  UnsupportedOperationError,
  VersionNotSupportedError,
} from '@a2a-js/sdk/errors'
import type { JsonObject } from '@bufbuild/protobuf'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { openGate, seen } from '../support/agents.js'
import { eventually, outline, send, streamedText, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress') })
})

afterAll(() => server.stop())

/** As the README of the SDK has it: all transports, one of them preferred. */
function factoryFor(transport: string): ClientFactory {
  return new ClientFactory(
    ClientFactoryOptions.createFrom(ClientFactoryOptions.default, {
      transports: [new GrpcTransportFactory()],
      preferredTransports: [transport],
    }),
  )
}

function request(text: string, more: JsonObject = {}, message: JsonObject = {}): SendMessageRequest {
  return SendMessageRequest.fromJSON(send(text, more, message))
}

const AT_ONCE = { configuration: { returnImmediately: true } }

function task(result: Message | Task): Task {
  if ('messageId' in result) throw new Error(`a message: ${JSON.stringify(result)}`)
  return result
}

function text(result: Task): string {
  return textOf(TaskCodec.toJSON(result) as never)
}

function json(events: readonly StreamResponse[]): StreamResponseJson[] {
  return events.map((event) => StreamResponse.toJSON(event) as StreamResponseJson)
}

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const event of events) list.push(event)
  return list
}

const TRANSPORTS = ['JSONRPC', 'HTTP+JSON', 'GRPC']

/** The code of an error on each of the {@link TRANSPORTS}. */
type JsonRpcHttpGrpc = readonly [jsonrpc: number, http: number, grpc: number]

function codeOf(error: unknown): unknown {
  const { envelopeCode, statusCode, status } = error as Record<string, unknown>
  return envelopeCode ?? statusCode ?? status
}

function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => new Error(`no error, but ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  )
}

describe('a2a-js finds an agent', () => {
  it('by the root of the server, with the transport that the card prefers', async () => {
    const client = await new ClientFactory().createFromUrl(server.url)
    expect(client.transport.protocolName).toBe('JSONRPC')
    expect(client.protocolVersion).toBe('1.0')
    const card = await client.getAgentCard()
    expect(card.name).toBe('scripted')
    expect(card.capabilities?.streaming).toBe(true)
    expect(card.supportedInterfaces.slice(0, 3)).toEqual([
      { url: `${server.url}/agents/scripted`, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      { url: `127.0.0.1:${server.port}`, protocolBinding: 'GRPC', tenant: 'scripted', protocolVersion: '1.0' },
      { url: `${server.url}/agents/scripted`, protocolBinding: 'HTTP+JSON', protocolVersion: '1.0' },
    ])
  })

  it.each([
    ['the base of the agent, with a slash at its end', '/agents/answering/', undefined],
    ['the whole address of the card', '/agents/answering/.well-known/agent-card.json', ''],
  ])('by %s', async (_, path, cardPath) => {
    const client = await new ClientFactory().createFromUrl(`${server.url}${path}`, cardPath)
    expect((await client.getAgentCard()).name).toBe('answering')
  })
})

describe.each(TRANSPORTS)('a2a-js over %s', (transport) => {
  const prefix = transport.toLowerCase().replace('+', '-')
  let gates = 0
  let client: Client

  beforeAll(async () => {
    client = await factoryFor(transport).createFromUrl(server.url)
    expect(client.transport.protocolName).toBe(transport)
  })

  const gateName = () => {
    gates += 1
    return `a2a-js-${prefix}-${gates}`
  }

  const clientOf = (agent: string) => factoryFor(transport).createFromUrl(`${server.url}/agents/${agent}/`)

  const get = (id: string) => client.getTask({ tenant: '', id })

  /** A task that has said "waiting", and waits at the gate. */
  async function startWaiting(gate: string): Promise<string> {
    const { id, status } = task(await client.sendMessage(request(`wait ${gate}`, AT_ONCE)))
    expect([TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING]).toContain(status?.state)
    await eventually(async () => expect(text(await get(id))).toBe('waiting'))
    return id
  }

  it('sends a message and waits for the whole task', async () => {
    const done = task(await client.sendMessage(request('chunks a b c', {}, { messageId: 'my-id' })))
    expect(done.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
    expect(done.artifacts.map(({ parts }) => parts.map(({ content }) => content))).toEqual([
      [{ $case: 'text', value: 'abc' }],
    ])
    expect(done.history.map(({ messageId, role, taskId }) => ({ messageId, role, taskId }))).toEqual([
      { messageId: 'my-id', role: Role.ROLE_USER, taskId: done.id },
    ])
    expect(await get(done.id)).toEqual(done)
  })

  it('takes an answer that is a message and no task', async () => {
    const answer = await (await clientOf('answering')).sendMessage(request('hi'))
    expect(answer).toMatchObject({
      role: Role.ROLE_AGENT,
      parts: [{ content: { $case: 'text', value: 'Answer: hi' } }],
      taskId: '',
    })
  })

  it('carries every kind of part to the agent and back', async () => {
    const parts = [
      { text: 'mirror' },
      { data: { list: [1, 'ü', { deep: null }] }, mediaType: 'application/json' },
      { raw: 'AAH+/w==', filename: 'x.bin', mediaType: 'image/png' },
      { url: 'https://example.com/y', mediaType: 'image/jpeg', metadata: { k: 'v' } },
    ]
    const mirrored = task(
      await client.sendMessage(request('', { metadata: { trace: 7 } }, { parts, metadata: { a: [true] } })),
    )
    expect(mirrored.artifacts[0]?.parts[0]?.content).toMatchObject({
      $case: 'data',
      value: { message: { role: 'ROLE_USER', parts, metadata: { a: [true] } }, metadata: { trace: 7 } },
    })
    const made = task(await client.sendMessage(request('artifacts')))
    expect(made.artifacts.map(({ name, parts }) => [name, parts[0]?.content])).toEqual([
      ['log', { $case: 'text', value: 'one two' }],
      ['a.bin', { $case: 'raw', value: Buffer.from([0, 1, 254, 255]) }],
      ['b.txt', { $case: 'url', value: 'https://example.com/b.txt' }],
      ['facts', { $case: 'data', value: { list: [1, 'two', null, { deep: true }] } }],
    ])
  })

  it('streams from the first state to the last', async () => {
    const events = json(await all(client.sendMessageStream(request('chunks one two three'))))
    expect(outline(events)).toEqual([
      'task SUBMITTED',
      'status WORKING',
      'artifact',
      'artifact',
      'artifact',
      'artifact',
      'status COMPLETED',
    ])
    expect(streamedText(events)).toBe('onetwothree')
  })

  it('streams while the agent works, not when it is done', async () => {
    const gate = gateName()
    const stream = client.sendMessageStream(request(`wait ${gate}`))
    const before: StreamResponse[] = []
    for (let i = 0; i < 3; i += 1) before.push((await stream.next()).value as StreamResponse)
    expect(outline(json(before))).toEqual(['task SUBMITTED', 'status WORKING', 'artifact'])
    openGate(gate)
    const events = json([...before, ...(await all(stream))])
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(streamedText(events)).toBe('waiting no more')
  })

  it('falls back to one answer where the card says that nothing is streamed', async () => {
    const events = json(await all((await clientOf('silent')).sendMessageStream(request('quiet'))))
    expect(outline(events)).toEqual(['task COMPLETED'])
    expect(streamedText(events)).toBe('quiet')
  })

  it('gets as much history as it asks for', async () => {
    const { id } = task(await client.sendMessage(request('ask which?')))
    await client.sendMessage(request('this', {}, { taskId: id }))
    const said = async (historyLength?: number) =>
      (await client.getTask({ tenant: '', id, ...(historyLength === undefined ? {} : { historyLength }) })).history.map(
        ({ parts }) => parts[0]?.content?.value,
      )
    expect(await said()).toEqual(['ask which?', 'which?', 'this'])
    expect(await said(1)).toEqual(['this'])
    expect(await said(0)).toEqual([])
  })

  it('lists tasks page by page, latest first', async () => {
    const contextId = `context-${gateName()}`
    const ids: string[] = []
    for (const word of ['a', 'b', 'c']) {
      ids.unshift(task(await client.sendMessage(request(`echo ${word}`, {}, { contextId }))).id)
    }
    const list = (more: JsonObject) => client.listTasks(ListTasksRequest.fromJSON({ contextId, ...more }))
    const first = await list({ pageSize: 2 })
    expect(first).toMatchObject({ totalSize: 3, pageSize: 2 })
    expect(first.tasks.map(({ id, artifacts }) => [id, artifacts])).toEqual([
      [ids[0], []],
      [ids[1], []],
    ])
    const second = await list({ pageSize: 2, pageToken: first.nextPageToken, includeArtifacts: true })
    expect(second.tasks.map((each) => [each.id, text(each)])).toEqual([[ids[2], 'Echo: a']])
    expect(second.nextPageToken).toBe('')
    expect((await list({ status: 'TASK_STATE_FAILED' })).tasks).toEqual([])
  })

  it('cancels a running task, which every reader of it sees', async () => {
    const gate = gateName()
    const id = await startWaiting(gate)
    const reader = client.resubscribeTask({ tenant: '', id })
    expect(outline(json([(await reader.next()).value as StreamResponse]))).toEqual(['task WORKING'])
    const canceled = await client.cancelTask({ tenant: '', id, metadata: undefined })
    expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED)
    expect(text(canceled)).toBe('waiting')
    expect(seen.aborted.get(gate)).toBe('canceled')
    expect(outline(json(await all(reader))).at(-1)).toBe('status CANCELED')
  })

  it('subscribes to a running task and follows it to its end', async () => {
    const gate = gateName()
    const id = await startWaiting(gate)
    const events: StreamResponse[] = []
    for await (const event of client.resubscribeTask({ tenant: '', id })) {
      events.push(event)
      openGate(gate)
    }
    expect(outline(json(events)).at(0)).toBe('task WORKING')
    expect(outline(json(events)).at(-1)).toBe('status COMPLETED')
    expect(streamedText(json(events))).toBe('waiting no more')
  })

  it('leaves a stream without ending the task', async () => {
    const gate = gateName()
    let id = ''
    for await (const { payload } of client.sendMessageStream(request(`wait ${gate}`))) {
      if (payload?.$case === 'task') id = payload.value.id
      if (payload?.$case === 'artifactUpdate') break
    }
    openGate(gate)
    const done = await eventually(async () => {
      const now = await get(id)
      expect(now.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
      return now
    })
    expect(text(done)).toBe('waiting no more')
  })

  it('answers what the agent asks, in the same task', async () => {
    const asked = task(await client.sendMessage(request('ask which?')))
    expect(asked.status?.state).toBe(TaskState.TASK_STATE_INPUT_REQUIRED)
    expect(asked.status?.message?.parts[0]?.content).toEqual({ $case: 'text', value: 'which?' })
    const { id, contextId } = asked
    const answered = task(await client.sendMessage(request('that one', {}, { taskId: id, contextId })))
    expect(answered.id).toBe(id)
    expect(answered.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
    expect(text(answered)).toBe('turn 2 after UA: that one')
  })

  it('answers what the agent asks in a stream, with another stream', async () => {
    const asked = json(await all(client.sendMessageStream(request('ask which?'))))
    expect(outline(asked)).toEqual(['task SUBMITTED', 'status WORKING', 'status INPUT_REQUIRED'])
    const taskId = asked[0]?.task?.id ?? ''
    const answered = json(await all(client.sendMessageStream(request('this', {}, { taskId }))))
    expect(answered[0]?.task?.id).toBe(taskId)
    expect(outline(answered).at(-1)).toMatch(/^(task|status) COMPLETED$/)
    expect(streamedText(answered)).toBe('turn 2 after UA: this')
  })

  it('finds the same task again by an idempotency key', async () => {
    const serviceParameters = { 'idempotency-key': gateName() }
    const once = request('echo once')
    const first = task(await client.sendMessage(once, { serviceParameters }))
    expect(task(await client.sendMessage(once, { serviceParameters })).id).toBe(first.id)
  })

  it('gets its own class of error for each of ours, with the code of the wire', async () => {
    const { id: done } = task(await client.sendMessage(request('echo x')))
    const cancel = (id: string) => client.cancelTask({ tenant: '', id, metadata: undefined })
    const subscribe = (id: string) => client.resubscribeTask({ tenant: '', id }).next()
    const video = { parts: [{ url: 'https://example.com/v', mediaType: 'video/mp4' }] }
    const cases: [() => Promise<unknown>, new () => A2AError, JsonRpcHttpGrpc][] = [
      [() => get('none'), TaskNotFoundError, [-32001, 404, 5]],
      [() => cancel('none'), TaskNotFoundError, [-32001, 404, 5]],
      [() => subscribe('none'), TaskNotFoundError, [-32001, 404, 5]],
      [() => client.sendMessage(request('x', {}, { taskId: 'none' })), TaskNotFoundError, [-32001, 404, 5]],
      [() => cancel(done), TaskNotCancelableError, [-32002, 400, 9]],
      [() => subscribe(done), UnsupportedOperationError, [-32004, 400, 9]],
      [() => client.sendMessage(request('x', {}, { taskId: done })), UnsupportedOperationError, [-32004, 400, 9]],
      [() => client.transport.getExtendedAgentCard({ tenant: '' }), UnsupportedOperationError, [-32004, 400, 9]],
      [() => client.sendMessage(request('x', {}, video)), ContentTypeNotSupportedError, [-32005, 400, 3]],
      [() => client.sendMessage(request('x', {}, { parts: [] })), RequestMalformedError, [-32602, 400, 3]],
      [() => client.sendMessageStream(request('x', {}, { parts: [] })).next(), RequestMalformedError, [-32602, 400, 3]],
      [
        () => client.deleteTaskPushNotificationConfig({ tenant: '', taskId: done, id: 'x' }),
        PushNotificationNotSupportedError,
        [-32003, 400, 9],
      ],
    ]
    for (const [work, type, codes] of cases) {
      const error = await errorOf(work())
      expect(error).toBeInstanceOf(type)
      expect(codeOf(error)).toBe(codes[TRANSPORTS.indexOf(transport)])
    }
  })

  it('gets the reason and the metadata of an error', async () => {
    const error = await errorOf(get('none'))
    expect(error).toMatchObject({ name: 'TaskNotFoundError', message: 'Task not found', reason: 'TASK_NOT_FOUND' })
    const info = { reason: 'TASK_NOT_FOUND', domain: 'a2a-protocol.org', metadata: { taskId: 'none' } }
    // Over JSON-RPC the SDK leaves the details as they came.
    if (transport === 'JSONRPC') {
      expect(error).toMatchObject({ data: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...info }] })
    } else {
      expect(error).toMatchObject({ metadata: info.metadata })
    }
  })
  it('gets the words of an error as they are', async () => {
    const error = await errorOf(client.sendMessage(request('x', {}, { parts: [] })))
    expect((error as Error).message).toBe('Invalid parameters: message.parts: is required')
  })

  it('is told of a required extension, and gets in with it', async () => {
    const demanding = await clientOf('demanding')
    expect(await errorOf(demanding.sendMessage(request('x')))).toBeInstanceOf(ExtensionSupportRequiredError)
    const serviceParameters = ServiceParameters.create(withA2AExtensions('urn:test:required'))
    const done = task(await demanding.sendMessage(request('x'), { serviceParameters }))
    expect(text(done)).toBe('x with urn:test:required')
  })

  it('says its version with every call: a server that insists on one serves it', async () => {
    const strict = await startTestServer({ engine: 'memory', strictVersion: true })
    try {
      const insisting = await factoryFor(transport).createFromUrl(strict.url)
      const done = task(await insisting.sendMessage(request('echo v')))
      expect(text(await insisting.getTask({ tenant: '', id: done.id }))).toBe('Echo: v')
      const bare = insisting.transport.getTask({ tenant: '', id: done.id })
      expect(await errorOf(bare)).toBeInstanceOf(VersionNotSupportedError)
    } finally {
      await strict.stop()
    }
  })
})
