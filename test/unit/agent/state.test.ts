/** `ctx.state` under the testing kit, and what `agent()` refuses. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import {
  Agent,
  type AgentContext,
  agent,
  agentDefinition,
  inputRequired,
  messageHandler,
  StateError,
} from '../../../src/index.js'
import { test } from '../../../src/testing/index.js'

const visits = z.object({ visits: z.number().default(0) })

describe('the state of an agent', () => {
  it.each([
    [{ state: 7 }, 'agent "x": state must be a Standard Schema of an object, such as z.object({ … }), not number'],
    [{ state: { caller: {} } }, 'state.caller must be a Standard Schema of an object'],
    [{ state: { user: visits } }, 'state has no scope "user"; its scopes are context, caller and agent'],
    [
      { state: z.object({ name: z.string() }) },
      'state.context does not take {}, which is what there is at first (name: ',
    ],
    [{ state: z.any().transform(() => 7) }, 'it makes something else of it than an object'],
    [{ state: visits, run: 'inline' }, "state is kept with durable turns only, but run is 'inline'"],
    [{ state: visits, run: 'direct' }, "state is kept with durable turns only, but run is 'direct'"],
  ])('%#: is refused when it cannot work, with what to do', (meta, text) => {
    expect(() => agent({ id: 'x', ...meta } as never, () => 'hi')).toThrow(text)
  })

  it('may be asked of a schema that answers later', async () => {
    const later: StandardSchemaV1<unknown, { visits?: number }> = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) =>
          (value as { visits?: number }).visits === 3
            ? { issues: [{ message: 'no three' }] }
            : { value: value as { visits?: number } },
      },
    }
    const t = test(
      agent({ id: 'x', state: later }, async (_, ctx) => {
        const error = await ctx.state
          .update((state) => ({ visits: (state.visits ?? 1) + 1 }))
          .catch((thrown: unknown) => thrown)
        return error instanceof StateError ? error.message : 'taken'
      }),
    )
    expect((await t.send('a')).text).toBe('taken')
    expect((await t.send('b')).text).toContain('does not fit its schema (no three)')
    expect(t.state('context')).toEqual({ visits: 2 })
  })

  it('is told by the kit, for every scope, context and caller', async () => {
    const counting = agent({ id: 'x', state: visits }, async (_, ctx) => {
      await ctx.state.update('visits', (n) => n + 1)
      await ctx.state.caller.set('last', ctx.caller.principal)
      await ctx.state.agent.set('last', ctx.caller.principal)
      return ctx.turn === 1 ? inputRequired('more?') : 'done'
    })
    const t = test(counting)
    expect(t.state('context')).toEqual({})
    await t.send('a')
    await t.reply('b')
    const contextId = 'shared-context'
    await t.send('c', { contextId })
    await t.send('d', { contextId, principal: 'mallory' })
    // A caller who names the context of another gets one of her own.
    expect(t.state('context', { contextId })).toEqual({ visits: 1 })
    expect(t.state('context', { contextId, principal: 'mallory' })).toEqual({ visits: 1 })
    expect([t.state('context'), t.state('caller'), t.state('agent')]).toEqual([
      { visits: 2 },
      { last: 'local' },
      { last: 'mallory' },
    ])
    expect(() => t.state('user' as never)).toThrow('a scope is one of agent, caller, context')
  })

  it('counts once over a crash, and reads the same in the attempt after it', async () => {
    const reads: unknown[] = []
    const t = test(
      agent({ id: 'x', state: visits }, async (_, ctx) => {
        const { visits: n } = await ctx.state.update((state) => ({ visits: state.visits + 1 }))
        reads.push(n)
        await ctx.step('work', () => 'done')
        return String(n)
      }),
    )
    t.crash({ afterStep: 'work' })
    expect((await t.send('a')).text).toBe('1')
    expect(reads).toEqual([1, 1])
    expect(t.state('context')).toEqual({ visits: 1 })
  })

  it('is forgotten when nothing has changed it for long; that of an agent is not', async () => {
    const t = test(
      agent({ id: 'x' }, async (_, ctx) => {
        for (const state of [ctx.state, ctx.state.caller, ctx.state.agent]) await state.set('kept', true)
        return 'done'
      }),
    )
    await t.send('a')
    const kept = () => (['context', 'caller', 'agent'] as const).map((scope) => 'kept' in t.state(scope))
    await t.advance('89 days')
    expect(kept()).toEqual([true, true, true])
    await t.advance('1 day')
    expect(kept()).toEqual([false, true, true])
    await t.advance('275 days')
    expect(kept()).toEqual([false, false, true])
  })

  it('that does not fit the schema of a newer version says what to do, and can be cleared', async () => {
    let schema: 'old' | 'new' = 'old'
    const state: StandardSchemaV1<unknown, { visits?: unknown }> = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate(value: unknown) {
          const found = value as { visits?: unknown }
          const fits = found.visits === undefined || typeof found.visits === (schema === 'old' ? 'number' : 'string')
          return fits ? { value: found } : { issues: [{ message: 'must be a text', path: ['visits'] }] }
        },
      },
    }
    const t = test(
      agent({ id: 'x', state }, async (message, ctx) => {
        if (message.text === 'set') await ctx.state.set('visits', 1)
        if (message.text === 'clear') await ctx.state.clear()
        return ctx.state.get('visits').then(
          (found) => JSON.stringify(found) ?? 'nothing',
          (error: unknown) => (error as StateError).message,
        )
      }),
    )
    expect((await t.send('set')).text).toBe('1')
    schema = 'new'
    expect((await t.send('get')).text).toBe(
      'Agent x, state of its context, key "visits": what is kept does not fit its schema any more (visits: must be a text); let the schema take what older versions have kept, or call clear()',
    )
    expect((await t.send('clear')).text).toBe('nothing')
  })

  it('is what a class has too', async () => {
    class Counting extends Agent {
      override id = 'counting'
      override state = visits

      @messageHandler()
      async handle(_: unknown, ctx: AgentContext<typeof visits>) {
        return String(await ctx.state.update('visits', (n) => n + 1))
      }
    }
    expect(agentDefinition(new Counting()).state).toEqual({ context: visits })
    const t = test(new Counting())
    await t.send('a')
    expect((await t.send('b')).text).toBe('2')
  })

  it('that is not used costs nothing', async () => {
    const t = test(agent({ id: 'x', state: visits }, async (_, ctx) => String(typeof ctx.state.get)))
    expect((await t.send('a')).text).toBe('function')
    expect(t.state('context')).toEqual({})
  })
})
