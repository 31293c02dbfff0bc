/**
 * What A2A asks of a server, wire by wire: the same cases over every binding and every engine, with the same expectations.
 * Every number and name is written out here and never taken from the source.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { JsonObject } from '@bufbuild/protobuf'
import { beforeAll, describe, expect, it } from 'vitest'
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../src/a2a/apply-event.js'
import { openGate, seen } from '../support/agents.js'
import {
  all,
  eventually,
  outline,
  send,
  stateOf,
  statusText,
  streamedText,
  taskOf,
  textOf,
  userMessage,
} from '../support/reading.js'
import { type CallOptions, type Operation, type Traits, type Wire, WireError } from '../support/wires.js'

/** What a reason is called on each wire (A2A v1.0.1, section 5.4). */
const CODES: Readonly<Record<string, { jsonrpc: number; http: number; grpc: string }>> = {
  TASK_NOT_FOUND: { jsonrpc: -32001, http: 404, grpc: 'NotFound' },
  TASK_NOT_CANCELABLE: { jsonrpc: -32002, http: 400, grpc: 'FailedPrecondition' },
  PUSH_NOTIFICATION_NOT_SUPPORTED: { jsonrpc: -32003, http: 400, grpc: 'FailedPrecondition' },
  UNSUPPORTED_OPERATION: { jsonrpc: -32004, http: 400, grpc: 'FailedPrecondition' },
  EXTENDED_AGENT_CARD_NOT_CONFIGURED: { jsonrpc: -32007, http: 400, grpc: 'FailedPrecondition' },
  CONTENT_TYPE_NOT_SUPPORTED: { jsonrpc: -32005, http: 400, grpc: 'InvalidArgument' },
  EXTENSION_SUPPORT_REQUIRED: { jsonrpc: -32008, http: 400, grpc: 'FailedPrecondition' },
  VERSION_NOT_SUPPORTED: { jsonrpc: -32009, http: 400, grpc: 'FailedPrecondition' },
  INVALID_PARAMS: { jsonrpc: -32602, http: 400, grpc: 'InvalidArgument' },
  RATE_LIMITED: { jsonrpc: -32603, http: 429, grpc: 'ResourceExhausted' },
  INTERNAL: { jsonrpc: -32603, http: 500, grpc: 'Internal' },
}

/** Fields of older versions that are called otherwise. */
const FIELDS: Readonly<Record<Traits['words'], (field: string) => string>> = {
  v1: (field) => field,
  kind: (field) => field,
  proto: (field) => field.replace(/^message\.parts/, 'message.content'),
}

export interface ContractOptions {
  /**
   * False: no events come from where turns run, so that streams show the task as it is now and then. They still begin with
   * it and end with the right end.
   */
  readonly live?: boolean
}

