/** Any conversation with an agent, however often its handler runs, against what its changes come to when each is made once. */

import { expect, it } from 'vitest'
import { type AgentContext, agent, data, fail } from '../../../src/index.js'
import { test } from '../../../src/testing/index.js'
import { fc } from '../../support/property.js'

type Values = Record<string, unknown>

type Op =
  | { readonly op: 'set'; readonly key: string; readonly value: unknown }
  | { readonly op: 'add' | 'delete' | 'has' | 'get'; readonly key: string }
  | { readonly op: 'clear' | 'all' }

interface Turn {
  readonly ops: readonly Op[]
  /** The first attempt throws after all of them. */
  readonly throws: boolean
  /** After the answer to a question come these. */
  readonly later: readonly Op[] | undefined
  readonly fails: boolean
}

const key = fc.constantFrom('a', 'b', '__proto__', 'toString')
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ op: fc.constant('set' as const), key, value: fc.oneof(fc.integer(), fc.constant({ deep: [1] })) }),
  fc.record({ op: fc.constantFrom('add' as const, 'delete' as const, 'has' as const, 'get' as const), key }),
  fc.record({ op: fc.constantFrom('clear' as const, 'all' as const) }),
)
const ops = fc.array(op, { maxLength: 5 })
const turn: fc.Arbitrary<Turn> = fc.record({
  ops,
  throws: fc.boolean(),
  later: fc.option(ops, { nil: undefined }),
  fails: fc.boolean(),
})

const plusOne = (value: unknown) => (typeof value === 'number' ? value + 1 : 1)

async function onState(state: AgentContext['state'], each: Op): Promise<unknown> {
  switch (each.op) {
    case 'set':
      return state.set(each.key, each.value)
    case 'add':
      return state.update(each.key, plusOne)
    case 'delete':
      return state.delete(each.key)
    case 'has':
      return state.has(each.key)
    case 'get':
      return state.get(each.key)
    case 'clear':
      return state.clear()
    case 'all':
      return state.get()
  }
}

function onModel(model: Map<string, unknown>, each: Op): unknown {
  switch (each.op) {
    case 'set':
      model.set(each.key, each.value)
      return undefined
    case 'add':
      model.set(each.key, plusOne(model.get(each.key)))
      return model.get(each.key)
    case 'delete':
      return model.delete(each.key)
    case 'has':
      return model.has(each.key)
    case 'get':
      return model.get(each.key)
    case 'clear':
      model.clear()
      return undefined
    case 'all':
      return Object.fromEntries(model)
  }
}

/** As it comes back over a wire. */
const asJson = (values: readonly unknown[]) => JSON.parse(JSON.stringify(values)) as unknown

const sorted = (values: Values) => Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))

it('comes to the same as when each change is made once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { maxLength: 6 }), async (turns) => {
      let now: Turn | undefined
      const t = test(
        agent({ id: 'x', retry: { initialIntervalMs: 1 } }, async (_, ctx) => {
          const { ops = [], throws = false, later, fails = false } = now ?? {}
          const gave: unknown[] = []
          for (const each of ops) gave.push(await onState(ctx.state, each))
          if (throws && ctx.attempt === 1) throw new Error('once')
          if (later !== undefined) {
            await ctx.ask('more?')
            for (const each of later) gave.push(await onState(ctx.state, each))
          }
          if (fails) return fail('as told')
          return data(asJson(gave) as never)
        }),
      )
      let model = new Map<string, unknown>()
      for (const next of turns) {
        now = next
        let gave: unknown[] = []
        const made = (list: readonly Op[]) => {
          const copy = new Map(structuredClone([...model]))
          gave = [...gave, ...list.map((each) => structuredClone(onModel(copy, each)))]
          return copy
        }
        const after = made(next.ops)
        let result = await t.send('go')
        if (next.later !== undefined) {
          model = after
          result = await t.reply('yes')
          const last = made(next.later)
          if (!next.fails) model = last
        } else if (!next.fails) {
          model = after
        }
        expect(sorted(t.state('context'))).toEqual(sorted(Object.fromEntries(model)))
        if (!next.fails) expect(result.artifacts[0]?.parts?.[0]?.data).toEqual(asJson(gave))
      }
    }),
    { numRuns: 40 },
  )
}, 30_000)
