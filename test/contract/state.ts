/** What authors may count on of `ctx.state`: the same cases over every engine. */
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '@bufbuild/protobuf'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGate, seen } from '../support/agents.js'
import { eventually, send, stateOf, statusText, taskOf, textOf } from '../support/reading.js'
import { ranTimes } from '../support/state-agents.js'
import type { Wire } from '../support/wires.js'

const NOW = { configuration: { returnImmediately: true } }

/** @param turns that count in one context at once */
export function stateContract(name: string, start: () => Promise<Wire>, turns = 50): void {
  describe(name, () => {
    let wire: Wire

    beforeAll(async () => {
      wire = await start()
    })

    const newContext = () => ({ contextId: randomUUID() })
    const at = (agent = 'remembering') => ({ agent })
    const say = async (text: string, message: JsonObject = {}, agent?: string) =>
      taskOf(await wire.call('sendMessage', send(text, {}, message), at(agent)))
    const told = async (text: string, message: JsonObject = {}, agent?: string) =>
      textOf(await say(text, message, agent))
    const begin = async (text: string, message: JsonObject) =>
      taskOf(await wire.call('sendMessage', send(text, NOW, message), at()))
    const untilEnd = (id: string) =>
      eventually(async () => {
        const task = taskOf({ task: await wire.call('getTask', { id }, at()) })
        expect(stateOf(task)).not.toMatch(/WORKING|SUBMITTED/)
        return task
      }, 20_000)
    const untilSeen = (key: string) => eventually(() => expect(seen.waiting).toContain(key))

    it('is kept from turn to turn of a context, and from task to task', async () => {
      const context = newContext()
      expect(await told('show', context)).toBe('{"count":0,"list":[]}')
      expect([await told('count', context), await told('count', context)]).toEqual(['1', '2'])
      const asked = await say('turns', context)
      expect(textOf(asked)).toBe('3 ')
      expect(textOf(await say('turns', { taskId: asked.id }))).toBe('3 4 ')
      expect(await told('show', context)).toBe('{"count":4,"list":[]}')
    })

    it('is set, looked for, deleted and cleared; what the schema makes of a value is kept', async () => {
      const context = newContext()
      expect(await told('has', context)).toBe('false false')
      expect(await told('set a  Rome ', context)).toBe('"Rome"')
      expect(await told('has', context)).toBe('false true')
      expect(await told('show', context)).toBe('{"count":0,"city":"Rome","list":["a"]}')
      expect(await told('delete', context)).toBe('true false')
      expect(await told('show', context)).toBe('{"count":0,"list":["a"]}')
      expect(await told('clear', context)).toBe('{"count":0,"list":[]}')
      expect(await told('show', context)).toBe('{"count":0,"list":[]}')
    })

    it('is another in every context and with every agent; that of the caller and of the agent is shared', async () => {
      const [one, two] = [newContext(), newContext()]
      const [mine = '', callers = '', agents = ''] = (await told('count-all', one)).split(' ')
      expect(mine).toBe('1')
      expect(await told('count-all', two)).toBe(`1 ${Number(callers) + 1} ${Number(agents) + 1}`)
      expect(await told('show', one, 'loose')).toBe('{}')
    })

    it('takes any JSON without a schema, and is no way to what objects have', async () => {
      const context = newContext()
      expect(await told('add one', context, 'loose')).toBe('false')
      await told('add two', context, 'loose')
      expect(JSON.parse(await told('show', context, 'loose'))).toEqual(
        JSON.parse('{"words":["one","two"],"__proto__":{"own":true}}'),
      )
    })

    it('counts every one of the calls that are made beside each other', async () => {
      expect(await told('together', newContext())).toBe('20')
    })

    it('counts once, however often the handler runs', async () => {
      const context = newContext()
      expect(await told('throw-once', context)).toBe('1 ')
      expect(await told('show', context)).toBe('{"count":1,"list":[]}')
    })

    it.each(['throw', 'fail', 'reject'])('is left as it was by a turn that ends with %s', async (command) => {
      const context = newContext()
      expect(stateOf(await say(command, context))).toMatch(/FAILED|REJECTED/)
      expect(await told('show', context)).toBe('{"count":0,"list":[]}')
    })

    it('is left as it was by a turn that is canceled', async () => {
      const context = newContext()
      const key = randomUUID()
      const { id } = await begin(`cancel ${key}`, context)
      await untilSeen(key)
      await wire.call('cancelTask', { id }, at())
      expect(stateOf(await untilEnd(id))).toBe('TASK_STATE_CANCELED')
      expect(await told('show', context)).toBe('{"count":0,"list":[]}')
    })

    it('is kept when the handler begins to wait, and read anew when it goes on', async () => {
      const context = newContext()
      const asking = await say('ask', context)
      expect(stateOf(asking)).toBe('TASK_STATE_INPUT_REQUIRED')
      expect(await told('count', context)).toBe('2')
      const answered = await say('10', { taskId: asking.id })
      expect([stateOf(answered), textOf(answered)]).toEqual(['TASK_STATE_COMPLETED', '1 2 12'])
      expect(await told('show', context)).toBe('{"count":12,"list":[]}')
    })

    it('reads the same again before a question, however many come after', async () => {
      const context = newContext()
      const { id } = await say('ask-twice', context)
      expect(await told('count', context)).toBe('2')
      await say('a', { taskId: id })
      expect(await told('count', context)).toBe('4')
      expect(textOf(await say('b', { taskId: id }))).toBe('1 3 5')
    })

    it('that another turn has changed meanwhile makes the turn run again, but no step', async () => {
      const context = newContext()
      const key = randomUUID()
      const { id } = await begin(`race ${key}`, context)
      await untilSeen(key)
      expect(await told('count', context)).toBe('1')
      openGate(key)
      expect(textOf(await untilEnd(id))).toBe('2 1')
      expect([ranTimes(`${key}/handler`), ranTimes(`${key}/pay`)]).toEqual([2, 1])
      expect(await told('show', context)).toBe('{"count":2,"list":[]}')
    })

    it('that has changed may lead the turn another way when it runs again', async () => {
      const context = newContext()
      const key = randomUUID()
      const { id } = await begin(`cache ${key}`, context)
      await untilSeen(key)
      await told('set a Oslo', context)
      openGate(key)
      const task = await untilEnd(id)
      expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_COMPLETED', 'Oslo 1'])
      expect([ranTimes(`${key}/load`), ranTimes(`${key}/use`)]).toEqual([1, 1])
    })

    it(`loses none of ${turns} turns at once`, async () => {
      const context = newContext()
      const tasks = await Promise.all(Array.from({ length: turns }, () => say('count', context)))
      expect(
        tasks
          .map(textOf)
          .map(Number)
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: turns }, (_, i) => i + 1))
    }, 60_000)

    it('of several scopes is changed in all of them or in none', async () => {
      const [before = 0] = JSON.parse(await told('show-all', newContext()))
        .slice(1)
        .map(({ count }: { count: number }) => count)
      const contexts = [newContext(), newContext(), newContext()]
      const tasks = await Promise.all(Array.from({ length: 12 }, (_, i) => say('count-all', contexts[i % 3])))
      const counts = tasks.map((task) => textOf(task).split(' ').map(Number))
      expect(counts.map(([, callers = 0]) => callers - before).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 12 }, (_, i) => i + 1),
      )
      for (const context of contexts) expect(await told('show', context)).toBe('{"count":4,"list":[]}')
    }, 60_000)

    it.each([
      ['type', 'context, key "count": does not fit its schema (count: '],
      ['short', 'context, key "city": does not fit its schema (city: '],
      ['unknown', 'context, key "other": is no key of its schema; add it there'],
      ['undefined', 'context, key "city": undefined cannot be kept; use delete() to remove a key'],
      ['date', 'context, key "list": the value is a Date at [0]; return its toISOString()'],
      ['large', 'context, key "list": the state is 70'],
      ['async', 'context: the function given to update() must not be async; wait for what it needs before'],
      ['nothing', 'context: update() needs an object with the keys that change, not number'],
    ])('refuses %s, says where and what to do, and is as it was', async (kind, problem) => {
      const [said = '', state] = (await told(`bad ${kind}`, newContext())).split(' | ')
      expect(said).toContain(`Agent remembering, state of its ${problem}`)
      expect(state).toBe('{"count":1,"list":[]}')
    })

    it('that does not fit fails the turn when nobody catches it, at once and without a word of it', async () => {
      const task = await say('bad-uncaught', newContext())
      expect([stateOf(task), statusText(task)]).toEqual([
        'TASK_STATE_FAILED',
        'The agent failed to handle the message.',
      ])
    })

    it('is not to be used inside of a step, nor where turns are not written down', async () => {
      expect(statusText(await say('in-step', newContext()))).toBe(
        'Agent remembering called ctx.state.get inside step "outer", which does not run again when the state is read anew; call it before or after the step',
      )
      expect(statusText(await say('x', newContext(), 'inline-remembering'))).toBe(
        "Agent inline-remembering called ctx.state.get, but it declares run: 'inline'; only run: 'durable' has it",
      )
    })

    it('is kept of an agent that answers with a Message', async () => {
      const context = newContext()
      const answer = async () =>
        (await wire.call('sendMessage', send('x', {}, context), at('counting-answers'))) as {
          message: { parts: { text: string }[] }
        }
      await answer()
      expect((await answer()).message.parts[0]?.text).toBe('2')
    })
  })
}
