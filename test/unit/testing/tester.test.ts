/** The testing kit does what its users count on. */
import { Role } from '@a2a-js/sdk'
import { AgentEvent } from '@a2a-js/sdk/server'
import { describe, expect, it, vi } from 'vitest'
import { fromExecutor } from '../../../src/compat/index.js'
import {
  Agent,
  type AgentContext,
  ApprovalDenied,
  AskTimeout,
  agent,
  CalledTaskError,
  data,
  file,
  type Message,
  message,
  messageHandler,
  status,
} from '../../../src/index.js'
import { AgentTester, outline, test } from '../../../src/testing/index.js'
import { fc } from '../../support/property.js'
import { all } from '../../support/reading.js'

const booking = () => {
  const ran: string[] = []
  const definition = agent({ id: 'booking' }, async function* (_, ctx) {
    yield status('searching')
    const offer = await ctx.step('search', () => {
      ran.push('search')
      return { city: 'Rome', price: 1200 }
    })
    yield data({ offer }, { name: 'offer' })
    const answer = await ctx.ask(`Book ${offer.city}?`, { timeout: '3 days', reminder: '1 day' })
    await ctx.step('book', () => {
      ran.push('book')
    })
    return `Booked: ${answer.text}`
  })
  return { definition, ran }
}

describe('a conversation', () => {
  it('is sent, answered and looked at', async () => {
    const t = test(booking().definition)
    expect(await t.send('Rome')).toMatchObject({ state: 'TASK_STATE_INPUT_REQUIRED', statusText: 'Book Rome?' })
    expect(t.artifacts()).toMatchObject([
      { name: 'offer', parts: [{ data: { offer: { city: 'Rome', price: 1200 } } }] },
    ])
    expect(await t.reply('yes')).toMatchObject({ state: 'TASK_STATE_COMPLETED', text: 'Booked: yes' })
    expect(t.steps()).toEqual({ search: 1, book: 1 })
    expect(t.task()?.history).toHaveLength(3)
    expect(t.outline()).toEqual([
      'task SUBMITTED',
      'WORKING',
      'WORKING: searching',
      'artifact offer {"offer":{"city":"Rome","price":1200}}',
      'INPUT_REQUIRED: Book Rome?',
      'WORKING',
      'artifact "Booked: yes"',
      'COMPLETED',
    ])
  })

  it('is the same in every run, to the last id and time', async () => {
    const run = async () => {
      const t = test(booking().definition)
      await t.send('Rome')
      await t.advance('25 hours')
      await t.reply('yes')
      return [t.events(), t.task()]
    }
    expect(await run()).toEqual(await run())
  })

  it('takes parts, metadata, a skill and a caller', async () => {
    const t = test(
      agent(
        { id: 'mirror', skills: { a: {}, b: {} }, inputModes: ['text/plain', 'application/json'] },
        (incoming, ctx) =>
          JSON.stringify([incoming.data, incoming.metadata.x, ctx.metadata, ctx.skill, ctx.caller.principal]),
      ),
    )
    const options = { metadata: { x: 1 }, requestMetadata: { y: 2 }, skill: 'b', principal: 'ada' }
    expect((await t.send([{ data: { n: 1 } }], options)).text).toBe('[{"n":1},1,{"y":2},"b","ada"]')
    await expect(t.send('x', { skill: 'c' })).rejects.toMatchObject({ reason: 'INVALID_PARAMS' })
  })

  it('with a class, an executor of another SDK, and middleware around', async () => {
    class Travel extends Agent {
      id = 'travel'
      static override handlers = { handle: messageHandler() }
      async handle(incoming: Message, ctx: AgentContext) {
        return `${await ctx.step('go', () => 'Off to')} ${incoming.text}`
      }
    }
    const seen: string[] = []
    const t = test(new Travel(), {
      use: [
        (incoming, _, next) => {
          seen.push(incoming.text)
          return next()
        },
      ],
    })
    t.crash({ afterStep: 'go' })
    expect((await t.send('Rome')).text).toBe('Off to Rome')
    expect([seen, t.steps()]).toEqual([['Rome', 'Rome'], { go: 1 }])
    const executor = fromExecutor(
      {
        async execute({ userMessage }, bus) {
          bus.publish(AgentEvent.message({ ...userMessage, messageId: 'answer', role: Role.ROLE_AGENT }))
          bus.finished()
        },
        async cancelTask() {},
      },
      { id: 'executor' },
    )
    expect(await test(executor).send('Rome')).toMatchObject({ text: 'Rome', task: undefined })
  })

  it('belongs to its caller: the answer comes from the same one', async () => {
    const t = test(agent({ id: 'who' }, async (_, ctx) => `${(await ctx.ask('?')).text} ${ctx.caller.principal}`))
    await t.send('x', { principal: 'ada' })
    await expect(t.reply('hi', { principal: 'eve' })).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND' })
    expect((await t.reply('hi')).text).toBe('hi ada')
  })

  it('refuses what a server refuses', async () => {
    const t = test(agent({ id: 'plain', inputModes: ['text/plain'] }, () => 'x'))
    await expect(t.send([{ data: 1, mediaType: 'application/json' }])).rejects.toMatchObject({
      reason: 'CONTENT_TYPE_NOT_SUPPORTED',
    })
    const { task } = await t.send('x')
    await expect(t.send('x', { taskId: task?.id ?? '' })).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
  })

  it('with an agent that answers with Messages, durable, direct or either', async () => {
    for (const meta of [{ answers: 'message' }, { run: 'direct' }, { answers: 'either' }] as const) {
      const t = test(agent({ id: 'hello', ...meta }, ({ text }) => message(`Hello ${text}`)))
      expect(await t.send('Ada')).toMatchObject({ text: 'Hello Ada', task: undefined, message: { role: 'ROLE_AGENT' } })
      expect([t.text(), t.outline(), t.task()]).toEqual(['Hello Ada', ['message "Hello Ada"'], undefined])
    }
    const either = test(
      agent({ id: 'hello', answers: 'either' }, async (_, ctx) => {
        await ctx.sleep('3 days')
        return 'a task'
      }),
    )
    await either.send('Ada')
    expect(await either.advance('3 days')).toMatchObject({ text: 'a task', message: undefined })
  })

  it('has as many tasks as it likes, in one context', async () => {
    const t = test(booking().definition)
    const first = await t.send('a')
    const second = await t.send('b')
    expect(first.task?.contextId).toBe(second.task?.contextId)
    expect(first.task?.id).not.toBe(second.task?.id)
    await t.send('yes', { taskId: first.task?.id ?? '' })
    expect([t.task()?.id, t.text()]).toEqual([first.task?.id, 'Booked: yes'])
  })

  it('shows what a failing handler leaves, and takes no time for its tries', async () => {
    const attempts: number[] = []
    const t = test(
      agent({ id: 'failing', retry: { maxAttempts: 4, initialIntervalMs: 10_000 } }, (_, ctx) => {
        attempts.push(ctx.attempt)
        throw new Error('no')
      }),
    )
    expect(await t.send('x')).toMatchObject({
      state: 'TASK_STATE_FAILED',
      statusText: 'The agent failed to handle the message.',
    })
    expect(attempts).toEqual([1, 2, 3, 4])
    expect(t.now().toISOString()).toBe('2026-01-01T00:01:00.000Z')
  })
})

