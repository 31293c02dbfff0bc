/** `ctx.state` is of the type that the agent's schemas say. Checked by `npm run check`. */
import { z } from 'zod'
import { type AgentContext, agent, type State } from '../../src/index.js'

const trips = z.object({ trips: z.number().default(0), city: z.string().optional() })
const visits = z.object({ visits: z.number().default(0) })

agent({ id: 'x', state: trips }, async (_, ctx) => {
  const count: number = await ctx.state.get('trips')
  const city: string | undefined = (await ctx.state.get()).city
  const { trips: after } = await ctx.state.update((state) => ({ trips: state.trips + count }))
  const again: number = await ctx.state.update('trips', (n) => n + after)
  await ctx.state.set('city', city ?? 'Rome')
  await ctx.state.set({ trips: again })
  // @ts-expect-error a text is no number
  await ctx.state.set('trips', 'many')
  // @ts-expect-error the schema has no such key
  await ctx.state.get('trip')
  // @ts-expect-error the schema has no such key
  await ctx.state.has('trip')
  // @ts-expect-error a text is no number
  await ctx.state.update((state) => ({ trips: `${state.trips}` }))
  // @ts-expect-error what is given to update() is not async
  await ctx.state.update('trips', async (n) => n + 1)
  // A scope without a schema takes any JSON.
  const loose: unknown = await ctx.state.caller.get('anything')
  return String(loose)
})

agent({ id: 'x', state: { context: trips, caller: visits } }, async (_, ctx) => {
  const mine: number = await ctx.state.get('trips')
  const theirs: number = await ctx.state.caller.get('visits')
  // @ts-expect-error it is a key of the context's state
  await ctx.state.caller.get('trips')
  await ctx.state.agent.set('anything', [mine, theirs])
  return 'done'
})

agent({ id: 'x' }, async (_, ctx) => {
  const state: State = ctx.state
  await state.set('anything', { at: 'all' })
  return 'done'
})

// @ts-expect-error the schema is of no object
agent({ id: 'x', state: z.string() }, () => 'done')

// @ts-expect-error there is no such scope
agent({ id: 'x', state: { conversation: trips } }, () => 'done')

agent({ id: 'x', run: 'inline' }, (_, ctx) => {
  // @ts-expect-error a turn that is not written down has no state
  void ctx.state
  return 'done'
})

/** For handlers that stand alone, and for methods of a class. */
export async function handle(_: unknown, ctx: AgentContext<typeof trips>): Promise<string> {
  const { trips: count } = await ctx.state.get()
  return String(count + 1)
}

agent({ id: 'x', state: trips }, handle)

agent({
  id: 'x',
  state: trips,
  skills: {
    booking: {
      handler: async (_, ctx) => {
        const n: number = await ctx.state.get('trips')
        // @ts-expect-error the schema has no such key
        await ctx.state.get('trip')
        return String(n)
      },
    },
  },
})
