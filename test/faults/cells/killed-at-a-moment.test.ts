/**
 * A process dies, or is a zombie for a while, at one exact moment between two steps of the protocol with Temporal: a fail
 * point in it says when. Each cell has a task of its own; the processes are shared.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FailPointName } from '../../../src/internal/fail-points.js'
import { counted, said, script } from '../agents/script.js'
import type { Gateway } from '../processes/site.js'
import { Site } from '../processes/site.js'
import { CANCELED, follower, plan, planTold, START_MS, untilEffect, verdict } from './cell.js'

let site: Site

beforeAll(async () => {
  site = await Site.start({ replicas: 2 })
}, START_MS)

afterAll(async () => {
  await site?.stop()
})

interface Moment {
  readonly at: FailPointName
  readonly what: string
  /** Worth the time that a zombie takes. */
  readonly zombie?: true
  /** Brings the task to the moment and over it, to its end. */
  drive(label: string, urls: readonly string[]): Promise<unknown>
}

const MOMENTS: readonly Moment[] = [
  {
    at: 'start.before',
    what: 'before a task is accepted: the same key finds or makes one task',
    async drive(label, urls) {
      planTold(site, label, 10)
      return follower(site, label, { urls }).say(script.tell(10, 20))
    },
  },
  {
    at: 'start.accepted',
    zombie: true,
    what: 'when a task is accepted and nobody knows: the same key finds it',
    async drive(label, urls) {
      planTold(site, label, 10)
      return follower(site, label, { urls }).say(script.tell(10, 20))
    },
  },
  {
    at: 'send.accepted',
    what: 'when an answer is accepted and nobody knows: it is handled once',
    async drive(label, urls) {
      plan(site, { label, messages: 2, golden: said(label, 6) })
      const asked = follower(site, label, { urls })
      await asked.say(script.ask())
      return asked.say(script.tell(6, 20))
    },
  },
  {
    at: 'cancel.accepted',
    zombie: true,
    what: 'when a cancel is accepted and the handler does not know: the task is CANCELED',
    async drive(label, urls) {
      plan(site, { label, ends: [CANCELED] })
      const canceled = follower(site, label, { urls })
      await canceled.start(script.work())
      await untilEffect(site, label, '1')
      return canceled.cancel()
    },
  },
  {
    at: 'turn.begin',
    what: 'when a worker has the turn and the handler has not begun',
    async drive(label, urls) {
      planTold(site, label, 10)
      return follower(site, label, { urls }).say(script.tell(10, 20))
    },
  },
  {
    at: 'checkpoint.before',
    zombie: true,
    what: 'mid-sentence, before what was said is in a checkpoint',
    async drive(label, urls) {
      planTold(site, label, 60)
      return follower(site, label, { urls }).say(script.tell(60, 50))
    },
  },
  {
    at: 'checkpoint.written',
    what: 'mid-sentence, right after a checkpoint',
    async drive(label, urls) {
      planTold(site, label, 60)
      return follower(site, label, { urls }).say(script.tell(60, 50))
    },
  },
  {
    at: 'turn.result',
    zombie: true,
    what: 'when the handler has ended and its result is not written: nobody saw an end',
    async drive(label, urls) {
      planTold(site, label, 10)
      return follower(site, label, { urls }).say(script.tell(10, 20))
    },
  },
  {
    at: 'state.before',
    zombie: true,
    what: 'when the handler has ended and its state is not kept: it counts once',
    drive: (label, urls) => driveCount(label, urls),
  },
  {
    at: 'state.kept',
    what: 'when its state is kept and its result is not written: it counts once',
    drive: (label, urls) => driveCount(label, urls),
  },
  {
    at: 'turn.ended',
    zombie: true,
    what: 'when the end is durable and nobody was told',
    async drive(label, urls) {
      planTold(site, label, 10)
      return follower(site, label, { urls }).say(script.tell(10, 20))
    },
  },
]

async function driveCount(label: string, urls: readonly string[]): Promise<unknown> {
  plan(site, { label, messages: 3, golden: counted(label, 3) })
  const counting = follower(site, label, { urls })
  for (let i = 0; i < 3; i += 1) await counting.say(script.count(3))
  return counting
}

/** The one that is struck takes turns, so that the other has the time to come back. */
let strikes = 0
function nextVictim(): { victim: Gateway; urls: string[] } {
  const victim = site.gateway(strikes % 2)
  const other = site.gateway((strikes + 1) % 2)
  strikes += 1
  return { victim, urls: [victim.url, other.url] }
}

describe.each([
  ['killed', 'kill'],
  ['a zombie for a while', 'stop'],
] as const)('a process that is %s', (_, action) => {
  const moments = MOMENTS.filter(({ zombie }) => action === 'kill' || zombie === true)
  const results = new Map<string, Promise<string>>()

  beforeAll(async () => {
    for (const { at, drive } of moments) {
      const label = `${action}-${at.replace('.', '-')}`
      const { victim, urls } = nextVictim()
      const armed = site.arm(at, action)
      const driven = drive(label, urls)
      const { pid } = await armed.reached()
      const struck = site.gateways.find(({ process }) => process.pid === pid) ?? victim
      site.recorder.add({ kind: 'fault', verb: action, target: struck.process.name })
      const healed = action === 'kill' ? site.restart(struck.process) : wakeUp(struck)
      // Whoever waits for the stopped one gives up as a client would: its connection is cut.
      if (action === 'stop') struck.proxy.reset()
      results.set(
        label,
        Promise.all([driven, healed]).then(() => verdict(site, [label])),
      )
      await healed
    }
  }, 150_000)

  it.each(moments.map(({ at, what }) => [at, what]))(
    '%s: %s',
    async (at) => {
      expect(await results.get(`${action}-${at.replace('.', '-')}`)).toBe('')
    },
    60_000,
  )
})

/** Longer than the silence after which a worker's turn is given to another. */
const ZOMBIE_MS = 7_500

async function wakeUp({ process }: Gateway): Promise<void> {
  await delay(ZOMBIE_MS)
  process.continue()
}

describe('fail points', () => {
  it('are no way to break a server that was started without the condition', async () => {
    const plain = await Site.start({ replicas: 1, failPoints: false })
    try {
      plain.arm('start.accepted', 'kill')
      planTold(plain, 'unarmed', 5)
      await follower(plain, 'unarmed').say(script.tell(5))
      expect(await verdict(plain, ['unarmed'])).toBe('')
      expect(existsSync(join(plain.directory, 'armed.start.accepted'))).toBe(true)
    } finally {
      await plain.stop()
    }
  }, 60_000)
})