describe('t.stream', () => {
  it('gives what a reader of the stream sees', async () => {
    const t = test(
      agent({ id: 'writer' }, async function* () {
        yield 'The '
        yield 'rain.'
        yield file('rain.txt', 'https://files.example/rain.txt')
      }),
    )
    const events = await all(t.stream('rain'))
    expect(outline(events)).toEqual([
      'task SUBMITTED',
      'WORKING',
      'artifact "The "',
      '+ "rain."',
      'artifact rain.txt [rain.txt]',
      '+ ""',
      'COMPLETED',
    ])
    expect(outline(events)).toEqual(t.outline())
  })

  it('ends when the task waits for time', async () => {
    const t = test(
      agent({ id: 'sleeper' }, async function* (_, ctx) {
        yield 'good night '
        await ctx.sleep('3 days')
        yield 'good morning'
      }),
    )
    expect(outline(await all(t.stream('x'))).at(-1)).toBe('WORKING')
    expect(await t.advance('3 days')).toMatchObject({ state: 'TASK_STATE_COMPLETED' })
  })

  it('is refused for an agent that does not stream', async () => {
    const t = test(agent({ id: 'quiet', capabilities: { streaming: false } }, () => 'x'))
    await expect(all(t.stream('x'))).rejects.toMatchObject({ reason: 'UNSUPPORTED_OPERATION' })
  })
})

