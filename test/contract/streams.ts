/** Readers that come back: cursors on every event, and what a cursor brings, over every binding and every engine. */
import type { JsonObject } from '@bufbuild/protobuf'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ArtifactJson, StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../src/a2a/apply-event.js'
import { openGate } from '../support/agents.js'
import { all, eventually, outline, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { type CallOptions, type Operation, type Wire, WireError } from '../support/wires.js'

const EXTENSION = 'urn:temporal-a2a:cursor:v1'

type Event = StreamResponseJson & JsonObject

function cursorOf({ task, statusUpdate, artifactUpdate }: Event): string {
  const { metadata } = task ?? statusUpdate ?? artifactUpdate ?? {}
  const cursor = metadata?.[EXTENSION]
  if (typeof cursor !== 'string') throw new Error(`no cursor: ${JSON.stringify(metadata)}`)
  return cursor
}

/** What a reader ends up with. */
function artifactsOf(events: readonly Event[]): ArtifactJson[] {
  const builder = new TaskBuilder({})
  for (const event of events) builder.apply(event)
  return builder.build().artifacts ?? []
}

function byId(artifacts: readonly ArtifactJson[] = []): ArtifactJson[] {
  return [...artifacts].sort((a, b) => ((a.artifactId ?? '') < (b.artifactId ?? '') ? -1 : 1))
}

export function streamContract(name: string, start: () => Promise<Wire>): void {
  describe(`streams: ${name}`, () => {
    let wire: Wire
    let unique = 0

    beforeAll(async () => {
      wire = await start()
    })

    const gateName = () => {
      unique += 1
      return `stream-gate-${name.replaceAll(' ', '-')}-${unique}`
    }

    const stream = (operation: Operation, request: JsonObject, options: CallOptions = {}) => {
      const headers = { 'a2a-extensions': EXTENSION, ...options.headers }
      return wire.stream(operation, request, { ...options, headers }) as AsyncGenerator<Event, void, undefined>
    }

    const resume = (id: string, cursor: string, options: CallOptions = {}) =>
      stream('subscribeToTask', { id }, { ...options, headers: { ...options.headers, 'last-event-id': cursor } })

    /** The next so many events; the stream stays open. */
    async function take(events: AsyncGenerator<Event, void, undefined>, count: number): Promise<Event[]> {
      const read: Event[] = []
      while (read.length < count) {
        const { value, done } = await events.next()
        if (done === true) throw new Error(`ended after ${read.length} events`)
        read.push(value)
      }
      return read
    }

    describe('Order and cursors', () => {
      it('every event has a cursor in its metadata when the extension is active, and the answer says that it is', async () => {
        let active: string | null = null
        const ids: string[] = []
        const events = await all(
          stream('sendStreamingMessage', send('artifacts'), {
            onHeaders: (headers) => (active = headers.get('a2a-extensions')),
            onId: (id) => ids.push(id),
          }),
        )
        expect(active).toBe(EXTENSION)
        const cursors = events.map(cursorOf)
        expect(new Set(cursors).size).toBe(events.length)
        if (ids.length > 0) expect(ids).toEqual(cursors)
        expect(events.at(-1)?.statusUpdate?.metadata).toMatchObject({ count: 4 })
      })

      it('no event has one in its metadata without the extension, and server-sent events have their id all the same', async () => {
        const ids: string[] = []
        const options = { headers: { 'a2a-extensions': '' }, onId: (id: string) => ids.push(id) }
        const events = await all(stream('sendStreamingMessage', send('chunks a b'), options))
        expect(JSON.stringify(events)).not.toContain(EXTENSION)
        if (['jsonrpc', 'rest'].includes(wire.name)) expect(ids).toHaveLength(events.length)
      })

      it('a stream cut after any event and resumed is the uncut stream, while the task runs and after its end', async () => {
        const gate = gateName()
        const whole = stream('sendStreamingMessage', send(`halves ${gate} 4`))
        const events = await take(whole, 7)
        const { id = '' } = events[0]?.task ?? {}
        const running = events.map((event, i) => ({
          i,
          rest: all(resume(id, cursorOf(event))),
        }))
        await new Promise((resolve) => setTimeout(resolve, 50))
        openGate(gate)
        events.push(...(await all(whole)))
        expect(outline(events).at(-1)).toBe('status COMPLETED')
        for (const { i, rest } of running) expect([...events.slice(0, i + 1), ...(await rest)]).toEqual(events)
        for (const [i, event] of events.entries()) {
          expect([...events.slice(0, i + 1), ...(await all(resume(id, cursorOf(event))))]).toEqual(events)
        }
        expect(streamedText(events)).toBe(textOf(await wire.call('getTask', { id })))
      })

      it('a stream cut after any event is the uncut stream also when an attempt was lost in between', async () => {
        const events = await all(stream('sendStreamingMessage', send('throw-once')))
        const id = events[0]?.task?.id ?? ''
        expect(streamedText(events)).toBe('attempt 2')
        for (const [i, event] of events.entries()) {
          expect([...events.slice(0, i + 1), ...(await all(resume(id, cursorOf(event))))]).toEqual(events)
        }
      })

      it('a lost attempt leaves no chunk behind in an artifact of an earlier turn', async () => {
        const first = await all(stream('sendStreamingMessage', send('log')))
        const id = first[0]?.task?.id ?? ''
        const second = await all(stream('sendStreamingMessage', send('log', {}, { taskId: id })))
        const task = await wire.call('getTask', { id })
        expect(textOf(task)).toBe('one two three')
        expect(artifactsOf(second)).toEqual(task.artifacts)
        expect(artifactsOf([...first, ...second.slice(1)])).toEqual(task.artifacts)
      })

      it('a stream cut after any event goes on while the task waits, and through its next turn', async () => {
        const events = await all(stream('sendStreamingMessage', send('ask which?')))
        const id = events[0]?.task?.id ?? ''
        const first = events.length
        const readers: { i: number; rest: Promise<Event[]> }[] = []
        for (const [i, event] of events.entries()) {
          const reader = resume(id, cursorOf(event))
          const missed = i + 1 < first ? [(await reader.next()).value as Event] : []
          readers.push({ i, rest: all(reader).then((rest) => [...missed, ...rest]) })
        }
        // The one who has everything has nothing to read yet; its request has to be there before the answer.
        await new Promise((resolve) => setTimeout(resolve, 100))
        await wire.call('sendMessage', send('this', {}, { taskId: id }))
        events.push(...((await readers.at(-1)?.rest) ?? []))
        expect(outline(events).slice(0, 3)).toEqual(['task SUBMITTED', 'status WORKING', 'status INPUT_REQUIRED'])
        expect(outline(events).at(-1)).toBe('status COMPLETED')
        for (const { i, rest } of readers) expect([...events.slice(0, i + 1), ...(await rest)]).toEqual(events)
      })

      it('the end of an ended task gives a reader nothing more, and closes', async () => {
        const events = await all(stream('sendStreamingMessage', send('echo x')))
        const id = events[0]?.task?.id ?? ''
        expect(await all(resume(id, cursorOf(events.at(-1) as Event)))).toEqual([])
      })

      it('a cursor that is too old gives the Task first, then what follows', async () => {
        const gate = gateName()
        const whole = stream('sendStreamingMessage', send(`halves ${gate} 3000`))
        const first = (await whole.next()).value as Event
        const id = first.task?.id ?? ''
        const rest = all(whole)
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toContain('half'))
        const old = resume(id, cursorOf(first))
        const task = (await old.next()).value as Event
        expect(outline([task])).toEqual(['task WORKING'])
        openGate(gate)
        const tail = await all(old)
        const text = textOf(await wire.call('getTask', { id }))
        expect(streamedText([task, ...tail])).toBe(text)
        expect(streamedText([first, ...(await rest)])).toBe(text)
        expect(outline(await all(resume(id, cursorOf(first))))).toEqual(['task COMPLETED'])
      })

      it('a reader that comes late sees what GetTask shows', async () => {
        const gate = gateName()
        const request = send(`halves ${gate} 20`, { configuration: { returnImmediately: true } })
        const { id } = taskOf(await wire.call('sendMessage', request))
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toContain('half'))
        const late = stream('subscribeToTask', { id })
        const first = (await late.next()).value as Event
        openGate(gate)
        const events = [first, ...(await all(late))]
        const task = await wire.call('getTask', { id })
        expect(streamedText(events)).toBe(textOf(task))
        expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
      })

      it.each([
        ['garbage', () => 'garbage'],
        ['what once was a number', () => '17'],
        ['a cursor without its task', (cursor: string) => cursor.split('-')[0] ?? ''],
        ['a very long text', () => '1.1.1-'.padEnd(2_000, 'x')],
        ['the cursor of another task', (_: string, other: string) => other],
        ['a later event', (cursor: string) => cursor.replace(/^1\.1\.\d+/, '1.1.99')],
        ['a later attempt', (cursor: string) => cursor.replace(/^1\.1\./, '1.7.')],
        ['a later turn', (cursor: string) => cursor.replace(/^1\./, '9.')],
      ])('%s is refused by name, and the task goes on', async (_, spoil) => {
        const other = cursorOf((await all(stream('sendStreamingMessage', send('echo x')))).at(-2) as Event)
        const gate = gateName()
        const whole = stream('sendStreamingMessage', send(`halves ${gate} 2`))
        const events = await take(whole, 5)
        const id = events[0]?.task?.id ?? ''
        const error = await resume(id, spoil(cursorOf(events.at(-1) as Event), other))
          .next()
          .catch((thrown: unknown) => thrown)
        if (!(error instanceof WireError)) throw new Error(`no error, but ${JSON.stringify(error)}`)
        expect([error.reason, error.fields]).toEqual(['INVALID_PARAMS', ['last-event-id']])
        const again = resume(id, cursorOf(events[2] as Event))
        openGate(gate)
        expect(outline(await all(again)).at(-1)).toBe('status COMPLETED')
        await whole.return()
      })

      it('acceptance 3: a client that drops out loses nothing: the task completes with all it said', async () => {
        const gate = gateName()
        const leaver = new AbortController()
        const whole = stream('sendStreamingMessage', send(`halves ${gate} 3`), { signal: leaver.signal })
        const events = await take(whole, 4)
        leaver.abort()
        await whole.next().catch(() => {})
        openGate(gate)
        const id = events[0]?.task?.id ?? ''
        await eventually(async () => {
          const task = await wire.call('getTask', { id })
          expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
          expect(textOf(task)).toBe('0 1 2 0 1 2 half')
        }, 15_000)
      })

      it('acceptance 13: two follow-up messages at one moment are both handled, each once', async () => {
        const gate = gateName()
        const request = send(`wait ${gate}`, { configuration: { returnImmediately: true } })
        const { id } = taskOf(await wire.call('sendMessage', request))
        await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
        const now = { configuration: { returnImmediately: true } }
        await Promise.all(['left', 'right'].map((text) => wire.call('sendMessage', send(text, now, { taskId: id }))))
        openGate(gate)
        const task = await eventually(async () => {
          const found = (await wire.call('getTask', { id })) as TaskJson
          expect(stateOf(found)).toBe('TASK_STATE_COMPLETED')
          return found
        }, 15_000)
        const said = (task.artifacts ?? []).map(({ parts }) => parts?.[0]?.text ?? '')
        expect(said.map((text) => text.replace(/left|right/, 'side'))).toEqual([
          'waiting no more',
          'turn 2 after U: side',
          'turn 3 after UU: side',
        ])
        expect(said.join()).toMatch(/left.*right|right.*left/)
      })

      it('acceptance 14: COMPLETED never overtakes the artifact', async () => {
        const expected = Array.from({ length: 40 }, (_, i) => `${i} `).join('')
        const streams = Array.from({ length: 25 }, () => all(stream('sendStreamingMessage', send('count 40'))))
        for (const events of await Promise.all(streams)) {
          expect(streamedText(events)).toBe(expected)
          expect(outline(events).findIndex((each) => each.includes('COMPLETED'))).toBe(events.length - 1)
        }
      })

      it('an artifact that a lost attempt has shown and the next does not is emptied and marked, in the stream and in the Task', async () => {
        const events = await all(stream('sendStreamingMessage', send('forget')))
        const id = events[0]?.task?.id ?? ''
        const task = await wire.call('getTask', { id })
        expect(textOf(task)).toBe('attempt 2')
        const [log] = artifactsOf(events).filter(({ artifactId }) => artifactId === 'log')
        expect(log).toEqual({
          artifactId: 'log',
          parts: [{ text: '' }],
          metadata: { superseded: true },
        })
        expect(byId((task as TaskJson).artifacts)).toEqual(byId(artifactsOf(events)))
        expect(outline(events).filter((each) => /COMPLETED|FAILED/.test(each))).toHaveLength(1)
      })

      it('a handler may go on from what its last attempt has said', async () => {
        const events = await all(stream('sendStreamingMessage', send('go-on')))
        const task = await wire.call('getTask', { id: events[0]?.task?.id ?? '' })
        expect(byId((task as TaskJson).artifacts).map(({ parts }) => parts)).toEqual([
          [{ text: 'one two three' }],
          [{ text: 'kept' }],
        ])
        expect(byId((task as TaskJson).artifacts)).toEqual(byId(artifactsOf(events)))
      })

      it('a cursor opens no task that its bearer may not read', async () => {
        const error = await resume('00000000-0000-4000-8000-000000000000', '1.1.1-abc')
          .next()
          .catch((thrown: unknown) => thrown)
        expect((error as WireError).reason).toBe('TASK_NOT_FOUND')
      })
    })
  })
}
