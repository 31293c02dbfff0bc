/** An agent that makes the durable calls a message asks for; what its steps do is counted here. */
import { setTimeout as delay } from 'node:timers/promises'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import {
  ApprovalDenied,
  AskTimeout,
  agent,
  CalledTaskError,
  complete,
  data,
  fail,
  reject,
  StepError,
  status,
  type TurnStopped,
} from '../../src/index.js'
import { gate, seen } from './agents.js'

/** How often the work of a step has run, by `<word of the message>/<step>`. */
export const runs = new Map<string, number>()

export function ran(key: string): number {
  return runs.get(key) ?? 0
}

function count(key: string): number {
  runs.set(key, ran(key) + 1)
  return ran(key)
}

/** Takes `{ "city": string }`, or text with more than two letters. */
const citySchema: StandardSchemaV1<unknown, { city: string }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const city = typeof value === 'string' ? value : (value as { city?: unknown } | null)?.city
      return typeof city === 'string' && city.length > 2
        ? { value: { city: city.toUpperCase() } }
        : { issues: [{ message: 'must be the name of a city', path: ['city'] }] }
    },
  },
}

export const journaled = agent(
  { id: 'journaled', inputModes: ['text/plain', 'application/json'], retry: { maxAttempts: 3, initialIntervalMs: 20 } },
  async function* (message, ctx) {
    const [command = '', key = '', ...rest] = message.text.split(' ')
    const step = <T>(name: string, value: T) =>
      ctx.step(name, () => {
        count(`${key}/${name}`)
        return value
      })
    switch (command) {
      case 'steps': {
        const first = await step('first', { n: 1 })
        const both = await Promise.all([step('left', 'l'), step('right', 'r'), step('right', 'r2')])
        if (ctx.attempt === 1) throw new Error('once')
        yield JSON.stringify([first, ...both, await step('last', undefined)])
        return
      }
      case 'ask': {
        yield status('searching')
        yield 'Before. '
        const found = await step('search', ['Lisbon', 'Porto'])
        const answer = await ctx.ask(`Which of ${found.join(' and ')}?`)
        yield `You chose ${answer.text}. `
        const second = await ctx.ask('How many?')
        return `${await step('book', 'Booked')} ${answer.text} for ${second.text}.`
      }
      case 'schema': {
        const { city } = await ctx.ask('Which city?', { schema: citySchema })
        await step('after', 1)
        const again = await ctx.ask('And then?')
        return `${city} ${again.text}`
      }
      case 'approve': {
        await ctx.approve('Pay 1200?')
        return step('pay', 'paid')
      }
      case 'approve-caught':
        try {
          await ctx.approve('Pay 1200?')
        } catch (error) {
          return `caught ${error instanceof ApprovalDenied}`
        }
        return 'paid'
      case 'timeout':
        try {
          await ctx.ask('Quick?', { timeout: 300 })
        } catch (error) {
          return `caught ${error instanceof AskTimeout} ${await step('late', 'then')}`
        }
        return 'answered'
      case 'timeout-thrown':
        await ctx.ask('Quick?', { timeout: 300 })
        return
      case 'reminder': {
        const answer = await ctx.ask('Still there?', { reminder: 150 })
        return `Yes: ${answer.text}`
      }
      case 'nap': {
        await ctx.sleep(20)
        await step('awake', 1)
        return 'slept'
      }
      case 'sleep':
        yield 'good night '
        await step('before', 1)
        await ctx.sleep(key === 'long' ? '3 days' : 31_000)
        return 'good morning'
      case 'flaky':
        return ctx.step(
          'flaky',
          ({ attempt }) => {
            count(`${key}/flaky`)
            if (attempt < 3) throw new Error('not yet')
            return `at try ${attempt}`
          },
          { retry: { maxAttempts: 5, initialIntervalMs: 10 } },
        )
      case 'step-fails-once':
        return ctx.step('fails', () => {
          if (count(`${key}/fails`) === 1) throw new Error('secret')
          return 'second time'
        })
      case 'caught': {
        let caught = ''
        try {
          await ctx.step('broken', () => {
            count(`${key}/broken`)
            throw Object.assign(new RangeError('no room'), { code: 'E_ROOM' })
          })
        } catch (error) {
          if (!(error instanceof StepError)) throw error
          caught = `${error.step} ${error.errorName} ${error.code} ${error.message}`
        }
        await step('fallback', 1)
        if (ctx.attempt === 1) throw new Error('once')
        return caught
      }
      case 'reorder':
        if (ctx.attempt === 1) {
          await step('a', 1)
          await step('b', 2)
          throw new Error('once')
        }
        await step('b', 2)
        await step('a', 1)
        return 'not reached'
      case 'left-out':
        if (ctx.attempt === 1) {
          await step('a', 1)
          throw new Error('once')
        }
        return 'not reached'
      case 'bad-value': {
        const values: Record<string, unknown> = {
          function: () => 1,
          bigint: { deep: [1n] },
          date: new Date(0),
          instance: new (class Offer {})(),
        }
        await ctx.step('bad', () => {
          count(`${key}/bad`)
          return values[rest[0] ?? '']
        })
        return 'not reached'
      }
      case 'big':
        try {
          await ctx.step('big', () => 'x'.repeat(105_000_000))
        } catch (error) {
          return `too big: ${(error as { reason?: string }).reason}`
        }
        return 'not reached'
      case 'two-asks':
        await Promise.all([ctx.ask('One?'), ctx.ask('Two?')])
        return
      case 'ask-beside-step': {
        const [answer, left] = await Promise.all([
          ctx.ask('Meanwhile?'),
          step('a', 1).then((one) => step('b', one + 1)),
        ])
        return `${answer.text} ${left}`
      }
      case 'nested':
        await ctx.step('outer', () => ctx.step('inner', () => 1))
        return
      case 'wait-then-ask': {
        await gate(key, ctx.signal)
        const answer = await ctx.ask('Now?')
        return `answer: ${answer.text}`
      }
      case 'ask-then-wait': {
        const answer = await ctx.ask('Go on?')
        await gate(key, ctx.signal)
        return `answer: ${answer.text}`
      }
      case 'call': {
        const [target = '', ...words] = rest
        const { text, data: json, taskId } = await ctx.call(target, words.join(' '))
        if (ctx.attempt === 1 && words[0] === 'crash') throw new Error('once')
        yield `${target} said ${text}${json === undefined ? '' : JSON.stringify(json)}`
        return complete(taskId ?? 'no task')
      }
      case 'call-caught':
        try {
          await ctx.call(rest[0] ?? '', rest.slice(1).join(' '))
        } catch (error) {
          if (!(error instanceof CalledTaskError)) throw error
          if (!error.isWaiting) return `${error.state} ${error.message}`
          const { text } = await ctx.call(error.agent, 'the answer', { taskId: error.taskId })
          return `${error.message} ${text}`
        }
        return 'not reached'
      case 'call-anyway':
        return await ctx.call(rest[0] ?? '', rest.slice(1).join(' ')).then(
          () => 'not reached',
          () => 'who cares',
        )
      case 'call-both': {
        const both = await Promise.all([ctx.call('callee', `say ${key} l`), ctx.call('callee', `say ${key} r`)])
        return both.map(({ text }) => text).join(' and ')
      }
      case 'mirror': {
        const answer = await ctx.ask('Go on?')
        yield data({ text: message.text, turn: ctx.turn, history: ctx.history.length, answer: answer.text })
        return
      }
      default:
        return `fresh: ${message.text}`
    }
  },
)

