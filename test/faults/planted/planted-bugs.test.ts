/** An oracle that never speaks proves nothing: each planted bug is seen, by the oracle whose business it is. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fc } from '../../support/property.js'
import { said, script } from '../agents/script.js'
import { CANCELED, follower, plan, planTold, untilEffect, untilSaid, verdict } from '../cells/cell.js'
import type { Framed, History, HistoryEvent } from '../history/history.js'
import { check, ORACLES, report } from '../oracles/check.js'
import { Site } from '../processes/site.js'
import { PLANTED } from './bugs.js'

let site: Site
let recorded: History

beforeAll(async () => {
  site = await Site.start({ replicas: 1, args: ['--engine', 'memory'] })
  planTold(site, 'told', 20)
  const told = follower(site, 'told')
  const telling = told.say(script.gated(20, 5, 'go'))
  await untilSaid(site, 'told', 'told-4')
  const second = follower(site, 'told', { name: 'second' }).watch(told.taskId ?? '')
  await site.recorder.until((event) => event.kind === 'opened' && event.client === 'second', 'a second reader')
  await untilEffect(site, 'told', 'at-gate')
  await site.recorder.until(
    (event) => event.kind === 'framed' && event.label === 'told' && event.event.task?.artifacts !== undefined,
    'a snapshot',
  )
  site.openGate('go')
  planTold(site, 'retried', 10)
  plan(site, { label: 'asked', messages: 2, golden: said('asked', 5) })
  plan(site, { label: 'canceled', ends: [CANCELED] })
  const asked = follower(site, 'asked')
  const canceled = follower(site, 'canceled')
  const working = canceled.say(script.work())
  await untilEffect(site, 'canceled', '2')
  await canceled.cancel()
  await Promise.all([telling, second, working, follower(site, 'retried').say(script.throwOnce(10, 4))])
  await asked.say(script.ask())
  await asked.say(script.tell(5))
  await verdict(site, ['told', 'retried', 'asked', 'canceled'])
  const step = { kind: 'effect', label: 'told', name: 'search', turn: 1, attempt: 1, pid: 1 } as const
  const called = { ...step, name: 'task-of-helper', at: 3, what: 'called' } as const
  recorded = [...site.history(), { ...step, at: 1, what: 'step' }, { ...step, at: 2, what: 'stepped' }, called]
}, 60_000)

afterAll(async () => {
  await site.stop()
})

describe('the checker', () => {
  it('has nothing to say about a run without faults', () => {
    expect(report(check(recorded))).toBe('')
  })

  it.each(PLANTED.map(({ name, oracle, plant }) => [name, oracle, plant] as const))(
    'sees that %s',
    (_, oracle, plant) => {
      expect(check(plant(recorded)).map((violation) => violation.oracle)).toContain(oracle)
    },
  )

  it('has no oracle that never spoke', () => {
    expect(ORACLES.map(({ name }) => name).filter((name) => !PLANTED.some(({ oracle }) => oracle === name))).toEqual([])
  })

  it('sees every loss, repeat and exchange of events in a stream', () => {
    const stream = recorded.find((event) => event.kind === 'opened' && event.label === 'told') as { stream: number }
    const own = recorded.filter((event): event is Framed => event.kind === 'framed' && event.stream === stream.stream)
    const rest = recorded.filter((event) => !own.includes(event as Framed))
    const isFirst = ({ kind }: HistoryEvent) => kind === 'opened' || kind === 'planned'
    const opened = rest.filter(isFirst)
    const others = rest.filter((event) => !isFirst(event))
    const judged = (frames: readonly Framed[]) =>
      check([...opened, ...frames, ...others]).filter(({ label }) => label === 'told')
    expect(judged(own)).toEqual([])
    const middle = fc.integer({ min: 1, max: own.length - 2 })
    const change = fc.record({ how: fc.constantFrom('lose', 'repeat', 'exchange'), at: middle })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const frames = changes.reduce(applied, own)
        fc.pre(frames.some((frame, i) => frame !== own[i]) || frames.length !== own.length)
        expect(judged(frames).length).toBeGreaterThan(0)
      }),
    )
  })
})

function applied(frames: readonly Framed[], { how, at }: { how: string; at: number }): Framed[] {
  const list = [...frames]
  const frame = list[at]
  const next = list[at + 1]
  if (frame === undefined || next === undefined) return list
  if (how === 'lose') list.splice(at, 1)
  else if (how === 'repeat') list.splice(at, 0, frame)
  else list.splice(at, 2, next, frame)
  return list
}
