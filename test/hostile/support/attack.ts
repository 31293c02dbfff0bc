/** A property over inputs, as a test: how many, what holds for each, and what holds after them all. */

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ServerLimits } from '../../../src/server/limits.js'
import { fc } from '../../support/property.js'
import { Target } from './target.js'

/** Inputs that each file sends at least. Their sum is what the suite promises. */
export const PLAN = {
  'json-bodies': 2_000,
  'request-fields': 3_000,
  'jsonrpc-envelopes': 1_000,
  'http-requests': 2_500,
  'binary-messages': 2_000,
  'raw-sockets': 700,
  'http2-streams': 1_000,
  'large-inputs': 100,
  'accepted-messages': 250,
} as const

/** `HOSTILE_FACTOR=10` sends ten times as many. */
const FACTOR = Number(process.env.HOSTILE_FACTOR ?? 1)

/** How often a good request is made in between. */
const CALM_EVERY = 100

/** How much the process may grow, garbage of the last inputs included: a third of it is usual. */
const MAX_GROWTH_MIB = 320

export interface Attack<Input> {
  /** Generated inputs, besides the examples. */
  readonly runs: number
  readonly inputs: fc.Arbitrary<Input>
  /** Sent before any generated one. */
  readonly examples?: readonly Input[]
  send(input: Input, target: Target): Promise<unknown>
  /** So many are under way at the same time. Default 1. */
  readonly atOnce?: number
  readonly timeoutMs?: number
}

export interface Battle {
  attack<Input>(title: string, attack: Attack<Input>): void
}

export function battle(name: keyof typeof PLAN, limits: Partial<ServerLimits> = {}): Battle {
  let started: Target | undefined
  const target = () => {
    if (started === undefined) throw new Error('the server has not been started')
    return started
  }

  let attacks = 0
  let ran = 0

  beforeAll(async () => {
    started = await Target.start(limits, { maxGrowthMib: MAX_GROWTH_MIB })
  })

  afterAll(async () => {
    const { inputs, accepted } = target()
    await target().stop()
    target().check()
    process.stderr.write(`${name}: ${inputs} inputs, ${accepted} accepted and read back\n`)
    // Less when a filter has left some out.
    if (ran === attacks) expect(inputs).toBeGreaterThanOrEqual(PLAN[name])
  })

  return {
    attack(title, { runs, inputs, examples = [], send, atOnce = 1, timeoutMs = 60_000 }) {
      attacks += 1
      it(title, { timeout: (timeoutMs + 10_000) * Math.max(1, FACTOR) }, async () => {
        let sent = 0
        const property = fc.asyncProperty(
          fc.array(inputs, { minLength: atOnce, maxLength: atOnce, size: 'max' }),
          async (some) => {
            await Promise.all(some.map((input) => send(input, target())))
            if (Math.floor((sent + some.length) / CALM_EVERY) > Math.floor(sent / CALM_EVERY)) await target().calm()
            sent += some.length
          },
        )
        const first = batches(examples, atOnce)
        await fc.assert(property, {
          numRuns: Math.ceil((runs * FACTOR) / atOnce) + first.length,
          examples: first.map((some) => [some]),
          // Many at once wait for timeouts: to shrink them would take minutes, and the error names the one to blame.
          endOnFailure: atOnce > 1,
          interruptAfterTimeLimit: timeoutMs * Math.max(1, FACTOR),
          markInterruptAsFailure: true,
        })
        await target().calm()
        target().checkMemory()
        ran += 1
      })
    },
  }
}

function batches<T>(all: readonly T[], size: number): T[][] {
  const list: T[][] = []
  for (let at = 0; at < all.length; at += size) list.push(all.slice(at, at + size))
  return list
}
