/** What authors may count on of steps, questions and waits: the same cases over every engine. */
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { openGate, seen } from '../support/agents.js'
import { ran } from '../support/journal-agents.js'
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
} from '../support/reading.js'
import { type Wire, WireError } from '../support/wires.js'

const NOW = { configuration: { returnImmediately: true } }
const AGENT = { agent: 'journaled' }

type Section = 'step' | 'ask' | 'approve' | 'sleep' | 'call'

/** @param sections default: all */
export function journalContract(
  name: string,
  start: () => Promise<Wire & { readonly url: string }>,
  sections?: readonly Section[],
): void {
  const section = (of: Section, cases: () => void) => {
    if (sections === undefined || sections.includes(of)) describe(`ctx.${of}`, cases)
  }

  describe(name, () => {
    let wire: Wire & { readonly url: string }
    let keys = 0

    beforeAll(async () => {
      wire = await start()
    })

    const newKey = () => {
      keys += 1
      return `${name.replaceAll(' ', '-')}-${keys}`
    }
    const say = async (text: string) => taskOf(await wire.call('sendMessage', send(text), AGENT))
    const reply = async (taskId: string, text: string, message: object = {}) =>
      taskOf(await wire.call('sendMessage', send(text, {}, { taskId, ...message }), AGENT))
    const refused = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      if (!(error instanceof WireError)) throw new Error(`not refused: ${String(error)}`)
      return error.reason
    }
    const untilState = (id: string, state: string, ms?: number) =>
      eventually(async () => {
        const task = await wire.call('getTask', { id }, AGENT)
        expect(stateOf(task)).toBe(state)
        return task
      }, ms)

    section('step', () => {
      it('runs once, however often the handler runs; steps beside each other and of one name too', async () => {
        const key = newKey()
        const task = await say(`steps ${key}`)
        expect(textOf(task)).toBe('[{"n":1},"l","r","r2",null]')
        expect(['first', 'left', 'right', 'last'].map((step) => ran(`${key}/${step}`))).toEqual([1, 1, 2, 1])
      })

      it('is tried again by its own policy', async () => {
        const key = newKey()
        expect(textOf(await say(`flaky ${key}`))).toBe('at try 3')
        expect(ran(`${key}/flaky`)).toBe(3)
      })

      it('that failed and was not caught runs again with the next attempt', async () => {
        const key = newKey()
        expect(textOf(await say(`step-fails-once ${key}`))).toBe('second time')
      })

      it('that failed and was caught fails again the same way, without running', async () => {
        const key = newKey()
        expect(textOf(await say(`caught ${key}`))).toBe('broken RangeError E_ROOM no room')
        expect([ran(`${key}/broken`), ran(`${key}/fallback`)]).toEqual([1, 1])
      })

      it('in another order than before fails the task', async () => {
        const key = newKey()
        const task = await say(`reorder ${key}`)
        expect([stateOf(task), statusText(task)]).toEqual([
          'TASK_STATE_FAILED',
          'The agent failed to handle the message.',
        ])
        expect([ran(`${key}/a`), ran(`${key}/b`)]).toEqual([1, 1])
      })

      it('that is left out fails the task', async () => {
        expect(stateOf(await say(`left-out ${newKey()}`))).toBe('TASK_STATE_FAILED')
      })

      it.each([
        ['function', 'step "bad" that is a function, which cannot be written down'],
        ['bigint', 'step "bad" that is a BigInt at .deep[0]; return it as a string'],
        ['date', 'step "bad" that is a Date; return its toISOString()'],
        ['instance', 'step "bad" that is a Offer, which would come back as a plain object; return its data'],
      ])('that gives back a %s fails with what to do', async (kind, problem) => {
        const key = newKey()
        const task = await say(`bad-value ${key} ${kind}`)
        expect([stateOf(task), statusText(task)]).toEqual([
          'TASK_STATE_FAILED',
          `Agent journaled gave back a value from ${problem}`,
        ])
        expect(ran(`${key}/bad`)).toBe(1)
      })

      it('that gives back more than a task may hold is told so, and may go on', async () => {
        expect(textOf(await say('big'))).toBe('too big: PAYLOAD_TOO_LARGE')
      })

      it('cannot be inside another', async () => {
        expect(statusText(await say('nested'))).toContain('called ctx.step inside step "outer"')
      })

      it('is refused where turns are not written down', async () => {
        const inline = taskOf(await wire.call('sendMessage', send('x'), { agent: 'inline-stepper' }))
        expect(statusText(inline)).toContain("called ctx.step, but it declares run: 'inline'")
        expect(await refused(wire.call('sendMessage', send('x'), { agent: 'direct-stepper' }))).toBe(
          'INVALID_AGENT_RESPONSE',
        )
      })
    })

    section('ask', () => {
      it('ends the turn, and the answer goes on from the same line', async () => {
        const key = newKey()
        const asked = await say(`ask ${key}`)
        expect([stateOf(asked), statusText(asked)]).toEqual(['TASK_STATE_INPUT_REQUIRED', 'Which of Lisbon and Porto?'])
        const second = await reply(asked.id, 'Porto')
        expect([stateOf(second), statusText(second)]).toEqual(['TASK_STATE_INPUT_REQUIRED', 'How many?'])
        const done = await reply(asked.id, '2')
        expect(stateOf(done)).toBe('TASK_STATE_COMPLETED')
        expect(textOf(done)).toBe('Before. You chose Porto. Booked Porto for 2.')
        expect([ran(`${key}/search`), ran(`${key}/book`)]).toEqual([1, 1])
        expect(done.history?.map((message) => message.parts?.[0]?.text)).toEqual([
          `ask ${key}`,
          'Which of Lisbon and Porto?',
          'Porto',
          'How many?',
          '2',
        ])
      })

      it('does not say again what earlier turns have said', async () => {
        const { id } = await say(`ask ${newKey()}`)
        const events = await all(wire.stream('sendStreamingMessage', send('Porto', {}, { taskId: id }), AGENT))
        expect(streamedText(events)).toBe('Before. You chose Porto. ')
        const working = events.filter(({ statusUpdate }) => JSON.stringify(statusUpdate ?? '').includes('searching'))
        expect(working).toEqual([])
        expect(outline(events).at(-1)).toMatch(/INPUT_REQUIRED$/)
      })

      it('calls the handler with its first message', async () => {
        const { id } = await say(`mirror ${newKey()}`)
        const done = await reply(id, 'sure')
        expect(done.artifacts?.[0]?.parts?.[0]?.data).toMatchObject({ turn: 1, history: 0, answer: 'sure' })
      })

      it('asks again when the answer does not fit its schema, and loses nothing', async () => {
        const key = newKey()
        const { id } = await say(`schema ${key}`)
        const again = await reply(id, 'x')
        expect(stateOf(again)).toBe('TASK_STATE_INPUT_REQUIRED')
        expect(again.status?.message?.parts).toEqual([
          { text: 'The answer does not fit: city: must be the name of a city.' },
          { text: 'Which city?' },
        ])
        const next = await reply(id, '', { parts: [{ data: { city: 'Rome' } }] })
        expect(statusText(next)).toBe('And then?')
        expect(textOf(await reply(id, 'home'))).toBe('ROME home')
        expect(ran(`${key}/after`)).toBe(1)
      })

      it('throws at the same line when its time is over', async () => {
        const key = newKey()
        const asked = await say(`timeout ${key}`)
        expect(stateOf(asked)).toBe('TASK_STATE_INPUT_REQUIRED')
        const done = await untilState(asked.id, 'TASK_STATE_COMPLETED')
        expect(textOf(done)).toBe('caught true then')
        expect(ran(`${key}/late`)).toBe(1)
        expect(await refused(reply(asked.id, 'too late'))).toBe('UNSUPPORTED_OPERATION')
      })

      it('fails the task when nobody catches that', async () => {
        const { id } = await say('timeout-thrown')
        expect(statusText(await untilState(id, 'TASK_STATE_FAILED'))).toBe('Nobody answered in time.')
      })

      it('is asked once more by its reminder', async () => {
        const { id } = await say('reminder')
        const leaver = new AbortController()
        const states: string[] = []
        for await (const event of wire.stream('subscribeToTask', { id }, { ...AGENT, signal: leaver.signal })) {
          const status = (event.statusUpdate ?? event.task) as { status?: { state?: string } }
          states.push(status.status?.state ?? '')
          if (states.length === 3) break
        }
        leaver.abort()
        expect(states).toEqual(Array(3).fill('TASK_STATE_INPUT_REQUIRED'))
        expect(textOf(await reply(id, 'here'))).toBe('Yes: here')
      })

      it('is not answered by a message that was sent before it', async () => {
        const key = newKey()
        const { id } = taskOf(await wire.call('sendMessage', send(`wait-then-ask ${key}`, NOW), AGENT))
        await wire.call('sendMessage', send('too early', NOW, { taskId: id }), AGENT)
        openGate(key)
        const asked = await untilState(id, 'TASK_STATE_INPUT_REQUIRED')
        expect(statusText(asked)).toBe('Now?')
        const done = await reply(id, 'now')
        expect([textOf(done), done.history?.map((message) => message.parts?.[0]?.text)]).toEqual([
          'answer: now',
          [`wait-then-ask ${key}`, 'too early', 'Now?', 'now'],
        ])
      })

      it('waits for steps beside it, and is the only one that may wait', async () => {
        const { id } = await say(`ask-beside-step ${newKey()}`)
        expect(textOf(await reply(id, 'ok'))).toBe('ok 2')
        expect(statusText(await say('two-asks'))).toBe(
          'Agent journaled called ctx.ask while ctx.ask waits; only one of them may wait at a time',
        )
      })

      it('refuses an answer that is too large, and still takes another', async () => {
        const { id } = await say(`schema ${newKey()}`)
        expect(await refused(reply(id, 'x', { metadata: { wide: 'x'.repeat(800_000) } }))).toBe('PAYLOAD_TOO_LARGE')
        expect(statusText(await reply(id, 'Rome'))).toBe('And then?')
      })

      it('can be canceled', async () => {
        const { id } = await say('reminder')
        await wire.call('cancelTask', { id }, AGENT)
        expect(stateOf(await wire.call('getTask', { id }, AGENT))).toBe('TASK_STATE_CANCELED')
      })

      it('leaves a finished handler behind: what was queued gets a new one', async () => {
        const key = newKey()
        const { id } = await say(`ask-then-wait ${key}`)
        for (const text of ['yes', 'more']) await wire.call('sendMessage', send(text, NOW, { taskId: id }), AGENT)
        openGate(key)
        expect(textOf(await untilState(id, 'TASK_STATE_COMPLETED'))).toBe('answer: yesfresh: more')
      })
    })

    section('approve', () => {
      it.each([
        ['Yes.', {}],
        ['', { parts: [{ data: { approved: true } }] }],
      ])('goes on after %s', async (text, message) => {
        const key = newKey()
        const asked = await say(`approve ${key}`)
        expect(statusText(asked)).toBe('Pay 1200?')
        expect(textOf(await reply(asked.id, text, message))).toBe('paid')
        expect(ran(`${key}/pay`)).toBe(1)
      })

      it('ends the task REJECTED after a no', async () => {
        const { id } = await say(`approve ${newKey()}`)
        const done = await reply(id, 'no')
        expect([stateOf(done), statusText(done)]).toEqual(['TASK_STATE_REJECTED', 'The approval was denied.'])
      })

      it('lets the author catch a no', async () => {
        const { id } = await say('approve-caught')
        expect(textOf(await reply(id, '', { parts: [{ data: { approved: false } }] }))).toBe('caught true')
      })

      it('asks again when the answer is neither', async () => {
        const { id } = await say(`approve ${newKey()}`)
        const again = await reply(id, 'yes, but not today')
        expect(again.status?.message?.parts).toEqual([{ text: 'The answer must be yes or no.' }, { text: 'Pay 1200?' }])
        expect(textOf(await reply(id, 'ok'))).toBe('paid')
      })
    })

    section('call', () => {
      it('gives back what the other agent has said; a retry finds the same task', async () => {
        const key = newKey()
        const done = await say(`call ${key} callee crash ${key} hello`)
        expect(textOf(done)).toBe('callee said hello for local')
        expect(ran(`callee/${key}`)).toBe(1)
        const child = await wire.call('getTask', { id: statusText(done) ?? '' }, { agent: 'callee' })
        expect([stateOf(child), textOf(child)]).toEqual(['TASK_STATE_COMPLETED', 'hello for local'])
        expect(child.contextId).toBe(done.contextId)
      })

      it.each([
        ['answering-callee', 're: hi'],
        ['direct-callee', 'directly: hi'],
      ])('takes a Message of %s', async (target, text) => {
        const done = await say(`call ${newKey()} ${target} hi`)
        expect([textOf(done), statusText(done)]).toEqual([`${target} said ${text}`, 'no task'])
      })

      it('may be made beside others', async () => {
        expect(textOf(await say(`call-both ${newKey()}`))).toBe('l for local and r for local')
      })

      it.each([
        ['fail', 'TASK_STATE_FAILED no way'],
        ['reject', 'TASK_STATE_REJECTED not mine'],
      ])('throws when the other agent gives up: %s', async (command, text) => {
        expect(textOf(await say(`call-caught ${newKey()} callee ${command} x`))).toBe(text)
      })

      it('throws when the other agent asks, and can answer', async () => {
        expect(textOf(await say(`call-caught ${newKey()} callee ask x`))).toBe('Which? got the answer')
      })

      it('fails the task when nobody catches that, or when there is no such agent', async () => {
        expect(stateOf(await say(`call ${newKey()} callee fail x`))).toBe('TASK_STATE_FAILED')
        expect(statusText(await say(`call ${newKey()} nobody x`))).toBe('ctx.call: no agent "nobody" is served here')
      })

      it('reaches an agent at a URL', async () => {
        const key = newKey()
        const done = await say(`call ${key} ${wire.url}/agents/callee crash ${key} hello`)
        expect(textOf(done)).toBe(`${wire.url}/agents/callee said hello for local`)
        expect(ran(`callee/${key}`)).toBe(1)
      })

      it('is canceled with its task, also at a URL', async () => {
        const key = newKey()
        const there = `${wire.url}/agents/callee`
        const { id } = taskOf(await wire.call('sendMessage', send(`call ${newKey()} ${there} wait ${key}`, NOW), AGENT))
        await eventually(() => expect(ran(`callee/${key}`)).toBe(1))
        await wire.call('cancelTask', { id }, AGENT)
        await untilState(id, 'TASK_STATE_CANCELED')
        expect(seen.aborted.get(key)).toBe('canceled')
      })

      it.each([
        ['is canceled with its task, and has ended when that has', 'call'],
        ['is canceled with its task, also when the handler goes on', 'call-anyway'],
      ])('%s', async (_, command) => {
        const key = newKey()
        const { id, contextId } = taskOf(
          await wire.call('sendMessage', send(`${command} ${newKey()} callee wait ${key}`, NOW), AGENT),
        )
        await eventually(() => expect(ran(`callee/${key}`)).toBe(1))
        await wire.call('cancelTask', { id }, AGENT)
        await untilState(id, 'TASK_STATE_CANCELED')
        expect(seen.aborted.get(key)).toBe('canceled')
        await eventually(async () => {
          const { tasks } = await wire.call('listTasks', { contextId }, { agent: 'callee' })
          expect((tasks as object[]).map((task) => stateOf(task))).toEqual(['TASK_STATE_CANCELED'])
        })
      })

      it('is canceled with its task, which keeps what was shown, when nobody is at work on it', async () => {
        const key = newKey()
        const agent = { agent: 'unlucky' }
        const { id } = taskOf(await wire.call('sendMessage', send(key, NOW), agent))
        await eventually(() => expect(ran(`unlucky/${key}`)).toBe(1))
        await delay(300)
        await wire.call('cancelTask', { id }, agent)
        await eventually(async () => {
          const task = await wire.call('getTask', { id }, agent)
          expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_CANCELED', 'so far'])
        })
        expect(seen.aborted.get(key)).toBe('canceled')
      })
    })

    section('sleep', () => {
      it('waits in the process when it is short', async () => {
        expect(textOf(await say(`nap ${newKey()}`))).toBe('slept')
      })

      it('leaves the process when it is long: WORKING, and messages wait', async () => {
        const { id } = taskOf(await wire.call('sendMessage', send('sleep long', NOW), AGENT))
        await eventually(async () => {
          const task = await wire.call('getTask', { id }, AGENT)
          expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_WORKING', 'good night '])
        })
        const answer = taskOf(await wire.call('sendMessage', send('hello?', NOW, { taskId: id }), AGENT))
        expect(stateOf(answer)).toBe('TASK_STATE_WORKING')
        await wire.call('cancelTask', { id }, AGENT)
        expect(stateOf(await untilState(id, 'TASK_STATE_CANCELED'))).toBe('TASK_STATE_CANCELED')
      })
    })
  })
}
