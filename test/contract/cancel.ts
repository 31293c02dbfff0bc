/** A cancel at every moment of a task's life, over every binding and every engine. */
import type { JsonObject } from '@bufbuild/protobuf'
import { beforeAll, describe, expect, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { openGate, seen } from '../support/agents.js'
import { all, eventually, outline, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { type CallOptions, type Operation, type Wire, WireError } from '../support/wires.js'

const NOW = { configuration: { returnImmediately: true } }
const TERMINAL = /COMPLETED|FAILED|CANCELED|REJECTED/

export function cancelContract(name: string, start: () => Promise<Wire>): void {
  describe(`cancel: ${name}`, () => {
    let wire: Wire
    let unique = 0

    beforeAll(async () => {
      wire = await start()
    })

    const gateName = () => {
      unique += 1
      return `cancel-gate-${name.replaceAll(' ', '-')}-${unique}`
    }

    const stream = (operation: Operation, request: JsonObject, options?: CallOptions) =>
      wire.stream(operation, request, options) as AsyncGenerator<StreamResponseJson & JsonObject, void, undefined>

    /** The state that the answer says, or the reason of the refusal. */
    const cancel = (id: string, options?: CallOptions) =>
      wire.call('cancelTask', { id }, options).then(stateOf, (error: unknown) => {
        if (error instanceof WireError) return error.reason
        throw error
      })

    it('is one cancel however often it is asked for', async () => {
      const gate = gateName()
      const { id } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, NOW)))
      await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
      const answers = await Promise.all(Array.from({ length: 10 }, () => cancel(id)))
      expect(new Set(answers)).toEqual(new Set(['TASK_STATE_CANCELED']))
      expect(await cancel(id)).toBe('TASK_STATE_CANCELED')
    })

    it('before the first event ends the task', async () => {
      const gate = gateName()
      const { id } = taskOf(await wire.call('sendMessage', send(`quiet ${gate}`, NOW)))
      const reader = stream('subscribeToTask', { id })
      await reader.next()
      expect(await cancel(id)).toBe('TASK_STATE_CANCELED')
      const events = await all(reader)
      expect(outline(events).at(-1)).toBe('status CANCELED')
      expect(outline(events).filter((each) => TERMINAL.test(each))).toHaveLength(1)
    })

    it('while the agent is to be tried again ends the task at once, and what it has shown stays alike for all', async () => {
      const options = { agent: 'stubborn' }
      const reader = stream('sendStreamingMessage', send('x'), options)
      const events: StreamResponseJson[] = []
      while (streamedText(events) !== 'attempt 1') {
        const { value, done } = await reader.next()
        if (done === true) throw new Error('the stream ended')
        events.push(value)
      }
      const id = events[0]?.task?.id ?? ''
      await new Promise((resolve) => setTimeout(resolve, 100))
      const begun = Date.now()
      expect(await cancel(id, options)).toBe('TASK_STATE_CANCELED')
      expect(Date.now() - begun).toBeLessThan(9_000)
      events.push(...(await all(reader)))
      expect(outline(events).at(-1)).toMatch(/CANCELED$/)
      expect(streamedText(fromLastTask(events))).toBe(textOf(await wire.call('getTask', { id }, options)))
    })

    it('of a task that waits ends it, for those who follow it too', async () => {
      const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
      const reader = stream('subscribeToTask', { id })
      expect(outline([(await reader.next()).value as never])).toEqual(['task INPUT_REQUIRED'])
      expect(await cancel(id)).toBe('TASK_STATE_CANCELED')
      expect(outline(await all(reader))).toEqual(['status CANCELED'])
    })

    it('empties the queue: no message that waits is handled', async () => {
      const gate = gateName()
      const { id } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, NOW)))
      await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
      await wire.call('sendMessage', send('second', NOW, { taskId: id }))
      expect(await cancel(id)).toBe('TASK_STATE_CANCELED')
      expect(textOf(await wire.call('getTask', { id }))).toBe('waiting')
    })

    it('answers whoever waits for a message of the queue', async () => {
      const gate = gateName()
      const { id } = taskOf(await wire.call('sendMessage', send(`wait ${gate}`, NOW)))
      await eventually(async () => expect(textOf(await wire.call('getTask', { id }))).toBe('waiting'))
      const reader = stream('sendStreamingMessage', send('second', {}, { taskId: id }))
      expect(outline([(await reader.next()).value as never])).toEqual(['task WORKING'])
      const answer = wire.call('sendMessage', send('third', {}, { taskId: id }))
      await eventually(async () => expect(await wire.call('getTask', { id })).toMatchObject({ history: { length: 3 } }))
      expect(await cancel(id)).toBe('TASK_STATE_CANCELED')
      expect(stateOf(taskOf(await answer))).toBe('TASK_STATE_CANCELED')
      expect(outline(await all(reader)).at(-1)).toBe('status CANCELED')
    })

    it('and completion at one moment are decided once, and nothing follows', async () => {
      await Promise.all(
        Array.from({ length: 12 }, async (_, i) => {
          const gate = gateName()
          const reader = stream('sendStreamingMessage', send(`wait ${gate}`))
          const events: StreamResponseJson[] = []
          let answer: Promise<string | undefined> | undefined
          for await (const event of reader) {
            events.push(event)
            if (event.artifactUpdate === undefined || answer !== undefined) continue
            const id = events[0]?.task?.id ?? ''
            if (i % 2 === 0) openGate(gate)
            answer = cancel(id)
            if (i % 2 === 1) setTimeout(openGate, i, gate)
          }
          const ends = outline(events).filter((each) => TERMINAL.test(each))
          expect(ends).toHaveLength(1)
          expect(outline(events).at(-1)).toBe(ends[0])
          const task = await wire.call('getTask', { id: events[0]?.task?.id ?? '' })
          const state = stateOf(task) ?? ''
          expect(ends[0]).toContain(state.replace('TASK_STATE_', ''))
          expect(await answer).toBe(state === 'TASK_STATE_CANCELED' ? state : 'TASK_NOT_CANCELABLE')
          expect(streamedText(fromLastTask(events))).toBe(textOf(task))
          expect(seen.attempts.get(gate) ?? 1).toBe(1)
        }),
      )
    })
  })
}

/** A Task in the middle of a stream replaces all that came before it. */
function fromLastTask(events: readonly StreamResponseJson[]): readonly StreamResponseJson[] {
  return events.slice(events.findLastIndex(({ task }) => task !== undefined))
}