describe('t.crash', () => {
  it('after a step: the next attempt replays, and the step does not run again', async () => {
    const { definition, ran } = booking()
    const t = test(definition)
    t.crash({ afterStep: 'search' })
    await t.send('Rome')
    t.crash({ afterStep: 'book' })
    expect(await t.reply('yes')).toMatchObject({ state: 'TASK_STATE_COMPLETED', text: 'Booked: yes' })
    expect(ran).toEqual(['search', 'book'])
    expect(t.outline().filter((line) => line === 'WORKING')).toHaveLength(4)
  })

  it('lets nothing of the lost attempt run on', async () => {
    const ran: string[] = []
    const t = test(
      agent({ id: 'two' }, async (_, ctx) => {
        const branch = async (name: string) => {
          for (const part of [1, 2]) await ctx.step(`${name}${part}`, () => void ran.push(`${name}${part}`))
        }
        try {
          await Promise.all([branch('a'), branch('b')])
        } finally {
          ran.push('end')
        }
        return 'done'
      }),
    )
    t.crash({ afterStep: 'a1' })
    expect((await t.send('x')).text).toBe('done')
    expect(ran.filter((name) => name === 'end')).toEqual(['end'])
    expect(ran.filter((name) => name === 'a2' || name === 'a1' || name === 'b2').sort()).toEqual(['a1', 'a2', 'b2'])
  })

  it('names which run of a step is meant', async () => {
    const attempts: string[] = []
    const t = test(
      agent({ id: 'loop' }, async (_, ctx) => {
        for (const n of [1, 2, 3]) await ctx.step('next', () => void attempts.push(`${ctx.attempt}/${n}`))
      }),
    )
    t.crash({ afterStep: 'next', time: 2 })
    await t.send('x')
    expect(attempts).toEqual(['1/1', '1/2', '2/3'])
  })

  it('may be planned many times: whatever crashes, each step runs once and the end is the same', async () => {
    const many = agent({ id: 'many' }, async function* (incoming, ctx) {
      for (const name of incoming.text.split(' ')) yield `${await ctx.step(name, () => name)} `
      return `${ctx.attempt}`
    })
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 8 })
    const cases = names.chain((steps) => fc.record({ steps: fc.constant(steps), crashes: fc.subarray(steps) }))
    await fc.assert(
      fc.asyncProperty(cases, async ({ steps, crashes }) => {
        const t = test(many)
        for (const afterStep of crashes) t.crash({ afterStep })
        expect((await t.send(steps.join(' '))).text).toBe(`${steps.join(' ')} ${crashes.length + 1}`)
        expect(t.steps()).toEqual(Object.fromEntries(steps.map((name) => [name, 1])))
        expect(t.warnings()).toEqual([])
      }),
      { numRuns: 50 },
    )
  })

  it('now: in the middle of a stream', async () => {
    let released: () => void = () => {}
    const t = test(
      agent({ id: 'writer' }, async function* (_, ctx) {
        yield `from ${ctx.attempt} `
        if (ctx.attempt === 1) await new Promise<void>((resolve) => (released = resolve))
        yield 'to the end'
      }),
    )
    for await (const event of t.stream('x'))
      if (event.artifactUpdate?.artifact?.parts?.[0]?.text === 'from 1 ') t.crash()
    released()
    expect(t.text()).toBe('from 2 to the end')
    expect(() => t.crash()).toThrow('t.crash(): no handler runs, the task is COMPLETED; name a step')
  })

  it('after a step that never comes says which came', async () => {
    const t = test(booking().definition)
    t.crash({ afterStep: 'serach' })
    await t.send('Rome')
    await expect(t.reply('yes')).rejects.toThrow(
      't.crash({ afterStep: "serach" }): no such step ran before the end; steps that ran: "search" (1), "book" (1)',
    )
  })

  it('is no failure of the handler: it does not count against its tries', async () => {
    const t = test(
      agent({ id: 'once', retry: { maxAttempts: 1 } }, (_, ctx) => ctx.step('a', () => ctx.attempt).then(String)),
    )
    t.crash({ afterStep: 'a' })
    expect(await t.send('x')).toMatchObject({ state: 'TASK_STATE_COMPLETED', text: '1' })
  })

  it('withdraws what the lost attempt had shown and the next one does not', async () => {
    const t = test(
      agent({ id: 'changing' }, async function* (_, ctx) {
        if (ctx.attempt === 1) yield data({ n: 1 }, { name: 'draft' })
        await ctx.step('a', () => {})
      }),
      { onWarning: () => {} },
    )
    t.crash({ afterStep: 'a' })
    await t.send('x')
    expect(t.outline().slice(-2)).toEqual(['superseded', 'COMPLETED'])
    expect(t.warnings()).toHaveLength(1)
  })

  it('is refused where there are no steps', () => {
    expect(() => test(agent({ id: 'inline', run: 'inline' }, () => 'x')).crash({ afterStep: 'a' })).toThrow(
      `agent inline has no steps, it declares run: 'inline'`,
    )
    expect(() => test(booking().definition).crash()).toThrow('t.crash(): there is no task')
  })
})