/** What the others call. */
export const callee = agent({ id: 'callee' }, async (message, ctx) => {
  const [command = '', key = '', ...rest] = message.text.split(' ')
  if (ctx.turn === 1) count(`callee/${key}`)
  switch (command) {
    case 'fail':
      return fail('no way')
    case 'reject':
      return reject('not mine')
    case 'ask':
      return `got ${(await ctx.ask('Which?')).text}`
    case 'wait':
      ctx.signal.addEventListener('abort', () => seen.aborted.set(key, (ctx.signal.reason as TurnStopped).reason))
      await gate(key, ctx.signal)
      return 'waited'
    default:
      return `${rest.join(' ')} for ${ctx.caller.principal}`
  }
})

export const answeringCallee = agent({ id: 'answering-callee', answers: 'message' }, ({ text }) => `re: ${text}`)
export const directCallee = agent({ id: 'direct-callee', run: 'direct' }, ({ text }) => `directly: ${text}`)

/** Shows something, hands a message over, and fails: long before it is tried again. */
export const unlucky = agent({ id: 'unlucky', retry: { initialIntervalMs: 60_000 } }, async function* (message, ctx) {
  yield 'so far'
  const open = ctx.call('callee', `wait ${message.text}`)
  open.catch(() => {})
  while (ran(`callee/${message.text}`) === 0) await delay(20, undefined, { signal: ctx.signal })
  count(`unlucky/${message.text}`)
  throw new Error('bad luck')
})

/** Calls in a mode that has none; the types forbid it. */
export const inlineStepper = agent({ id: 'inline-stepper', run: 'inline' }, async (_, ctx) => {
  await (ctx as unknown as { step(name: string, work: () => void): Promise<void> }).step('a', () => {})
  return 'not reached'
})

export const directStepper = agent({ id: 'direct-stepper', run: 'direct' }, async (_, ctx) => {
  await (ctx as unknown as { ask(question: string): Promise<void> }).ask('?')
  return 'not reached'
})

export const journalAgents = [callee, answeringCallee, directCallee, unlucky, journaled, inlineStepper, directStepper]
