/** Steps, questions and waits of one handler, over the death of every process that could remember them. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FailPointName } from '../../../src/internal/fail-points.js'
import { eventually } from '../../support/reading.js'
import { booked, helped, napped, script } from '../agents/script.js'
import { Site } from '../processes/site.js'
import {
  CANCELED,
  COMPLETED,
  follower,
  INPUT_REQUIRED,
  plan,
  planTold,
  START_MS,
  untilEffect,
  untilSaid,
  verdict,
} from './cell.js'

let site: Site

beforeAll(async () => {
  site = await Site.start({ replicas: 2 })
}, START_MS)

afterAll(async () => {
  await site?.stop()
})

const both = () => ({ urls: site.urls })

/** How often each step of the task ran. */
function runs(label: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const event of site.history()) {
    if (event.kind === 'effect' && event.label === label && event.what === 'step') {
      counts[event.name] = (counts[event.name] ?? 0) + 1
    }
  }
  return counts
}

describe('when every process is killed', () => {
  const results = new Map<string, string>()

  beforeAll(async () => {
    plan(site, { label: 'nap', golden: napped('nap') })
    const napping = follower(site, 'nap', both()).say(script.nap(31_000))
    plan(site, { label: 'booking', messages: 2, golden: booked('booking', 'the first') })
    const booking = follower(site, 'booking', both())
    expect((await booking.say(script.book())).state).toBe(INPUT_REQUIRED)
    plan(site, { label: 'canceled', ends: [CANCELED] })
    const canceled = follower(site, 'canceled', both())
    await canceled.say(script.book())
    planTold(site, 'steps', 20)
    const stepping = follower(site, 'steps', both()).say(script.steps(20, 150))
    plan(site, { label: 'calling', golden: booked('calling', helped('calling')) })
    const calling = follower(site, 'calling', both()).say(script.call(3_000))
    plan(site, { label: 'callback', ends: [CANCELED] })
    const callback = follower(site, 'callback', both())
    await callback.start(script.call(60_000))
    await untilEffect(site, 'calling', 'help')
    await untilEffect(site, 'callback', 'help')
    await untilEffect(site, 'nap', 'down')
    await untilSaid(site, 'steps', 'steps-8 ')
    await Promise.all(site.processes.map((process) => process.kill()))
    process.kill(site.temporalPid(), 'SIGKILL')
    await site.heal()
    expect((await booking.say('the first')).state).toBe(COMPLETED)
    expect(await canceled.cancel()).toBe(CANCELED)
    expect(await callback.cancel()).toBe(CANCELED)
    await Promise.all([napping, stepping, calling])
    // What a called task goes on with after the cancel of its caller shows by then.
    await delay(3_000)
    for (const label of ['booking', 'canceled', 'steps', 'nap', 'calling', 'callback'])
      results.set(label, await verdict(site, [label]))
  }, 120_000)

  it('a booking that waits for its answer goes on with it: the search ran once', () => {
    expect(results.get('booking')).toBe('')
    expect(runs('booking')).toEqual({ search: 1, pay: 1 })
  })

  it('finished steps are not made again, and the stream says what they gave', () => {
    expect(results.get('steps')).toBe('')
    expect(Object.values(runs('steps')).filter((count) => count > 1).length).toBeLessThanOrEqual(1)
  })

  it('a wait ends at its time, in whatever process there is', () => {
    expect(results.get('nap')).toBe('')
    expect(runs('nap')).toEqual({ down: 1, up: 1 })
  })

  it('a call goes on with the task that it has begun', () => {
    expect(results.get('calling')).toBe('')
    expect(runs('calling')).toEqual({ search: 1, pay: 1 })
  })

  it('a cancel stops the called task too', () => {
    expect(results.get('callback')).toBe('')
    expect(runs('callback')).toEqual({ search: 1 })
  })

  it('a task that waits can be canceled, and its question stays in its history', () => {
    expect(results.get('canceled')).toBe('')
    expect(runs('canceled')).toEqual({ search: 1 })
  })
})