describe('t.advance', () => {
  it('brings reminders and the timeout of a question', async () => {
    const t = test(booking().definition)
    await t.send('Rome')
    await t.advance('2 days')
    expect(t.outline().filter((line) => line.startsWith('INPUT_REQUIRED'))).toHaveLength(3)
    expect(await t.advance('1 day')).toMatchObject({
      state: 'TASK_STATE_FAILED',
      statusText: 'Nobody answered in time.',
    })
    expect(t.now().toISOString()).toBe('2026-01-04T00:00:00.000Z')
  })

  it('wakes sleepers at their time and not before; short sleeps pass by themselves', async () => {
    const t = test(
      agent({ id: 'sleeper' }, async (_, ctx) => {
        await ctx.sleep('20 s')
        await ctx.sleep('2 days')
        await ctx.sleep('1 day')
        return 'awake'
      }),
    )
    expect(await t.send('x')).toMatchObject({ state: 'TASK_STATE_WORKING' })
    expect(await t.advance(3 * 86_400_000 - 1)).toMatchObject({ state: 'TASK_STATE_WORKING' })
    expect(await t.advance(1)).toMatchObject({ state: 'TASK_STATE_COMPLETED', text: 'awake' })
  })

  it('brings idle timeouts and deadlines', async () => {
    const hanging = (_: unknown, ctx: { signal: AbortSignal }) =>
      new Promise<string>((_resolve, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)))
    const idle = test(agent({ id: 'idle', idleTimeoutMs: 60_000, retry: { maxAttempts: 1 } }, hanging))
    const sent = idle.send('x')
    await idle.advance('1 minute')
    expect(await sent).toMatchObject({ state: 'TASK_STATE_FAILED', statusText: 'The agent made no progress in time.' })
    const late = test(agent({ id: 'late', deadlineMs: 60_000 }, hanging))
    const other = late.send('x')
    await late.advance('1 minute')
    expect(await other).toMatchObject({ statusText: 'The agent did not finish in time.' })
  })

  it('refuses to go back, and what is no duration', async () => {
    const t = test(booking().definition)
    await expect(t.advance(-1)).rejects.toThrow('t.advance(-1): time only goes forward')
    await expect(t.advance('soon' as never)).rejects.toThrow('the duration of t.advance ("soon") must be')
  })
})