export function a2aContract(
  name: string,
  traits: Traits,
  start: () => Promise<Wire>,
  { live = true }: ContractOptions = {},
): void {
  const { kind, version, words } = traits
  const old = version !== '1.0'

  describe(name, () => {
    let wire: Wire
    let unique = 0

    beforeAll(async () => {
      wire = await start()
    })

    const gateName = () => {
      unique += 1
      return `gate-${name.replaceAll(' ', '-')}-${unique}`
    }

    const stream = (operation: Operation, request: JsonObject, options?: CallOptions) =>
      wire.stream(operation, request, options) as AsyncGenerator<StreamResponseJson & JsonObject, void, undefined>

    async function expectError(work: Promise<unknown>, reason: string, fields?: readonly string[]): Promise<WireError> {
      const error = await work.then(
        (value) => new Error(`no error, but ${JSON.stringify(value)}`),
        (thrown: unknown) => thrown,
      )
      if (!(error instanceof WireError)) throw error
      expect({ reason: error.reason, code: error.code, domain: error.domain }).toEqual({
        reason,
        code: CODES[reason]?.[kind],
        domain: 'a2a-protocol.org',
      })
      if (fields !== undefined) expect(error.fields).toEqual(fields.map(FIELDS[words]))
      return error
    }

    /** The outline of a stream, as far as its events are live: the end at least, whatever shows it. */
    function expectOutline(events: readonly StreamResponseJson[], expected: readonly string[]): void {
      if (live) expect(outline(events)).toEqual(expected)
      else expectEnd(events, expected.at(-1)?.replace('status ', '') ?? '')
    }

    function expectEnd(events: readonly StreamResponseJson[], state: string): void {
      const last = outline(events).at(-1)
      expect(live ? [last] : [last, last?.replace('task', 'status')]).toContain(`status ${state}`)
    }

    async function untilState(id: string, state: string, options?: CallOptions) {
      return eventually(async () => {
        const task = await wire.call('getTask', { id }, options)
        expect(stateOf(task)).toBe(state)
        return task
      })
    }

    describe('SendMessage', () => {
      it('waits for the end and answers with the whole task (§3.2.2)', async () => {
        const task = taskOf(await wire.call('sendMessage', send('echo hi')))
        expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
        expect(textOf(task)).toBe('Echo: hi')
        expect(task.id).toMatch(/^[0-9a-f-]{36}$/)
        expect(task.status?.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
      })

      it('puts chunks together into one part (§3.7)', async () => {
        const task = taskOf(await wire.call('sendMessage', send('chunks a b c')))
        expect(task.artifacts).toHaveLength(1)
        expect(task.artifacts?.[0]?.parts).toEqual([{ text: 'abc' }])
      })

      it('answers at once when asked to (§3.2.2)', async () => {
        const gate = gateName()
        const request = send(`wait ${gate}`, { configuration: { returnImmediately: true } })
        const task = taskOf(await wire.call('sendMessage', request))
        expect(['TASK_STATE_SUBMITTED', 'TASK_STATE_WORKING']).toContain(stateOf(task))
        openGate(gate)
        expect(textOf(await untilState(task.id, 'TASK_STATE_COMPLETED'))).toBe('waiting no more')
      })

      it('makes a context when none is given, and keeps one that is (§3.4.1)', async () => {
        const first = taskOf(await wire.call('sendMessage', send('echo a')))
        expect(first.contextId).not.toBe('')
        const own = `context-${gateName()}`
        const second = taskOf(await wire.call('sendMessage', send('echo b', {}, { contextId: own })))
        expect(second.contextId).toBe(own)
        expect(second.id).not.toBe(first.id)
      })

      it('gives the message back unchanged, with the ids it got (§3.7)', async () => {
        const message = userMessage('echo full', {
          metadata: { a: null, b: [1, 'é', { c: true }] },
          extensions: ['urn:x'],
        })
        const task = taskOf(await wire.call('sendMessage', { message }))
        expect(task.history).toEqual([{ ...message, taskId: task.id, contextId: task.contextId }])
      })

      it('hands everything of the request to the agent', async () => {
        const message = userMessage('mirror', {
          parts: [
            { text: 'mirror' },
            { data: null },
            // Data had no media type before 1.0.
            { data: [1, { two: 'ü' }], ...(old ? {} : { mediaType: 'application/json' }) },
            { raw: 'AAH+/w==', filename: 'x.bin', mediaType: 'image/png' },
            { url: 'https://example.com/y', metadata: { k: 'v' } },
          ],
        })
        const request = {
          message,
          metadata: { trace: 7 },
          configuration: { acceptedOutputModes: ['text/plain', 'a/b'] },
        }
        const task = taskOf(
          await wire.call('sendMessage', request, { headers: { 'a2a-extensions': 'urn:test:optional, urn:none' } }),
        )
        expect(task.artifacts?.[0]?.parts?.[0]?.data).toEqual({
          message: { ...message, taskId: task.id, contextId: task.contextId },
          metadata: { trace: 7 },
          modes: ['text/plain', 'a/b'],
          extensions: ['urn:test:optional'],
        })
      })

      it.each([
        ['reject nope', 'TASK_STATE_REJECTED', 'nope'],
        ['fail sorry', 'TASK_STATE_FAILED', 'sorry'],
        ['auth sign in', 'TASK_STATE_AUTH_REQUIRED', 'sign in'],
        ['ask which?', 'TASK_STATE_INPUT_REQUIRED', 'which?'],
      ])('shows how a turn ends: %s', async (text, state, said) => {
        const task = taskOf(await wire.call('sendMessage', send(text)))
        expect(stateOf(task)).toBe(state)
        expect(statusText(task)).toBe(said)
        expect(task.status?.message).toMatchObject({ role: 'ROLE_AGENT', taskId: task.id, contextId: task.contextId })
      })

      it('tries a handler that throws again, then fails without telling why', async () => {
        const word = gateName()
        const task = taskOf(await wire.call('sendMessage', send(`throw ${word}`)))
        expect(stateOf(task)).toBe('TASK_STATE_FAILED')
        expect(JSON.stringify(task)).not.toContain('secret')
        expect(seen.attempts.get(word)).toBe(2)
      })

      it('replaces what a lost attempt has said', async () => {
        const task = taskOf(await wire.call('sendMessage', send('throw-once')))
        expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
        expect(textOf(task)).toBe('attempt 2')
      })

      it('fails when the agent gives what is no result', async () => {
        const task = taskOf(await wire.call('sendMessage', send('bad')))
        expect(stateOf(task)).toBe('TASK_STATE_FAILED')
        expect(statusText(task)).toContain('gave an object')
      })

      it('completes without an artifact when nothing was said', async () => {
        const task = taskOf(await wire.call('sendMessage', send('nothing')))
        expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
        expect(task.artifacts ?? []).toEqual([])
      })

      it('keeps the parts of an artifact apart, and goes on with a text where it is appended to (§4.1.7)', async () => {
        const answered = taskOf(await wire.call('sendMessage', send('paragraphs')))
        const followed = new TaskBuilder({})
        for (const event of await all(stream('sendStreamingMessage', send('paragraphs')))) followed.apply(event)
        const texts = [
          ['Title', 'Body and more', 'End'],
          ['A', 'B', 'C'],
        ]
        for (const { artifacts = [] } of [
          answered,
          await wire.call('getTask', { id: answered.id }),
          followed.build(),
        ] as TaskJson[])
          expect(artifacts.map(({ parts }) => parts?.map(({ text }) => text))).toEqual(texts)
      })

      it('keeps several artifacts apart (§4.1.7)', async () => {
        const task = taskOf(await wire.call('sendMessage', send('artifacts')))
        expect(task.artifacts?.map(({ name, parts }) => ({ name, parts }))).toEqual([
          { name: 'log', parts: [{ text: 'one two' }] },
          { name: 'a.bin', parts: [{ raw: 'AAH+/w==', filename: 'a.bin', mediaType: 'application/octet-stream' }] },
          { name: 'b.txt', parts: [{ url: 'https://example.com/b.txt', filename: 'b.txt', mediaType: 'text/plain' }] },
          { name: 'facts', parts: [{ data: { list: [1, 'two', null, { deep: true }] } }] },
        ])
        expect(statusText(task)).toBe('all there')
      })

      it('refuses a message without what it must have, and names the fields (§5.7)', async () => {
        await expectError(wire.call('sendMessage', {}), 'INVALID_PARAMS', ['message'])
        await expectError(wire.call('sendMessage', { message: {} }), 'INVALID_PARAMS', [
          'message.messageId',
          'message.role',
          'message.parts',
        ])
        await expectError(wire.call('sendMessage', { message: userMessage('x', { parts: [{}] }) }), 'INVALID_PARAMS', [
          'message.parts[0]',
        ])
        await expectError(
          wire.call('sendMessage', { message: userMessage('x', { messageId: 'a\u0000b' }) }),
          'INVALID_PARAMS',
          ['message.messageId'],
        )
      })

      it('names the place of a value that is wrong, however deep it is', async () => {
        if (kind === 'grpc' || old) return
        const wrong = { text: 'x', url: 'https://example.com' } as JsonObject
        await expectError(
          wire.call('sendMessage', { message: userMessage('x', { parts: [{ text: 'a' }, wrong] }) }),
          'INVALID_PARAMS',
          ['message.parts[1]'],
        )
        await expectError(wire.call('sendMessage', { message: userMessage('x', { role: 'user' }) }), 'INVALID_PARAMS', [
          'message.role',
        ])
        await expectError(wire.call('listTasks', { status: 'DONE' }), 'INVALID_PARAMS', ['status'])
        await expectError(wire.call('listTasks', { statusTimestampAfter: 'yesterday' }), 'INVALID_PARAMS', [
          'statusTimestampAfter',
        ])
      })

      it('does not let a caller speak for the agent', async () => {
        const message = userMessage('x', { role: 'ROLE_AGENT' })
        await expectError(wire.call('sendMessage', { message }), 'INVALID_PARAMS', ['message.role'])
      })

      it('takes a message of 1000 parts, and refuses one of more', async () => {
        const message = (parts: number) => userMessage('x', { parts: Array(parts).fill({ text: 'x' }) })
        const task = taskOf(await wire.call('sendMessage', { message: message(1_000) }))
        expect(task.history?.[0]?.parts).toHaveLength(1_000)
        await expectError(wire.call('sendMessage', { message: message(1_001) }), 'INVALID_PARAMS', ['message.parts'])
      })

      it('refuses media types that the agent does not take (§3.1.1)', async () => {
        const message = userMessage('x', { parts: [{ url: 'https://example.com/v', mediaType: 'video/mp4' }] })
        const error = await expectError(wire.call('sendMessage', { message }), 'CONTENT_TYPE_NOT_SUPPORTED')
        expect(error.metadata.mediaType).toBe('video/mp4')
      })

      it('refuses data that could not be read again', async () => {
        let deep: unknown = 1
        for (let i = 0; i < 40; i += 1) deep = [deep]
        const message = userMessage('x', { parts: [{ data: deep as never }] })
        await expectError(wire.call('sendMessage', { message }), 'INVALID_PARAMS')
      })

      it('refuses a webhook as long as it has none (§3.3.4)', async () => {
        const configuration = { taskPushNotificationConfig: { url: 'https://example.com/hook' } }
        await expectError(
          wire.call('sendMessage', send('echo x', { configuration })),
          'PUSH_NOTIFICATION_NOT_SUPPORTED',
        )
      })
    })

    describe('several turns', () => {
      it('goes on with the task that a message names (§3.4.3)', async () => {
        const asked = taskOf(await wire.call('sendMessage', send('ask which?')))
        const answered = taskOf(await wire.call('sendMessage', send('that one', {}, { taskId: asked.id })))
        expect(answered.id).toBe(asked.id)
        expect(answered.contextId).toBe(asked.contextId)
        expect(stateOf(answered)).toBe('TASK_STATE_COMPLETED')
        expect(textOf(answered)).toBe('turn 2 after UA: that one')
        expect(answered.history?.map(({ role, parts }) => [role, parts?.[0]?.text])).toEqual([
          ['ROLE_USER', 'ask which?'],
          ['ROLE_AGENT', 'which?'],
          ['ROLE_USER', 'that one'],
        ])
      })

      it('gives an agent as much of a conversation as it asks for, and callers all of it', async () => {
        const agent = { agent: 'recalling' }
        const { id } = taskOf(
          await wire.call('sendMessage', send('word 1', {}, { metadata: { skill: 'brief' } }), agent),
        )
        for (const n of [2, 3]) await wire.call('sendMessage', send(`word ${n}`, {}, { taskId: id }), agent)
        const task = taskOf(await wire.call('sendMessage', send('word 4', {}, { taskId: id }), agent))
        expect(statusText(task)).toBe('brief 4: word 2, word 3; in all word 2, word 3, word 4')
        const words = task.history?.flatMap(({ role, parts }) => (role === 'ROLE_USER' ? [parts?.[0]?.text] : []))
        expect(words).toEqual(['word 1', 'word 2', 'word 3', 'word 4'])
      })

      it('refuses another context, an unknown task, and an ended one (§3.4)', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
        const wrong = send('x', {}, { taskId: id, contextId: 'another' })
        await expectError(wire.call('sendMessage', wrong), 'INVALID_PARAMS', ['message.contextId'])
        const unknown = send('x', {}, { taskId: '00000000-0000-4000-8000-000000000000' })
        // Until 0.3 callers made the ids of new tasks, so there an unknown one begins a task.
        if (version !== '0.2') await expectError(wire.call('sendMessage', unknown), 'TASK_NOT_FOUND')
        await wire.call('sendMessage', send('done', {}, { taskId: id }))
        await expectError(wire.call('sendMessage', send('more', {}, { taskId: id })), 'UNSUPPORTED_OPERATION')
      })

      it('takes messages while a turn runs, and handles them all in order', async () => {
        const gate = gateName()
        const request = send(`wait ${gate}`, { configuration: { returnImmediately: true } })
        const { id } = taskOf(await wire.call('sendMessage', request))
        const now = { configuration: { returnImmediately: true } }
        await wire.call('sendMessage', send('second', now, { taskId: id }))
        const third = wire.call('sendMessage', send('third', {}, { taskId: id }))
        await eventually(async () => expect((await wire.call('getTask', { id })).history).toHaveLength(3))
        openGate(gate)
        const task = taskOf(await third)
        expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
        expect(task.artifacts?.map(({ parts }) => parts?.[0]?.text)).toEqual([
          'waiting no more',
          'turn 2 after U: second',
          'turn 3 after UU: third',
        ])
      })

      it('shows an authorization that comes out of band, and goes on (§7.6)', async () => {
        const gate = gateName()
        const task = taskOf(await wire.call('sendMessage', send(`auth-open ${gate}`)))
        expect(stateOf(task)).toBe('TASK_STATE_AUTH_REQUIRED')
        expect(statusText(task)).toBe('Sign in, please')
        openGate(gate)
        expect(textOf(await untilState(task.id, 'TASK_STATE_COMPLETED'))).toBe('signed in')
      })
    })

    describe('many waiting messages', () => {
      it('are bounded, and the refusal says when to come back', async () => {
        const gate = gateName()
        const configuration = { returnImmediately: true }
        const { id: taskId } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, { configuration })))
        await untilState(taskId, 'TASK_STATE_WORKING')
        for (let i = 0; i < 100; i += 1) {
          await wire.call('sendMessage', send(`${i}`, { configuration }, { taskId }))
        }
        let retryAfter: string | null = null
        const onHeaders = (headers: Headers) => {
          retryAfter = headers.get('retry-after')
        }
        const request = send('one too many', { configuration }, { taskId })
        await expectError(wire.call('sendMessage', request, { onHeaders }), 'RATE_LIMITED')
        expect(retryAfter).toBe('1')
        await wire.call('cancelTask', { id: taskId })
      }, 60_000)
    })

    describe('history length (§3.2.4)', () => {
      it('shows the latest messages, none for 0, all when unset', async () => {
        // In the schema of 0.3 nothing can be told from 0, and sets no limit.
        const none = words === 'proto' ? 3 : undefined
        const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
        const answered = taskOf(
          await wire.call('sendMessage', send('that', { configuration: { historyLength: 0 } }, { taskId: id })),
        )
        expect(answered.history?.length).toBe(none)
        const texts = async (request: JsonObject) =>
          (
            (await wire.call('getTask', { id, ...request })).history as { parts: { text: string }[] }[] | undefined
          )?.map(({ parts }) => parts[0]?.text)
        expect(await texts({})).toEqual(['ask which?', 'which?', 'that'])
        expect(await texts({ historyLength: 2 })).toEqual(['which?', 'that'])
        expect((await texts({ historyLength: 0 }))?.length).toBe(none)
        await expectError(wire.call('getTask', { id, historyLength: -1 }), 'INVALID_PARAMS', ['historyLength'])
      })
    })

    describe('SendStreamingMessage', () => {
      it.runIf(live)('begins with the task and ends with its end (§3.1.2)', async () => {
        const events = await all(stream('sendStreamingMessage', send('chunks one two three')))
        expectOutline(events, [
          'task SUBMITTED',
          'status WORKING',
          'artifact',
          'artifact',
          'artifact',
          'artifact',
          'status COMPLETED',
        ])
        const updates = events.flatMap(({ artifactUpdate }) => artifactUpdate ?? [])
        expect(updates.map(({ append, lastChunk }) => [append ?? false, lastChunk ?? false])).toEqual([
          [false, false],
          [true, false],
          [true, false],
          [true, true],
        ])
        expect(streamedText(events)).toBe('onetwothree')
      })

      it.runIf(live)('shows progress with its message and metadata', async () => {
        const events = await all(stream('sendStreamingMessage', send('status')))
        const thinking = events.find(({ statusUpdate }) => statusUpdate?.status?.message !== undefined)?.statusUpdate
        expect(thinking?.status?.message?.parts).toEqual([{ text: 'thinking' }])
        expect(thinking?.metadata).toEqual({ step: 1 })
      })

      it.runIf(live)('carries the metadata of the last state', async () => {
        const events = await all(stream('sendStreamingMessage', send('artifacts')))
        expect(events.at(-1)?.statusUpdate?.metadata).toEqual({ count: 4 })
      })

      it('closes when input is required, and opens again with the next message (D3)', async () => {
        const asked = await all(stream('sendStreamingMessage', send('ask which?')))
        expectOutline(asked, ['task SUBMITTED', 'status WORKING', 'status INPUT_REQUIRED'])
        const id = asked[0]?.task?.id ?? ''
        const answered = await all(stream('sendStreamingMessage', send('this', {}, { taskId: id })))
        expect(answered[0]?.task?.id).toBe(id)
        expect(outline(answered).at(-1)).toMatch(/COMPLETED$/)
        expect(streamedText(answered)).toBe('turn 2 after UA: this')
      })

      it('stays open while an authorization is awaited (§7.6.1)', async () => {
        const gate = gateName()
        const events: (StreamResponseJson & JsonObject)[] = []
        for await (const event of stream('sendStreamingMessage', send(`auth-open ${gate}`))) {
          events.push(event)
          if (outline([event])[0]?.endsWith(' AUTH_REQUIRED')) openGate(gate)
        }
        expectOutline(events, [
          'task SUBMITTED',
          'status WORKING',
          'status AUTH_REQUIRED',
          'status WORKING',
          'artifact',
          'artifact',
          'status COMPLETED',
        ])
      })

      it('gives 500 chunks in order and complete (§3.5.2)', async () => {
        const events = await all(stream('sendStreamingMessage', send('count 500')))
        expect(streamedText(events)).toBe(Array.from({ length: 500 }, (_, i) => `${i} `).join(''))
      })

      it('answers an error before the first event like any other call (§1.8)', async () => {
        await expectError(stream('sendStreamingMessage', {}).next(), 'INVALID_PARAMS', ['message'])
      })

      it('refuses agents that do not stream (§3.3.4)', async () => {
        const request = send('x')
        await expectError(stream('sendStreamingMessage', request, { agent: 'silent' }).next(), 'UNSUPPORTED_OPERATION')
        expect(textOf(taskOf(await wire.call('sendMessage', send('quiet'), { agent: 'silent' })))).toBe('quiet')
      })
    })

    describe('SubscribeToTask', () => {
      it('begins with the task as it is, then follows it to its end (§3.1.6)', async () => {
        const gate = gateName()
        const { id } = taskOf(
          await wire.call('sendMessage', send(`wait ${gate}`, { configuration: { returnImmediately: true } })),
        )
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
        const events: (StreamResponseJson & JsonObject)[] = []
        for await (const event of stream('subscribeToTask', { id })) {
          events.push(event)
          openGate(gate)
        }
        expect(outline(events)[0]).toBe('task WORKING')
        expectEnd(events, 'COMPLETED')
        expect(streamedText(events)).toBe('waiting no more')
      })

      it('gives every reader the same events, and goes on when one leaves (§3.5.2)', async () => {
        const gate = gateName()
        const { id } = taskOf(
          await wire.call('sendMessage', send(`wait ${gate}`, { configuration: { returnImmediately: true } })),
        )
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
        const leaver = new AbortController()
        const readers = [stream('subscribeToTask', { id }), stream('subscribeToTask', { id })]
        const left = stream('subscribeToTask', { id }, { signal: leaver.signal })
        for (const reader of [...readers, left])
          expect(outline([(await reader.next()).value as never])).toEqual(['task WORKING'])
        leaver.abort()
        await left.next().catch(() => {})
        openGate(gate)
        const [first, second] = await Promise.all(readers.map((reader) => all(reader)))
        expect(first).toEqual(second)
        expectEnd(first ?? [], 'COMPLETED')
      })

      it('stays open while input is required (D3)', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
        const reader = stream('subscribeToTask', { id })
        expect(outline([(await reader.next()).value as never])).toEqual(['task INPUT_REQUIRED'])
        const rest = all(reader)
        await wire.call('sendMessage', send('go on', {}, { taskId: id }))
        expect(outline(await rest).at(-1)).toMatch(/COMPLETED$/)
      })

      it('refuses ended and unknown tasks', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('echo x')))
        // Before 1.0 an ended task was shown once more.
        if (old) expect(outline(await all(stream('subscribeToTask', { id })))).toEqual(['task COMPLETED'])
        else await expectError(stream('subscribeToTask', { id }).next(), 'UNSUPPORTED_OPERATION')
        await expectError(stream('subscribeToTask', { id: 'none' }).next(), 'TASK_NOT_FOUND')
      })
    })

    describe('GetTask', () => {
      it('shows a task after its end', async () => {
        const sent = taskOf(await wire.call('sendMessage', send('chunks x y')))
        expect(await wire.call('getTask', { id: sent.id })).toEqual(sent)
      })

      it('shows a task while it runs', async () => {
        const gate = gateName()
        const { id } = taskOf(
          await wire.call('sendMessage', send(`wait ${gate}`, { configuration: { returnImmediately: true } })),
        )
        await eventually(async () => {
          const task = await wire.call('getTask', { id })
          expect(stateOf(task)).toBe('TASK_STATE_WORKING')
          expect(textOf(task)).toBe('waiting')
        })
        openGate(gate)
      })

      it.each(['none', 'a b', '../x', 'x'.repeat(300), 'tasks:cancel'])('does not find %s', async (id) => {
        await expectError(wire.call('getTask', { id }), 'TASK_NOT_FOUND')
      })
    })

    describe('CancelTask', () => {
      it('stops the handler, and answers once it has stopped (§3.1.5)', async () => {
        const gate = gateName()
        const { id } = taskOf(
          await wire.call('sendMessage', send(`wait ${gate}`, { configuration: { returnImmediately: true } })),
        )
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
        const task = await wire.call('cancelTask', { id })
        expect(stateOf(task)).toBe('TASK_STATE_CANCELED')
        expect(seen.aborted.get(gate)).toBe('canceled')
        expect(textOf(task)).toBe('waiting')
        expect(stateOf(await wire.call('cancelTask', { id }))).toBe('TASK_STATE_CANCELED')
      })

      it('does not wait for a handler that does not listen', async () => {
        const { id } = taskOf(
          await wire.call('sendMessage', send('deaf', { configuration: { returnImmediately: true } })),
        )
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('not listening'))
        expect(stateOf(await wire.call('cancelTask', { id }))).toBe('TASK_STATE_CANCELED')
      })

      it('ends a task that waits for input', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
        expect(stateOf(await wire.call('cancelTask', { id }))).toBe('TASK_STATE_CANCELED')
        await expectError(wire.call('sendMessage', send('late', {}, { taskId: id })), 'UNSUPPORTED_OPERATION')
      })

      it('is seen by those who follow the task', async () => {
        const gate = gateName()
        const reader = stream('sendStreamingMessage', send(`wait ${gate}`))
        const events: StreamResponseJson[] = []
        let canceled: Promise<unknown> | undefined
        for await (const event of reader) {
          events.push(event)
          if (event.artifactUpdate !== undefined || event.task?.artifacts !== undefined)
            canceled ??= wire.call('cancelTask', { id: events[0]?.task?.id ?? '' })
        }
        await canceled
        expectEnd(events, 'CANCELED')
      })

      it('refuses tasks that have ended otherwise, and unknown ones', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('echo x')))
        await expectError(wire.call('cancelTask', { id }), 'TASK_NOT_CANCELABLE')
        await expectError(wire.call('cancelTask', { id: 'none' }), 'TASK_NOT_FOUND')
      })
    })

    describe.skipIf(old)('ListTasks', () => {
      it('pages through a context in the order of status time, each task once (§3.1.4)', async () => {
        const contextId = `list-${gateName()}`
        const ids: string[] = []
        for (let i = 0; i < 5; i += 1) {
          ids.unshift(taskOf(await wire.call('sendMessage', send(`echo ${i}`, {}, { contextId }))).id)
          await delay(2)
        }
        const walked: string[] = []
        let pageToken = ''
        do {
          const page = await wire.call('listTasks', {
            contextId,
            pageSize: 2,
            ...(pageToken === '' ? {} : { pageToken }),
          })
          expect(page.totalSize).toBe(5)
          expect(page.pageSize).toBe(2)
          walked.push(...((page.tasks ?? []) as { id: string }[]).map(({ id }) => id))
          pageToken = (page.nextPageToken as string | undefined) ?? ''
        } while (pageToken !== '')
        expect(walked).toEqual(ids)
      })

      it('leaves artifacts out unless they are asked for', async () => {
        const contextId = `list-${gateName()}`
        await wire.call('sendMessage', send('echo x', {}, { contextId }))
        const without = (await wire.call('listTasks', { contextId })).tasks as JsonObject[]
        expect(Object.keys(without[0] ?? {})).not.toContain('artifacts')
        const tasks = (await wire.call('listTasks', { contextId, includeArtifacts: true, historyLength: 0 }))
          .tasks as JsonObject[]
        expect(textOf(tasks[0] ?? {})).toBe('Echo: x')
        expect(tasks[0]?.history).toBeUndefined()
      })

      it('shows a task that waits while its handler goes on, and that it works again', async () => {
        const contextId = `list-${gateName()}`
        const gate = gateName()
        const listed = async (status: string) => {
          const { tasks = [] } = await wire.call('listTasks', { contextId, status })
          return (tasks as TaskJson[]).map(({ id, status }) => ({ id, status }))
        }
        const task = taskOf(await wire.call('sendMessage', send(`auth-work ${gate}`, {}, { contextId })))
        expect(stateOf(task)).toBe('TASK_STATE_AUTH_REQUIRED')
        const shown = [{ id: task.id, status: task.status }]
        await eventually(async () => expect(await listed('TASK_STATE_AUTH_REQUIRED')).toEqual(shown))
        expect(await listed('TASK_STATE_WORKING')).toEqual([])
        await wire.call(
          'sendMessage',
          send('more', { configuration: { returnImmediately: true } }, { taskId: task.id }),
        )
        expect(await listed('TASK_STATE_AUTH_REQUIRED')).toEqual(shown)
        openGate(gate)
        const { status } = await untilState(task.id, 'TASK_STATE_WORKING')
        await eventually(async () => expect(await listed('TASK_STATE_WORKING')).toEqual([{ id: task.id, status }]))
        expect(await listed('TASK_STATE_AUTH_REQUIRED')).toEqual([])
        openGate(`${gate}-end`)
        await untilState(task.id, 'TASK_STATE_COMPLETED')
        await eventually(async () => expect(await listed('TASK_STATE_COMPLETED')).toHaveLength(1))
      })

      it('filters by state and status time', async () => {
        const contextId = `list-${gateName()}`
        const done = taskOf(await wire.call('sendMessage', send('echo x', {}, { contextId })))
        await delay(2)
        const asked = taskOf(await wire.call('sendMessage', send('ask y', {}, { contextId })))
        const ids = async (filter: JsonObject) =>
          (((await wire.call('listTasks', { contextId, ...filter })).tasks ?? []) as { id: string }[]).map(
            ({ id }) => id,
          )
        expect(await ids({ status: 'TASK_STATE_INPUT_REQUIRED' })).toEqual([asked.id])
        expect(await ids({ status: 'TASK_STATE_FAILED' })).toEqual([])
        expect(await ids({ statusTimestampAfter: asked.status?.timestamp ?? '' })).toEqual([asked.id])
        expect(await ids({ statusTimestampAfter: done.status?.timestamp ?? '' })).toEqual([asked.id, done.id])
        const soonAfter = asked.status?.timestamp?.replace('Z', '001Z') ?? ''
        expect(await ids({ statusTimestampAfter: soonAfter })).toEqual([])
        expect(await ids({ statusTimestampAfter: soonAfter.replace('001Z', '000Z') })).toEqual([asked.id])
      })

      it('refuses page sizes and tokens that make no sense', async () => {
        await expectError(wire.call('listTasks', { pageSize: 101 }), 'INVALID_PARAMS', ['pageSize'])
        await expectError(wire.call('listTasks', { pageSize: -1 }), 'INVALID_PARAMS', ['pageSize'])
        await expectError(wire.call('listTasks', { pageToken: 'forged' }), 'INVALID_PARAMS', ['pageToken'])
        expect((await wire.call('listTasks', { pageSize: 0 })).pageSize).toBe(50)
      })

      it('takes a token only with the filter it was made for', async () => {
        const contextId = `list-${gateName()}`
        for (const text of ['a', 'b']) await wire.call('sendMessage', send(`echo ${text}`, {}, { contextId }))
        const page = await wire.call('listTasks', { contextId, pageSize: 1 })
        const pageToken = page.nextPageToken as string
        await expectError(wire.call('listTasks', { pageSize: 1, pageToken }), 'INVALID_PARAMS', ['pageToken'])
      })

      it('does not lose a task that changes during the walk', async () => {
        const contextId = `list-${gateName()}`
        const asked = taskOf(await wire.call('sendMessage', send('ask which?', {}, { contextId })))
        await delay(2)
        const later = taskOf(await wire.call('sendMessage', send('echo later', {}, { contextId })))
        const first = await wire.call('listTasks', { contextId, pageSize: 1 })
        expect((first.tasks as { id: string }[]).map(({ id }) => id)).toEqual([later.id])
        await wire.call('sendMessage', send('moves to the front', {}, { taskId: asked.id }))
        const second = await wire.call('listTasks', {
          contextId,
          pageSize: 1,
          pageToken: first.nextPageToken as string,
        })
        expect((second.tasks as { id: string }[]).map(({ id }) => id)).toEqual([asked.id])
        expect(second.nextPageToken ?? '').toBe('')
      })
    })

    describe('what is not offered (§3.3.4)', () => {
      it.each([
        ['createTaskPushNotificationConfig', { taskId: 't', url: 'https://example.com' }],
        ['getTaskPushNotificationConfig', { taskId: 't', id: 'c' }],
        ['listTaskPushNotificationConfigs', { taskId: 't' }],
        ['deleteTaskPushNotificationConfig', { taskId: 't', id: 'c' }],
      ] as const)('%s', async (operation, request) => {
        await expectError(wire.call(operation, request), 'PUSH_NOTIFICATION_NOT_SUPPORTED')
      })

      it('getExtendedAgentCard', async () => {
        await expectError(
          wire.call('getExtendedAgentCard', {}),
          old ? 'EXTENDED_AGENT_CARD_NOT_CONFIGURED' : 'UNSUPPORTED_OPERATION',
        )
      })
    })

    describe('agents that answer with a message', () => {
      it.each([
        ['answering', 'Answer: hi'],
        ['direct', 'Direct: hi'],
        ['either', 'Message: hi'],
      ])('%s', async (agent, text) => {
        const answer = await wire.call('sendMessage', send('hi'), { agent })
        expect(answer.message).toMatchObject({ role: 'ROLE_AGENT', parts: [{ text }] })
        expect((answer.message as { taskId?: string; contextId: string }).taskId).toBeUndefined()
        expect((answer.message as { contextId: string }).contextId).not.toBe('')
        const events = await all(stream('sendStreamingMessage', send('hi'), { agent }))
        expect(outline(events)).toEqual(['message'])
        expect(events[0]?.message?.parts).toEqual([{ text }])
      })

      it('either: a task when the first result is one, and only then in lists', async () => {
        const contextId = `either-${gateName()}`
        const answer = await wire.call('sendMessage', send('task please', {}, { contextId }), { agent: 'either' })
        expect(textOf(taskOf(answer))).toBe('Task: task please.')
        await wire.call('sendMessage', send('message please', {}, { contextId }), { agent: 'either' })
        const { tasks } = await wire.call('listTasks', { contextId }, { agent: 'either' })
        expect((tasks as { id: string }[]).map(({ id }) => id)).toEqual([taskOf(answer).id])
        const events = await all(
          stream('sendStreamingMessage', send('task again', {}, { contextId }), { agent: 'either' }),
        )
        expect(outline(events)[0]).toMatch(/^task/)
        expectOutline(events, ['task WORKING', 'artifact', 'artifact', 'artifact', 'status COMPLETED'])
        expect(streamedText(events)).toBe('Task: task again.')
      })

      it('either: a message in a later turn is what the task ends with, for nobody takes back a task', async () => {
        const asked = taskOf(await wire.call('sendMessage', send('task ask'), { agent: 'either' }))
        expect(stateOf(asked)).toBe('TASK_STATE_INPUT_REQUIRED')
        const request = send('message', {}, { taskId: asked.id })
        const answered = taskOf(await wire.call('sendMessage', request, { agent: 'either' }))
        expect([stateOf(answered), statusText(answered)]).toEqual(['TASK_STATE_COMPLETED', 'Message: message'])
        expect((await wire.call('getTask', { id: asked.id }, { agent: 'either' })).id).toBe(asked.id)
      })

      it('either: answers at once, when asked to, as soon as it is known to be a task', async () => {
        const gate = gateName()
        const configuration = { returnImmediately: true }
        const request = send(`task wait ${gate}`, { configuration })
        const task = taskOf(await wire.call('sendMessage', request, { agent: 'either' }))
        expect(stateOf(task)).toBe('TASK_STATE_WORKING')
        await eventually(async () => {
          const { tasks } = await wire.call('listTasks', { contextId: task.contextId }, { agent: 'either' })
          expect((tasks as { id: string }[])?.map(({ id }) => id)).toEqual([task.id])
        })
        openGate(gate)
        await untilState(task.id, 'TASK_STATE_COMPLETED', { agent: 'either' })
        const answer = await wire.call('sendMessage', send('message', { configuration }), { agent: 'either' })
        expect(answer.message).toMatchObject({ parts: [{ text: 'Message: message' }] })
      })

      it('either: is in no list before it is known to be a task', async () => {
        const gate = gateName()
        const contextId = `either-${gate}`
        const answer = wire.call('sendMessage', send(`message wait ${gate}`, {}, { contextId }), { agent: 'either' })
        await eventually(() => expect(seen.waiting.has(gate)).toBe(true))
        expect((await wire.call('listTasks', { contextId }, { agent: 'either' })).totalSize ?? 0).toBe(0)
        openGate(gate)
        expect((await answer).message).toMatchObject({ parts: [{ text: `Message: message wait ${gate}` }] })
      })

      it('direct: has no tasks, and hides why it failed', async () => {
        await expectError(
          wire.call('sendMessage', send('x', {}, { taskId: 'none' }), { agent: 'direct' }),
          'TASK_NOT_FOUND',
        )
        const error = await expectError(wire.call('sendMessage', send('throw'), { agent: 'direct' }), 'INTERNAL')
        expect(error.message).not.toContain('secret')
      })
    })

    describe('inline agents', () => {
      it('complete, ask, and go on', async () => {
        const done = taskOf(await wire.call('sendMessage', send('hi'), { agent: 'inline' }))
        expect([stateOf(done), textOf(done)]).toEqual(['TASK_STATE_COMPLETED', 'Inline 1: hi'])
        const asked = taskOf(await wire.call('sendMessage', send('ask'), { agent: 'inline' }))
        expect(stateOf(asked)).toBe('TASK_STATE_INPUT_REQUIRED')
        const answered = taskOf(
          await wire.call('sendMessage', send('this', {}, { taskId: asked.id }), { agent: 'inline' }),
        )
        expect([stateOf(answered), textOf(answered)]).toEqual(['TASK_STATE_COMPLETED', 'Inline 2: this'])
        const events = await all(stream('sendStreamingMessage', send('hi'), { agent: 'inline' }))
        expectEnd(events, 'COMPLETED')
        expect(streamedText(events)).toBe('Inline 1: hi')
      })
    })

    describe('skills (§4.4.5)', () => {
      const agent = 'skilled'
      const say = async (text: string, skill?: string, taskId?: string) => {
        const message = { ...(skill === undefined ? {} : { metadata: { skill } }), ...(taskId ? { taskId } : {}) }
        return taskOf(await wire.call('sendMessage', send(text, {}, message), { agent }))
      }

      it('get the messages that name them', async () => {
        expect(textOf(await say('hi', 'routed'))).toBe('own for routed: hi')
        expect(textOf(await say('hi', 'listed'))).toBe('default for listed: hi')
        expect(textOf(await say('hi'))).toBe('default for no skill: hi')
      })

      it('keep a task in its later turns', async () => {
        const asked = await say('ask', 'routed')
        expect(stateOf(asked)).toBe('TASK_STATE_INPUT_REQUIRED')
        expect(textOf(await say('this', undefined, asked.id))).toBe('own for routed: this')
      })

      it('must be known, and the error names those there are', async () => {
        for (const operation of ['sendMessage', 'sendStreamingMessage'] as const) {
          const request = send('hi', {}, { metadata: { skill: 'unknown' } })
          const work =
            operation === 'sendMessage'
              ? wire.call(operation, request, { agent })
              : stream(operation, request, { agent }).next()
          const error = await expectError(work, 'INVALID_PARAMS', ['message.metadata.skill'])
          expect(error.message).toContain('routed, listed')
        }
      })

      it('stand behind the middleware of the agent', async () => {
        const refused = await say('forbidden', 'routed')
        expect([stateOf(refused), statusText(refused)]).toEqual(['TASK_STATE_REJECTED', 'not with this agent'])
      })
    })

    describe('time limits of an agent', () => {
      it('a turn without progress is tried again, then fails with a text that says so', async () => {
        const request = send('stuck')
        const task = taskOf(await wire.call('sendMessage', request, { agent: 'skilled' }))
        expect([stateOf(task), statusText(task)]).toEqual(['TASK_STATE_FAILED', 'The agent made no progress in time.'])
        expect(seen.attempts.get(`stuck ${(request.message as JsonObject).messageId}`)).toBe(2)
      })
    })

    describe('versions (§3.6)', () => {
      it('takes its own, with any patch, and no version at all', async () => {
        for (const asked of [version, `${version}.7`, '']) {
          const answer = await wire.call('sendMessage', send('echo v'), { headers: { 'a2a-version': asked } })
          expect(textOf(taskOf(answer))).toBe('Echo: v')
        }
      })

      it('refuses others on every operation, and names those it has', async () => {
        const supportedVersions = kind === 'grpc' ? version : '1.0,0.3,0.2'
        for (const asked of ['2.0', '0.5', '1.1', 'nonsense']) {
          const headers = { 'a2a-version': asked }
          const error = await expectError(wire.call('getTask', { id: 'x' }, { headers }), 'VERSION_NOT_SUPPORTED')
          expect(error.metadata.supportedVersions).toBe(supportedVersions)
        }
        const headers = { 'a2a-version': '9.9' }
        await expectError(stream('sendStreamingMessage', send('x'), { headers }).next(), 'VERSION_NOT_SUPPORTED')
      })
    })

    describe('extensions (§4.6)', () => {
      it('asks for one that is required', async () => {
        const agent = 'demanding'
        const error = await expectError(wire.call('sendMessage', send('x'), { agent }), 'EXTENSION_SUPPORT_REQUIRED')
        expect(error.metadata.uri).toBe('urn:test:required')
        const headers = { 'a2a-extensions': 'urn:test:required' }
        expect(textOf(taskOf(await wire.call('sendMessage', send('x'), { agent, headers })))).toBe(
          'x with urn:test:required',
        )
      })

      it('says which are active', async () => {
        let active: string | null = null
        const headers = { 'a2a-extensions': 'urn:none,urn:test:optional' }
        await wire.call('sendMessage', send('echo x'), {
          headers,
          onHeaders: (all) => (active = all.get('a2a-extensions')),
        })
        expect(active).toBe('urn:test:optional')
      })
    })

    describe('several agents', () => {
      it('are reached by path, and by tenant at the root', async () => {
        expect(textOf(taskOf(await wire.call('sendMessage', send('by path'), { agent: 'silent' })))).toBe('by path')
        // Tenants are younger than 0.3.
        if (old) return
        expect(textOf(taskOf(await wire.call('sendMessage', { ...send('by tenant'), tenant: 'silent' })))).toBe(
          'by tenant',
        )
        await expectError(wire.call('sendMessage', { ...send('x'), tenant: 'nobody' }), 'INVALID_PARAMS', ['tenant'])
        const other = { ...send('x'), tenant: 'silent' }
        await expectError(wire.call('sendMessage', other, { agent: 'scripted' }), 'INVALID_PARAMS', ['tenant'])
      })

      it('keep their tasks apart', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('mine'), { agent: 'silent' }))
        await expectError(wire.call('getTask', { id }), 'TASK_NOT_FOUND')
        expect((await wire.call('getTask', { id }, { agent: 'silent' })).id).toBe(id)
        if (!old) expect((await wire.call('getTask', { id, tenant: 'silent' })).id).toBe(id)
      })
    })

    describe('idempotency (D4)', () => {
      it('finds the same task by the same key, running or ended', async () => {
        const key = gateName()
        const headers = { 'idempotency-key': key }
        const request = send('echo once')
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => wire.call('sendMessage', request, { headers })),
        )
        const ids = new Set(answers.map((answer) => taskOf(answer).id))
        expect(ids.size).toBe(1)
        expect(taskOf(await wire.call('sendMessage', request, { headers }))).toEqual(taskOf(answers[0] as JsonObject))
        const events = await all(stream('sendStreamingMessage', request, { headers }))
        expect(outline(events)).toEqual(['task COMPLETED'])
      })

      it('refuses a key that was used for another message', async () => {
        const headers = { 'idempotency-key': gateName() }
        await wire.call('sendMessage', send('echo one'), { headers })
        await expectError(wire.call('sendMessage', send('echo two'), { headers }), 'INVALID_PARAMS', [
          'idempotency-key',
        ])
      })

      it('accepts a follow-up with one key once', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
        const headers = { 'idempotency-key': gateName() }
        const request = send('this', {}, { taskId: id })
        const [first, second] = await Promise.all([
          wire.call('sendMessage', request, { headers }),
          wire.call('sendMessage', request, { headers }),
        ])
        expect(first).toEqual(second)
        expect(textOf(taskOf(first as JsonObject))).toBe('turn 2 after UA: this')
      })

      it('refuses another follow-up under the key of one, also when both come together', async () => {
        const gate = gateName()
        const now = { configuration: { returnImmediately: true } }
        const { id } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, now)))
        const headers = { 'idempotency-key': gate }
        const say = (text: string) => wire.call('sendMessage', send(text, now, { taskId: id }), { headers })
        const outcomes = await Promise.allSettled([say('this'), say('that')])
        const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason)
        expect(refused).toHaveLength(1)
        await expectError(Promise.reject(refused[0]), 'INVALID_PARAMS', ['idempotency-key'])
        await expectError(say('those'), 'INVALID_PARAMS', ['idempotency-key'])
        openGate(gate)
        await untilState(id, 'TASK_STATE_COMPLETED')
        expect((await wire.call('getTask', { id })).history).toHaveLength(2)
      })

      it('never takes two messages with one id for the same (without a key)', async () => {
        const message = userMessage('echo twice')
        const first = taskOf(await wire.call('sendMessage', { message }))
        const second = taskOf(await wire.call('sendMessage', { message }))
        expect(first.id).not.toBe(second.id)
      })
    })
  })
}