describe('a process killed', () => {
  const MOMENTS: [FailPointName, string][] = [
    ['checkpoint.before', 'before the outcome of a step is written'],
    ['checkpoint.written', 'right after the outcome of a step is written'],
    ['turn.result', 'when the question is asked and not written'],
    ['turn.ended', 'when the question is written and nobody was told'],
    ['send.accepted', 'when the answer is accepted and nobody knows'],
  ]
  const results = new Map<string, Promise<string>>()
  const labelOf = (at: FailPointName) => `book-${at.replace('.', '-')}`

  beforeAll(async () => {
    for (const [at] of MOMENTS) {
      const label = labelOf(at)
      plan(site, { label, messages: 2, golden: booked(label, 'it') })
      const armed = site.arm(at, 'kill')
      const talk = follower(site, label, both())
      const talking = talk.say(script.book()).then(() => talk.say('it'))
      const { pid } = await armed.reached()
      const struck = site.processes.find((process) => process.pid === pid)
      if (struck === undefined) throw new Error('a process of nobody was killed')
      await site.restart(struck)
      results.set(
        label,
        talking.then(() => verdict(site, [label])),
      )
    }
  }, 120_000)

  it.each(MOMENTS)(
    '%s: %s',
    async (at) => {
      expect(await results.get(labelOf(at))).toBe('')
      const counts = runs(labelOf(at))
      expect(counts.pay).toBe(1)
      // Only a step whose outcome was not written may be made again.
      expect(counts.search).toBe(at === 'checkpoint.before' ? 2 : 1)
    },
    60_000,
  )
})

describe('a process that is frozen right after the outcome of a step is written', () => {
  it('begins nothing when it is back: another one has done it', async () => {
    planTold(site, 'frozen', 4)
    const armed = site.arm('checkpoint.written', 'stop')
    const stepping = follower(site, 'frozen', both()).say(script.steps(4, 20))
    const { pid } = await armed.reached()
    const frozen = site.processes.find((process) => process.pid === pid)
    site.gateways.find(({ process }) => process.pid === pid)?.proxy.reset()
    await stepping
    frozen?.continue()
    await delay(1_000)
    expect(await verdict(site, ['frozen'])).toBe('')
    expect(Object.values(runs('frozen'))).toEqual([1, 1, 1, 1])
  }, 60_000)
})

describe('a task is canceled while its process is dead', () => {
  it('before anybody knows whether the called agent has its message: the called task is stopped', async () => {
    plan(site, { label: 'unheard', ends: [CANCELED] })
    const armed = site.arm('start.accepted', 'kill', 'helper')
    const talk = follower(site, 'unheard', both())
    await talk.start(script.call(60_000))
    await armed.reached()
    expect(await talk.cancel()).toBe(CANCELED)
    await delay(3_000)
    await site.heal()
    expect(await verdict(site, ['unheard'])).toBe('')
  }, 60_000)

  it('while it waits for the called agent: the called task is stopped', async () => {
    plan(site, { label: 'orphan', ends: [CANCELED] })
    const talk = follower(site, 'orphan', both())
    await talk.start(script.call(60_000))
    await untilEffect(site, 'orphan', 'help')
    const [first, second] = site.processes
    await first?.kill()
    const canceled = talk.cancel()
    await site.heal()
    await second?.kill()
    await site.heal()
    expect(await canceled).toBe(CANCELED)
    await delay(3_000)
    expect(await verdict(site, ['orphan'])).toBe('')
  }, 60_000)
})

describe('a process that dies with a question that is written and not taken up', () => {
  it('an answer that comes at that moment is an answer, whoever takes the question up', async () => {
    plan(site, { label: 'between', messages: 2, golden: booked('between', 'it') })
    const talk = follower(site, 'between', both())
    const armed = site.arm('turn.ended', 'pause')
    await talk.start(script.book())
    const { pid } = await armed.reached()
    const struck = site.processes.find((process) => process.pid === pid)
    const other = site.gateways.find(({ process }) => process.pid !== pid)
    if (struck === undefined || other === undefined) throw new Error('a process of nobody was stopped')
    talk.goTo([other.url])
    const answering = talk.start('it')
    await untilRefusedOrAnswered('between', 2)
    await struck.kill()
    armed.release()
    await answering
    await site.heal()
    expect(await verdict(site, ['between'])).toBe('')
    expect(runs('between')).toEqual({ search: 1, pay: 1 })
  }, 60_000)
})

/** Waits until so many sends of the task have an outcome. */
async function untilRefusedOrAnswered(label: string, count: number): Promise<void> {
  const outcomes = () =>
    site
      .history()
      .filter(
        ({ kind, ...event }) =>
          (kind === 'answered' || kind === 'refused') && 'label' in event && event.label === label,
      )
  await eventually(() => expect(outcomes().length).toBeGreaterThanOrEqual(count), 15_000)
}