describe('t.fake', () => {
  const caller = agent({ id: 'caller' }, async (incoming, ctx) => {
    const [target = '', text = ''] = incoming.text.split(' ')
    try {
      const { text: answer } = await ctx.call(target, text)
      return `${target} said ${answer}`
    } catch (error) {
      if (error instanceof CalledTaskError) return `${error.agent} is ${error.state}: ${error.message}`
      throw error
    }
  })

  it('stands in for agents by id and by URL', async () => {
    const t = test(caller)
    const weather = t.fake('weather', 'sunny')
    t.fake('https://maps.example/a2a', async function* ({ text }) {
      yield `map of ${text}`
    })
    expect((await t.send('weather Rome')).text).toBe('weather said sunny')
    expect((await t.send('https://maps.example/a2a Rome')).text).toBe('https://maps.example/a2a said map of Rome')
    expect(weather.messages.map(({ text }) => text)).toEqual(['Rome'])
    t.fake('weather', (_, ctx) => ctx.ask('Which Rome?').then(({ text }) => text))
    expect((await t.send('weather Rome')).text).toBe('weather is TASK_STATE_INPUT_REQUIRED: Which Rome?')
  })

  it('may take its time: real, or that of the clock', async () => {
    const t = test(caller)
    t.fake('slow', () => new Promise<string>((resolve) => setTimeout(resolve, 20, 'at last')))
    expect((await t.send('slow x')).text).toBe('slow said at last')
    t.fake('slow', async (_, ctx) => {
      await ctx.sleep('2 hours')
      return 'at last'
    })
    expect((await t.send('slow x')).state).toBe('TASK_STATE_WORKING')
    expect(await t.advance('123 minutes')).toMatchObject({ text: 'slow said at last' })
  })

  it('is sent a message once, whatever crashes', async () => {
    const t = test(caller)
    let release: (answer: string) => void = () => {}
    const slow = t.fake('slow', () => new Promise<string>((resolve) => (release = resolve)))
    const sent = t.send('slow x')
    await vi.waitFor(() => expect(slow.messages).toHaveLength(1))
    t.crash()
    await t.advance(0)
    release('at last')
    expect((await sent).text).toBe('slow said at last')
    expect(slow.messages).toHaveLength(1)
    expect(t.outline().filter((line) => line === 'WORKING')).toHaveLength(2)
  })

  it('reaches other real agents, and says what is missing', async () => {
    const t = test(caller, { agents: [agent({ id: 'echo' }, ({ text }) => `Echo: ${text}`)] })
    expect((await t.send('echo hi')).text).toBe('echo said Echo: hi')
    expect(await t.send('nobody hi')).toMatchObject({
      state: 'TASK_STATE_FAILED',
      statusText: 'ctx.call: the test knows no agent "nobody"; add t.fake("nobody", …)',
    })
  })
})

describe('t.cancel', () => {
  it('stops a handler that runs, one that waits and one that does not listen', async () => {
    const t = test(
      agent({ id: 'stubborn' }, async ({ text }, ctx) => {
        if (text === 'ask') await ctx.ask('?')
        await new Promise((resolve) => text === 'listen' && ctx.signal.addEventListener('abort', resolve))
        return 'never'
      }),
    )
    await t.send('ask')
    expect(await t.cancel()).toMatchObject({ state: 'TASK_STATE_CANCELED' })
    for (const text of ['listen', 'ignore']) {
      const sent = t.send(text)
      expect(await t.cancel()).toMatchObject({ state: 'TASK_STATE_CANCELED' })
      expect((await sent).state).toBe('TASK_STATE_CANCELED')
    }
    expect((await t.send('ask')).state).toBe('TASK_STATE_INPUT_REQUIRED')
    await t.cancel()
  })

  it('of a task that has ended is refused, as a server would', async () => {
    const t = test(agent({ id: 'quick' }, () => 'x'))
    await expect(t.cancel()).rejects.toThrow('t.cancel(): there is no task; begin one with t.send()')
    await t.send('x')
    await expect(t.cancel()).rejects.toMatchObject({ reason: 'TASK_NOT_CANCELABLE' })
  })
})

