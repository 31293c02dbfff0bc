/** What large values ask of a server: they go in and come out as they are, on every way out, and limits have names. */
import type { JsonObject } from '@bufbuild/protobuf'
import { beforeAll, describe, expect, it } from 'vitest'
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { connect } from '../../src/client/index.js'
import { bytesOf, hashOf, textOfLength } from '../support/large-agents.js'
import { all, eventually, outline, send, stateOf, statusText, taskOf, textOf } from '../support/reading.js'
import type { Wire } from '../support/wires.js'

const MB = 1_000_000
/** Millions of bytes of the largest values. */
const LARGE = Number(process.env.LARGE_MB ?? 3)

export interface LargeOptions {
  url(): string
  /** The wires over which a large message is sent. */
  wires(): readonly Wire[]
  /** What the history of the task has in Temporal, in bytes; undefined without one. */
  historyBytes?(taskId: string): Promise<number>
}

export function largeContract(name: string, start: () => Promise<Wire>, options: LargeOptions): void {
  describe(`${name}: large values`, () => {
    let wire: Wire
    beforeAll(async () => {
      wire = await start()
    })

    const run = async (text: string, more: JsonObject = {}) => taskOf(await wire.call('sendMessage', send(text, more)))
    const read = async (id: string) => (await wire.call('getTask', { id })) as TaskJson

    async function expectSmallHistory(taskId: string, most: number) {
      if (options.historyBytes !== undefined) expect(await options.historyBytes(taskId)).toBeLessThan(most)
    }

    it('come with a message over every wire, and are shown as they came', async () => {
      for (const each of options.wires()) {
        const text = `hash ${textOfLength(3 * MB, each.name)}`
        const task = taskOf(await each.call('sendMessage', send(text)))
        expect([each.name, textOf(task)]).toEqual([each.name, hashOf(text)])
        expect((await each.call('getTask', { id: task.id })) as TaskJson).toEqual(task)
        expect(task.history?.[0]?.parts?.[0]?.text === text, each.name).toBe(true)
        await expectSmallHistory(task.id, 32_768)
      }
    }, 60_000)

    it('come out as a file: in the stream, in the task and in lists the same', async () => {
      const events = (await all(
        wire.stream('sendStreamingMessage', send(`file ${LARGE * MB}`)),
      )) as StreamResponseJson[]
      expect(outline(events).at(-1)).toBe('status COMPLETED')
      const shown = events.find(({ artifactUpdate }) => artifactUpdate !== undefined)?.artifactUpdate?.artifact
      const id = events[0]?.task?.id ?? ''
      const task = await eventually(async () => {
        const { tasks } = (await wire.call('listTasks', { includeArtifacts: true, pageSize: 1 })) as {
          tasks: TaskJson[]
        }
        expect(tasks[0]?.status?.state).toBe('TASK_STATE_COMPLETED')
        expect(tasks[0]?.id).toBe(id)
        return tasks[0]
      })
      const read1 = await read(id)
      expect(JSON.stringify(task) === JSON.stringify(read1)).toBe(true)
      expect(read1.artifacts).toEqual([shown])
      expect(hashOf(Buffer.from(shown?.parts?.[0]?.raw ?? '', 'base64'))).toBe(hashOf(bytesOf(LARGE * MB)))
      await expectSmallHistory(id, 32_768)
    }, 60_000)

    it('grow in chunks, and the task has what the stream had', async () => {
      const bot = await connect(options.url())
      // The generator is faster than any reader; the client comes back as often as it takes.
      const run = await bot.stream(`chunks ${MB / 10} ${10 * LARGE}`)
      const { task } = await run.result()
      const whole = Array.from({ length: 10 * LARGE }, (_, i) => textOfLength(MB / 10, String(i))).join('')
      expect([textOf(task ?? {}).length, textOf(task ?? {}) === whole]).toEqual([LARGE * MB, true])
      const read1 = await read(run.taskId ?? '')
      expect(textOf(read1) === whole).toBe(true)
      await expectSmallHistory(run.taskId ?? '', 65_536)
    }, 60_000)

    it('may be many small parts', async () => {
      const task = await run('many 20000')
      const parts = (await read(task.id)).artifacts?.[0]?.parts ?? []
      expect(parts).toHaveLength(20_000)
      expect(parts[19_999]?.data).toEqual({ i: 19_999, hash: hashOf('19999') })
      await expectSmallHistory(task.id, 32_768)
    }, 30_000)

    it('are given to the handler again: steps, answers and the first message', async () => {
      const word = `w${Math.random()}`
      const first = `steps ${MB} ${word} ${textOfLength(MB, 'first')}`
      const asked = await run(first)
      expect(stateOf(asked)).toBe('TASK_STATE_INPUT_REQUIRED')
      const answer = textOfLength(MB, 'answer')
      const task = taskOf(await wire.call('sendMessage', send(answer, {}, { taskId: asked.id })))
      expect(task.artifacts?.at(-1)?.parts?.[0]?.data).toEqual({
        step: hashOf(textOfLength(MB)),
        answer: hashOf(answer),
        first: hashOf(first),
      })
      expect(task.history?.map(({ parts }) => parts?.[0]?.text?.length)).toEqual([first.length, 4, MB])
      expect(await read(asked.id)).toEqual(task)
      await expectSmallHistory(task.id, 65_536)
    }, 30_000)

    it('may be in the question', async () => {
      const asked = await run(`ask ${MB}`)
      expect([stateOf(asked), statusText(asked)?.length]).toEqual(['TASK_STATE_INPUT_REQUIRED', MB])
      const task = taskOf(await wire.call('sendMessage', send('yes', {}, { taskId: asked.id })))
      expect(textOf(task)).toBe(`turn 2: ${hashOf('yes')} after 2`)
      expect(task.history?.[1]?.parts?.[0]?.text === textOfLength(MB)).toBe(true)
    }, 30_000)

    it('have a limit, and so has the rest of a task: what exceeds it is named, and the next task runs', async () => {
      const heavy = await run('repeat 105000000')
      expect([stateOf(heavy), statusText(heavy)]).toEqual([
        'TASK_STATE_FAILED',
        'What agent large said would exceed the limit of 104857600 bytes per task in values of 65536 bytes and more',
      ])
      const many = await run('small 40')
      expect([stateOf(many), statusText(many)]).toEqual([
        'TASK_STATE_FAILED',
        'What agent large said would exceed the limit of 1572864 bytes per task',
      ])
      const wide = { message: { ...(send('hash').message as JsonObject), metadata: { wide: 'x'.repeat(MB) } } }
      await expect(wire.call('sendMessage', wide)).rejects.toMatchObject({
        message: expect.stringContaining('Message would exceed the limit of 1572864 bytes per task'),
      })
      expect(textOf(await run('hash'))).toBe(hashOf('hash'))
    }, 60_000)
  })
}
