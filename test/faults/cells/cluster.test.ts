/** Gateways and workers as processes of their own, with NATS between them: any gateway answers any request, any worker goes on with any turn. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { natsMissing } from '../../support/nats.js'
import { said, script } from '../agents/script.js'
import { type Framed, stateShown } from '../history/history.js'
import { Site } from '../processes/site.js'
import {
  CANCELED,
  COMPLETED,
  follower,
  INPUT_REQUIRED,
  plan,
  planTold,
  START_MS,
  stopwatch,
  untilEffect,
  untilSaid,
  verdict,
} from './cell.js'

describe.skipIf(natsMissing !== '')(`a cluster${natsMissing}`, () => {
  let site: Site

  beforeAll(async () => {
    site = await Site.start({ gateways: 2, workers: 2, nats: true })
  }, START_MS)

  afterAll(async () => {
    await site?.stop()
  })

  const first = () => site.gateway(0)
  const second = () => site.gateway(1)

  /** The process that runs the task's turn. */
  function workerOf(label: string) {
    const effect = site.history().findLast((event) => event.kind === 'effect' && event.label === label)
    const pid = effect?.kind === 'effect' ? effect.pid : undefined
    const worker = site.workers.find((process) => process.alive && process.pid === pid)
    if (worker === undefined) throw new Error(`nobody works on ${label}`)
    return worker
  }

  function eventsOf(label: string, client: string, since: number): Framed[] {
    const streams = new Set<number>()
    for (const event of site.history()) {
      if (event.kind === 'opened' && event.label === label && event.client === client) streams.add(event.stream)
    }
    return site
      .history()
      .filter((event): event is Framed => event.kind === 'framed' && streams.has(event.stream) && event.at >= since)
  }

  describe('a worker killed in the middle of a sentence', () => {
    it('the open stream goes on by itself and ends with the right artifact', async () => {
      planTold(site, 'sentence', 60)
      const saying = follower(site, 'sentence', { urls: [first().url] }).say(script.gated(60, 20, 'sentence'))
      await untilEffect(site, 'sentence', 'at-gate')
      await untilSaid(site, 'sentence', 'sentence-0 ')
      const worker = workerOf('sentence')
      const killed = Date.now()
      const next = stopwatch(site, 'sentence', 'the next event', 12_000)
      await worker.kill()
      site.openGate('sentence')
      await site.recorder.until(
        (event) => event.kind === 'framed' && event.label === 'sentence' && event.at > killed,
        'the next event',
      )
      next()
      await saying
      const opened = site.history().filter((event) => event.kind === 'opened' && event.label === 'sentence')
      expect(opened).toHaveLength(1)
      expect(eventsOf('sentence', 'client of sentence', killed).map(({ event }) => stateShown(event))).toContain(
        COMPLETED,
      )
      await site.heal()
      expect(await verdict(site, ['sentence'])).toBe('')
    }, 60_000)
  })

  describe('a gateway killed in the middle of a sentence', () => {
    it('the client resumes on another one', async () => {
      planTold(site, 'resumed', 200)
      const saying = follower(site, 'resumed', { urls: [first().url, second().url] }).say(script.tell(200, 40))
      await untilSaid(site, 'resumed', 'resumed-5 ')
      const back = stopwatch(site, 'resumed', 'the way back', 3_000)
      await first().process.kill()
      const killed = Date.now()
      await site.recorder.until(
        (event) => event.kind === 'framed' && event.label === 'resumed' && event.at > killed,
        'the next event',
      )
      back()
      await saying
      await site.heal()
      expect(await verdict(site, ['resumed'])).toBe('')
    }, 60_000)
  })

  describe('any gateway', () => {
    it('cancels what another one has started, and the handler hears of it', async () => {
      plan(site, { label: 'cancel-there', ends: [CANCELED] })
      const starter = follower(site, 'cancel-there', { urls: [first().url] })
      const id = await starter.start(script.work())
      const watching = follower(site, 'cancel-there', { urls: [first().url], name: 'watcher' }).watch(id)
      await untilEffect(site, 'cancel-there', '1')
      const canceler = follower(site, 'cancel-there', { urls: [second().url], name: 'canceler' })
      canceler.taskId = id
      expect(await canceler.cancel()).toBe(CANCELED)
      expect((await watching).state).toBe(CANCELED)
      expect(await verdict(site, ['cancel-there'])).toBe('')
    }, 30_000)

    it('takes the answer to a question that another one has shown', async () => {
      plan(site, { label: 'answer-there', messages: 2, golden: said('answer-there', 5) })
      const talk = follower(site, 'answer-there', { urls: [first().url] })
      expect((await talk.say(script.ask())).state).toBe(INPUT_REQUIRED)
      talk.goTo([second().url])
      expect((await talk.say(script.tell(5))).state).toBe(COMPLETED)
      expect(await verdict(site, ['answer-there'])).toBe('')
    }, 30_000)

    it('streams what another one has started', async () => {
      planTold(site, 'stream-there', 80)
      const id = await follower(site, 'stream-there', { urls: [first().url], name: 'starter' }).start(
        script.tell(80, 40),
      )
      const watch = (index: number) =>
        follower(site, 'stream-there', { urls: [site.gateway(index).url], name: `watcher ${index}` }).watch(id)
      await Promise.all([watch(0), watch(1)])
      expect(await verdict(site, ['stream-there'])).toBe('')
    }, 30_000)

    it('finds the task of a send that is repeated under its key at both at once', async () => {
      planTold(site, 'both', 5)
      const clients = [first(), second()].map(({ url }, index) =>
        follower(site, 'both', { urls: [url], name: `sender ${index}` }),
      )
      const ids = await Promise.all(
        Array.from({ length: 10 }, (_, i) => clients[i % 2]).map((client) => client?.again().start(script.tell(5, 50))),
      )
      expect(new Set(ids).size).toBe(1)
      expect(await verdict(site, ['both'])).toBe('')
    }, 30_000)
  })

  describe('the bus', () => {
    const telling = async (label: string, count = 120) => {
      planTold(site, label, count)
      const saying = follower(site, label, { urls: [first().url] }).say(script.tell(count, 50))
      await untilSaid(site, label, `${label}-3 `)
      return saying
    }

    it('killed and back: streams go on without it, and live again with it', async () => {
      const saying = telling('bus-killed')
      await untilSaid(site, 'bus-killed', 'bus-killed-3 ')
      await site.nats.server.kill()
      await delay(3_000)
      await site.nats.server.restart()
      await saying
      expect(await verdict(site, ['bus-killed'])).toBe('')
    }, 40_000)

    it('silent: streams go on at the pace of checkpoints', async () => {
      const saying = telling('bus-silent')
      await untilSaid(site, 'bus-silent', 'bus-silent-3 ')
      site.nats.proxy.blackhole()
      await saying
      site.nats.proxy.heal()
      expect(await verdict(site, ['bus-silent'])).toBe('')
    }, 40_000)

    it('deaf in one direction: the same', async () => {
      const saying = telling('bus-deaf')
      await untilSaid(site, 'bus-deaf', 'bus-deaf-3 ')
      site.nats.proxy.set({ blocked: new Set(['a-to-b']) })
      await saying
      site.nats.proxy.heal()
      expect(await verdict(site, ['bus-deaf'])).toBe('')
    }, 40_000)

    it('late: everything comes, in order', async () => {
      site.nats.proxy.set({ latencyMs: 400 })
      await telling('bus-late', 60)
      site.nats.proxy.heal()
      expect(await verdict(site, ['bus-late'])).toBe('')
    }, 40_000)

    it('cut again and again', async () => {
      const saying = telling('bus-cut')
      for (const word of [10, 30, 50]) {
        await untilSaid(site, 'bus-cut', `bus-cut-${word} `)
        site.nats.proxy.reset()
      }
      await saying
      expect(await verdict(site, ['bus-cut'])).toBe('')
    }, 40_000)

    it('gone for good when a cancel comes: the handler hears of it through Temporal', async () => {
      plan(site, { label: 'bus-cancel', ends: [CANCELED] })
      const canceled = follower(site, 'bus-cancel')
      await canceled.start(script.work())
      await untilEffect(site, 'bus-cancel', '1')
      site.nats.proxy.cut()
      expect(await canceled.cancel()).toBe(CANCELED)
      site.nats.proxy.heal()
      expect(await verdict(site, ['bus-cancel'])).toBe('')
    }, 40_000)
  })

  describe('a rolling restart', () => {
    it('no task fails, nothing is lost, every process ends in order', async () => {
      const labels = ['roll-a', 'roll-b', 'roll-c', 'roll-d']
      const saying = labels.map((label, i) => {
        planTold(site, label, 150)
        const urls = i % 2 === 0 ? site.urls : [...site.urls].reverse()
        return follower(site, label, { urls }).say(script.tell(150, 40))
      })
      await Promise.all(labels.map((label) => untilSaid(site, label, `${label}-3 `)))
      for (const process of site.processes) {
        expect(await process.terminate()).toBe(0)
        await site.restart(process)
      }
      await Promise.all(saying)
      expect(await verdict(site, labels)).toBe('')
    }, 120_000)
  })

  describe('no worker at all', () => {
    it('a task is accepted, and done when a worker comes', async () => {
      await Promise.all(site.workers.map((worker) => worker.kill()))
      planTold(site, 'patience', 10)
      const saying = follower(site, 'patience', { urls: [first().url] }).say(script.tell(10))
      await site.recorder.until((event) => event.kind === 'framed' && event.label === 'patience', 'the task')
      plan(site, { label: 'never-begun', ends: [CANCELED] })
      const canceled = follower(site, 'never-begun', { urls: [second().url] })
      await canceled.start(script.work())
      const canceling = canceled.cancel()
      await delay(500)
      await site.heal()
      await Promise.all([saying, canceling])
      expect(await verdict(site, ['patience', 'never-begun'])).toBe('')
    }, 60_000)
  })

  describe('everything at once', () => {
    it('gateways and workers killed together: what was accepted goes on', async () => {
      planTold(site, 'phoenix', 40)
      plan(site, { label: 'phoenix-asks', messages: 2, golden: said('phoenix-asks', 5) })
      const talk = follower(site, 'phoenix-asks')
      await talk.say(script.ask())
      const saying = follower(site, 'phoenix').say(script.gated(40, 10, 'phoenix'))
      await untilEffect(site, 'phoenix', 'at-gate')
      process.kill(site.temporalPid(), 'SIGKILL')
      await Promise.all(site.processes.map((process) => process.kill()))
      site.openGate('phoenix')
      await site.heal()
      await Promise.all([saying, talk.say(script.tell(5))])
      expect(await verdict(site, ['phoenix', 'phoenix-asks'])).toBe('')
    }, 90_000)
  })
})
