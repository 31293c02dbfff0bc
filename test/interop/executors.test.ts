/**
 * The same executors, unchanged, on the server of `@a2a-js/sdk` and on ours (both engines), with the same expectations,
 * seen by the SDK's own client and by ours with its method names.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type AgentCard,
  type Message,
  type Part,
  SendMessageRequest,
  StreamResponse,
  type Task,
  Task as TaskCodec,
  TaskState,
} from '@a2a-js/sdk'
import { ClientFactory as SdkClientFactory } from '@a2a-js/sdk/client'
import { type AgentExecutor, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { ClientFactory, fromExecutor } from '../../src/compat/index.js'
import { all, eventually, send, streamedText, textOf } from '../support/reading.js'
import { startTestServer } from '../support/servers.js'
import {
  AnsweringExecutor,
  AskingExecutor,
  CancelableExecutor,
  MessageExecutor,
  SigningInExecutor,
} from './executors.js'

const executors = () => ({
  answering: new AnsweringExecutor(),
  cancelable: new CancelableExecutor(),
  asking: new AskingExecutor(),
  greeting: new MessageExecutor(),
  signing: new SigningInExecutor(),
})

type Executors = ReturnType<typeof executors>

interface Subject {
  readonly executors: Executors
  urlOf(name: keyof Executors): string
  stop(): Promise<void>
}

function cardOf(name: string, url: string): AgentCard {
  return {
    name,
    description: `The ${name} agent`,
    version: '1.0.0',
    supportedInterfaces: [{ url, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' }],
    provider: { organization: 'Example', url: 'https://example.com' },
    capabilities: { streaming: true, pushNotifications: false, extensions: [] },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text'],
    defaultOutputModes: ['text'],
    skills: [
      {
        id: name,
        name,
        description: 'What it does',
        tags: ['test'],
        examples: ['hi'],
        inputModes: [],
        outputModes: [],
        securityRequirements: [],
      },
    ],
    signatures: [],
  }
}

async function onSdk(): Promise<Subject> {
  const made = executors()
  const app = express()
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const [name, executor] of Object.entries<AgentExecutor>(made)) {
    const url = `${base}/${name}`
    const requestHandler = new DefaultRequestHandler(cardOf(name, url), new InMemoryTaskStore(), executor)
    app.use(`/${name}/.well-known/agent-card.json`, agentCardHandler({ agentCardProvider: requestHandler }))
    app.use(`/${name}`, jsonRpcHandler({ requestHandler, userBuilder: UserBuilder.noAuthentication }))
  }
  return {
    executors: made,
    urlOf: (name) => `${base}/${name}`,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function onOurs(options: Parameters<typeof startTestServer>[0]): Promise<Subject> {
  const made = executors()
  const agents = Object.entries<AgentExecutor>(made).map(([id, executor]) =>
    fromExecutor(executor, { id, card: cardOf(id, 'http://unused.example') }),
  )
  const server = await startTestServer({ ...options, agents })
  return { executors: made, urlOf: (name) => `${server.url}/agents/${name}`, stop: () => server.stop() }
}

const SERVERS: Record<string, () => Promise<Subject>> = {
  'the server of the SDK': onSdk,
  'our server in memory': () => onOurs({ engine: 'memory' }),
  'our server on Temporal': () => onOurs({ temporalAddress: inject('temporalAddress') }),
}

const CLIENTS = {
  // Its paths are relative to the URL, as a browser takes it.
  'its client': (url: string) => new SdkClientFactory().createFromUrl(`${url}/`, '.well-known/agent-card.json'),
  'our client of its names': (url: string) => new ClientFactory().createFromUrl(url),
} as const

function request(text: string, more = {}, message = {}): SendMessageRequest {
  return SendMessageRequest.fromJSON(send(text, more, message))
}

function task(result: Message | Task): Task {
  if ('messageId' in result) throw new Error(`a message: ${JSON.stringify(result)}`)
  return result
}

const text = (parts: readonly Part[] | undefined) =>
  (parts ?? []).map(({ content }) => (content?.$case === 'text' ? content.value : '')).join('')
const artifacts = (result: Task) => textOf(TaskCodec.toJSON(result) as never)
const json = (events: readonly StreamResponse[]) =>
  events.map((event) => StreamResponse.toJSON(event) as StreamResponseJson)

describe.each(Object.entries(SERVERS))('executors on %s', (_, start) => {
  let subject: Subject

  beforeAll(async () => {
    subject = await start()
  })

  afterAll(() => subject.stop())

  describe.each(Object.entries(CLIENTS))('with %s', (_, connect) => {
    const client = (name: keyof Executors) => connect(subject.urlOf(name))

    it('answers in the final status', async () => {
      const done = task(await (await client('answering')).sendMessage(request('hi')))
      expect([done.status?.state, text(done.status?.message?.parts)]).toEqual([
        TaskState.TASK_STATE_COMPLETED,
        'You said: hi',
      ])
      const read = await (await client('answering')).getTask({ id: done.id, tenant: '' })
      expect(read.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
      expect(read.history.map(({ parts }) => text(parts))).toContain('hi')
    })

    it('streams: the task, its work, its end', async () => {
      const events = json(await all((await client('cancelable')).sendMessageStream(request('one two three'))))
      expect(events[0]?.task?.id).toBeTruthy()
      expect(streamedText(events)).toBe('one two three ')
      const states = events.flatMap(({ statusUpdate }) => statusUpdate?.status?.state ?? [])
      expect(states.at(-1)).toBe('TASK_STATE_COMPLETED')
      expect(events.filter(({ artifactUpdate }) => artifactUpdate).map((each) => each.artifactUpdate?.append)).toEqual([
        undefined,
        true,
        true,
      ])
    })

    it('is canceled by its own cancelTask', async () => {
      const agent = await client('cancelable')
      const first = request('on and forever and more', { configuration: { returnImmediately: true } })
      const { id } = task(await agent.sendMessage(first))
      await eventually(() => expect(subject.executors.cancelable.working.has(id)).toBe(true))
      const canceled = await agent.cancelTask({ id, tenant: '', metadata: undefined })
      expect(subject.executors.cancelable.canceled.has(id)).toBe(true)
      expect(canceled.status?.state).toBe(TaskState.TASK_STATE_CANCELED)
      expect(artifacts(canceled)).toBe('on and ')
    })

    it('asks back, and goes on with the task it knows', async () => {
      const agent = await client('asking')
      const asked = task(await agent.sendMessage(request('the sea')))
      expect([asked.status?.state, text(asked.status?.message?.parts)]).toEqual([
        TaskState.TASK_STATE_INPUT_REQUIRED,
        'Which year?',
      ])
      const done = task(await agent.sendMessage(request('1954', {}, { taskId: asked.id, contextId: asked.contextId })))
      expect([done.id, done.status?.state]).toEqual([asked.id, TaskState.TASK_STATE_COMPLETED])
      expect(artifacts(done)).toBe('Film of the sea of 1954')
    })

    it('answers with a message and no task', async () => {
      const answer = await (await client('greeting')).sendMessage(request('Ann'))
      expect('messageId' in answer && text(answer.parts)).toBe('Hello, Ann')
      const events = json(await all((await client('greeting')).sendMessageStream(request('Bob'))))
      expect(events.map(({ message }) => message?.parts?.[0]?.text)).toEqual(['Hello, Bob'])
    })

    it('asks for credentials, and goes on when they have come', async () => {
      const agent = await client('signing')
      const waiting = task(await agent.sendMessage(request('in')))
      expect(waiting.status?.state).toBe(TaskState.TASK_STATE_AUTH_REQUIRED)
      subject.executors.signing.signIn(waiting.id)
      await eventually(async () => {
        const done = await agent.getTask({ id: waiting.id, tenant: '' })
        expect([done.status?.state, artifacts(done)]).toEqual([TaskState.TASK_STATE_COMPLETED, 'signed in'])
      })
    })
  })
})