describe('t.reply', () => {
  it('is for what was asked', async () => {
    const t = test(agent({ id: 'quick' }, () => 'x'))
    await expect(t.reply('x')).rejects.toThrow('t.reply(): there is no task yet; begin one with t.send()')
    await t.send('x')
    await expect(t.reply('x')).rejects.toThrow('t.reply(): the task is COMPLETED and asks nothing')
  })

  it('reaches whatever waits: approvals, timeouts that were caught', async () => {
    const t = test(
      agent({ id: 'paying' }, async (_, ctx) => {
        try {
          await ctx.approve('Pay?', { timeout: '1 hour' })
          return 'paid'
        } catch (error) {
          if (error instanceof AskTimeout) return 'too late'
          if (error instanceof ApprovalDenied) return 'denied'
          throw error
        }
      }),
    )
    const ends: string[] = []
    for (const next of [() => t.reply('yes'), () => t.reply('no'), () => t.advance('1 hour')]) {
      await t.send('x')
      ends.push((await next())?.text ?? '')
    }
    expect(ends).toEqual(['paid', 'denied', 'too late'])
  })
})

describe('warnings', () => {
  it('name code outside of a step that does not repeat', async () => {
    let offers = 0
    const told: string[] = []
    const t = test(
      agent({ id: 'shop' }, async function* (_, ctx) {
        offers += 1
        yield `Offer ${offers}. `
        await ctx.step('book', () => {})
        yield `Made at attempt ${ctx.attempt}.`
      }),
      { onWarning: (warning) => told.push(warning) },
    )
    t.crash({ afterStep: 'book' })
    expect((await t.send('x')).text).toBe('Offer 2. Made at attempt 2.')
    expect(told).toHaveLength(1)
    expect(told[0]).toContain(
      'Agent shop said something else before step "book" when it ran again: first "Offer 1. ", then "Offer 2. "',
    )
    expect(t.warnings()).toEqual(told)
  })

  it('name a question that changes', async () => {
    let price = 10
    const t = test(
      agent({ id: 'shop' }, async (_, ctx) => {
        price += 1
        await ctx.approve(`Pay ${price}?`)
        return 'paid'
      }),
      { onWarning: () => {} },
    )
    await t.send('x')
    await t.reply('yes')
    expect(t.warnings()).toEqual([
      expect.stringContaining('Agent shop asked for something else in approve when it ran again'),
    ])
  })

  it('say nothing of what repeats, nor of what comes after the last call', async () => {
    const t = test(
      agent({ id: 'fine' }, async function* (_, ctx) {
        yield 'Hello. '
        const [a, b] = await Promise.all([ctx.step('a', () => Math.random()), ctx.step('b', () => Math.random())])
        yield `${a + b}`
        await ctx.ask('More?')
        yield `${Math.random()}`
      }),
    )
    t.crash({ afterStep: 'b' })
    await t.send('x')
    await t.reply('y')
    expect(t.warnings()).toEqual([])
  })
})

describe('a handler that never comes to rest', () => {
  it('fails the call in time and says what runs', async () => {
    const t = test(
      agent({ id: 'stuck' }, async ({ text }, ctx) => {
        if (text === 'step') await ctx.step('wait', () => new Promise<void>(() => {}))
        await new Promise(() => {})
      }),
      { timeoutMs: 50 },
    )
    await expect(t.send('step')).rejects.toThrow(
      'agent stuck is still busy after 50 ms (timeoutMs): step "wait" still runs',
    )
    const other = test(
      agent({ id: 'stuck' }, () => new Promise<string>(() => {})),
      { timeoutMs: 50 },
    )
    await expect(other.send('x')).rejects.toThrow('it awaits something that is no durable call')
  })
})

describe('a test runner', () => {
  it('may have fake timers', async () => {
    vi.useFakeTimers()
    try {
      const t = test(booking().definition)
      t.crash({ afterStep: 'search' })
      await t.send('Rome')
      expect((await t.reply('yes')).text).toBe('Booked: yes')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('AgentTester', () => {
  it('is the class that test() makes', () => {
    expect(test(booking().definition)).toBeInstanceOf(AgentTester)
    expect(() => test(booking().definition, { now: 'soon' })).toThrow('now (soon) is no time')
  })
})
