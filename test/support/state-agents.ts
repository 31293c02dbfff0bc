/** Agents that do to their state what a message asks for. */
import { z } from 'zod'
import { agent, fail, inputRequired, reject, StateError } from '../../src/index.js'
import { gate, seen } from './agents.js'

const runs = new Map<string, number>()

/** How often what goes by this key has run. */
export function ranTimes(key: string): number {
  return runs.get(key) ?? 0
}

function run(key: string): number {
  runs.set(key, ranTimes(key) + 1)
  return ranTimes(key)
}

const trip = z.object({
  count: z.number().int().default(0),
  city: z.string().trim().min(3).optional(),
  list: z.array(z.string()).default([]),
})

export const remembering = agent(
  {
    id: 'remembering',
    state: {
      context: trip,
      caller: z.object({ count: z.number().default(0) }),
      agent: z.object({ count: z.number().default(0) }),
    },
    retry: { maxAttempts: 3, initialIntervalMs: 10 },
  },
  async function* (message, ctx) {
    const [command = '', key = '', ...rest] = message.text.split(' ')
    const plusOne = (n: number) => n + 1
    switch (command) {
      case 'count':
        return String(await ctx.state.update('count', plusOne))
      case 'count-all': {
        const mine = await ctx.state.update('count', plusOne)
        const callers = await ctx.state.caller.update('count', plusOne)
        return `${mine} ${callers} ${await ctx.state.agent.update('count', plusOne)}`
      }
      case 'count-agent':
        return String(await ctx.state.agent.update('count', plusOne))
      case 'show':
        return JSON.stringify(await ctx.state.get())
      case 'show-all':
        return JSON.stringify([await ctx.state.get(), await ctx.state.caller.get(), await ctx.state.agent.get()])
      case 'set':
        await ctx.state.set({ city: rest.join(' '), list: [key] })
        return JSON.stringify(await ctx.state.get('city'))
      case 'has':
        return `${await ctx.state.has('count')} ${await ctx.state.has('city')}`
      case 'delete':
        return `${await ctx.state.delete('city')} ${await ctx.state.delete('city')}`
      case 'clear':
        await ctx.state.clear()
        return JSON.stringify(await ctx.state.get())
      case 'together':
        await Promise.all(Array.from({ length: 20 }, () => ctx.state.update('count', plusOne)))
        return String(await ctx.state.get('count'))
      case 'throw-once':
        yield `${await ctx.state.update('count', plusOne)} `
        if (ctx.attempt === 1) throw new Error('once')
        return
      case 'throw':
        await ctx.state.update('count', plusOne)
        throw new Error('always')
      case 'fail':
        await ctx.state.update('count', plusOne)
        return fail('as told')
      case 'reject':
        await ctx.state.update('count', plusOne)
        return reject('as told')
      case 'cancel':
        await ctx.state.update('count', plusOne)
        seen.waiting.add(key)
        await gate(key, ctx.signal)
        return
      case 'turns':
        yield `${await ctx.state.update('count', plusOne)} `
        return ctx.turn < 3 ? inputRequired('more?') : undefined
      case 'ask': {
        const before = await ctx.state.update('count', plusOne)
        const answer = await ctx.ask('how many?')
        const read = await ctx.state.get('count')
        return `${before} ${read} ${await ctx.state.update('count', (n) => n + Number(answer.text))}`
      }
      case 'ask-twice': {
        const seenCounts = [await ctx.state.update('count', plusOne)]
        await ctx.ask('first?')
        seenCounts.push(await ctx.state.update('count', plusOne))
        await ctx.ask('second?')
        seenCounts.push(await ctx.state.update('count', plusOne))
        return seenCounts.join(' ')
      }
      case 'race': {
        // Reads, waits until the other turns have read too, and writes what only holds for what it has read.
        const before = await ctx.state.get('count')
        const paid = await ctx.step('pay', () => run(`${key}/pay`))
        seen.waiting.add(key)
        if (run(`${key}/handler`) === 1) await gate(key, ctx.signal)
        await ctx.state.set('count', before + 1)
        return `${before + 1} ${paid}`
      }
      case 'cache': {
        // What it calls depends on what it reads.
        if (!(await ctx.state.has('city'))) {
          const city = await ctx.step('load', () => {
            run(`${key}/load`)
            return 'Rome'
          })
          seen.waiting.add(key)
          if (run(`${key}/handler`) === 1) await gate(key, ctx.signal)
          await ctx.state.set('city', city)
          return `loaded ${city}`
        }
        run(`${key}/handler`)
        const n = await ctx.step('use', () => run(`${key}/use`))
        return `${await ctx.state.get('city')} ${n}`
      }
      case 'in-step':
        await ctx.step('outer', () => ctx.state.get())
        return
      case 'bad': {
        const change = {
          type: () => ctx.state.set('count', 'many' as never),
          short: () => ctx.state.set('city', ' x '),
          unknown: () => ctx.state.set('other' as never, 1 as never),
          undefined: () => ctx.state.set('city', undefined as never),
          date: () => ctx.state.set('list', [new Date(0)] as never),
          large: () => ctx.state.set('list', ['x'.repeat(70_000)]),
          async: () => ctx.state.update((async () => ({ count: 1 })) as never),
          nothing: () => ctx.state.update((() => 7) as never),
        }[key]
        await ctx.state.update('count', plusOne)
        try {
          await change?.()
        } catch (error) {
          if (!(error instanceof StateError)) throw error
          return `${error.message} | ${JSON.stringify(await ctx.state.get())}`
        }
        return 'taken'
      }
      case 'bad-uncaught':
        await ctx.state.set('city', 'x')
        return
      default:
        throw new Error(`no such command: ${command}`)
    }
  },
)

/** The same context has another state with every agent; without a schema it takes any JSON. */
export const loose = agent({ id: 'loose' }, async (message, ctx) => {
  const [command = '', key = ''] = message.text.split(' ')
  if (command === 'show') return JSON.stringify(await ctx.state.get())
  const { words = [] } = (await ctx.state.get()) as { words?: string[] }
  await ctx.state.set({ words: [...words, key], __proto__: { own: false } })
  await ctx.state.set('__proto__', { own: true })
  return String(await ctx.state.has('constructor'))
})

export const countingAnswers = agent({ id: 'counting-answers', answers: 'message' }, async (_, ctx) =>
  String(await ctx.state.update((state) => ({ count: Number(state.count ?? 0) + 1 })).then(({ count }) => count)),
)

export const inlineRemembering = agent({ id: 'inline-remembering', run: 'inline' }, async (_, ctx) => {
  await (ctx as unknown as { state: { get(): Promise<unknown> } }).state.get()
  return 'not reached'
})

export const stateAgents = [remembering, loose, countingAnswers, inlineRemembering]
