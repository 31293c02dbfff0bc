/** What other servers of this kind get wrong when a process dies, or a client leaves: a cluster of real processes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { booked, script } from '../faults/agents/script.js'
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
} from '../faults/cells/cell.js'
import { Site } from '../faults/processes/site.js'
import { natsMissing } from '../support/nats.js'

describe.skipIf(natsMissing !== '')(`a cluster${natsMissing}`, () => {
  let site: Site

  beforeAll(async () => {
    site = await Site.start({ gateways: 2, workers: 2, nats: true })
  }, START_MS)

  afterAll(async () => {
    await site?.stop()
  })

  function workerOf(label: string) {
    const effect = site.history().findLast((event) => event.kind === 'effect' && event.label === label)
    const worker = site.workers.find(
      (process) => effect?.kind === 'effect' && process.alive && process.pid === effect.pid,
    )
    if (worker === undefined) throw new Error(`nobody works on ${label}`)
    return worker
  }

  it('1. kill -9 the worker between two chunks: the stream continues on the same connection, the final artifact is whole, finished steps are not repeated', async () => {
    planTold(site, 'one', 30)
    const saying = follower(site, 'one', { urls: [site.gateway(0).url] }).say(script.steps(30, 80))
    await untilSaid(site, 'one', 'one-9 ')
    const next = stopwatch(site, 'one', 'the next event', 12_000)
    const killed = Date.now()
    await workerOf('one').kill()
    const isNext = (event: { kind: string; at: number; label?: string }) =>
      event.kind === 'framed' && event.label === 'one' && event.at > killed + 50
    await site.recorder.until(isNext as never, 'the next event', 60_000)
    next()
    expect((await saying).state).toBe(COMPLETED)
    await site.heal()
    expect(await verdict(site, ['one'])).toBe('')
    expect(site.history().filter((event) => event.kind === 'opened' && event.label === 'one')).toHaveLength(1)
  }, 180_000)

  it('2. kill -9 the server: the client reconnects to another replica with its cursor: no gap, no repeat', async () => {
    const labels = ['two-a', 'two-b', 'two-c', 'two-d']
    for (const label of labels) planTold(site, label, 250)
    const saying = Promise.all(
      labels.map((label, i) => {
        const urls = i % 2 === 0 ? site.urls : [...site.urls].reverse()
        return follower(site, label, { urls, wire: i < 2 ? 'jsonrpc' : 'rest', deadlineMs: 200_000 }).say(
          script.tell(250, 30),
        )
      }),
    )
    for (let kill = 0; kill < 3; kill += 1) {
      await untilSaid(site, labels[kill] ?? '', `-${20 + kill * 50} `, 60_000)
      const { process } = site.gateway(kill % 2)
      await process.kill()
      await site.restart(process)
    }
    await saying
    expect(await verdict(site, labels)).toBe('')
    for (const label of labels) {
      const turns = site.history().filter((event) => event.kind === 'effect' && event.label === label)
      expect(turns).toHaveLength(1)
    }
  }, 240_000)

  it('4. cancel through another replica: the handler is told within 2 s, nothing comes after CANCELED; a task that waits is canceled at once', async () => {
    plan(site, { label: 'four', ends: [CANCELED] })
    const starter = follower(site, 'four', { urls: [site.gateway(0).url], name: 'starter' })
    const id = await starter.start(script.work())
    const watching = follower(site, 'four', { urls: [site.gateway(0).url], name: 'watcher' }).watch(id)
    await untilEffect(site, 'four', '1')
    const canceler = follower(site, 'four', { urls: [site.gateway(1).url], name: 'canceler' })
    canceler.taskId = id
    const told = stopwatch(site, 'four', 'the handler to be told', 2_000)
    const canceling = canceler.cancel()
    await untilEffect(site, 'four', 'canceled')
    told()
    expect(await canceling).toBe(CANCELED)
    expect((await watching).state).toBe(CANCELED)

    plan(site, { label: 'four-waits', ends: [CANCELED] })
    const waiting = follower(site, 'four-waits', { urls: [site.gateway(0).url] })
    expect((await waiting.say(script.book())).state).toBe(INPUT_REQUIRED)
    waiting.goTo([site.gateway(1).url])
    const answered = stopwatch(site, 'four-waits', 'the answer', 1_000)
    expect(await waiting.cancel()).toBe(CANCELED)
    answered()
    expect(await verdict(site, ['four', 'four-waits'])).toBe('')
  }, 120_000)

  it('13. two messages at the same moment on one task: both handled, none lost', async () => {
    plan(site, { label: 'thirteen', messages: 1, ends: [COMPLETED] })
    const talk = follower(site, 'thirteen')
    await talk.say(script.ask())
    const say = (index: number) => {
      const other = follower(site, `thirteen-${index}`, { urls: [site.gateway(index).url] })
      other.taskId = talk.taskId
      return other.start(script.tell(2))
    }
    await Promise.all([say(0), say(1)])
    await verdict(site, ['thirteen'])
    const final = site.history().findLast((event) => event.kind === 'final' && event.label === 'thirteen')
    const task = final?.kind === 'final' ? final.task : undefined
    expect(task?.status?.state).toBe(COMPLETED)
    const users = (task?.history ?? []).filter(({ role }) => role === 'ROLE_USER').map(({ messageId }) => messageId)
    expect(users.slice(1).sort()).toEqual(['message-thirteen-0-1', 'message-thirteen-1-1'])
    const texts = (task?.artifacts ?? []).map(({ parts }) => (parts ?? []).map(({ text }) => text).join(''))
    expect(texts).toEqual(users.slice(1).map((id) => `${id?.slice(8, -2)}-0 ${id?.slice(8, -2)}-1 `))
  }, 120_000)

  it('14. the end never overtakes the artifact under load', async () => {
    const labels = Array.from({ length: 60 }, (_, i) => `fourteen-${i}`)
    for (const label of labels) planTold(site, label, 20)
    await Promise.all(
      labels.map((label, i) => follower(site, label, { urls: [site.gateway(i % 2).url] }).say(script.tell(20, 5))),
    )
    expect(await verdict(site, labels)).toBe('')
    const broken = site
      .history()
      .filter((event) => event.kind === 'closed' && event.label.startsWith('fourteen') && event.how === 'broken')
    expect(broken).toEqual([])
  }, 120_000)

  it('15. deploy version 2 of an agent while tasks of version 1 wait: what version 1 has done stands, version 2 finishes', async () => {
    plan(site, {
      label: 'fifteen',
      messages: 2,
      golden: `${booked('fifteen', 'the second')}, says version 2`,
    })
    const talk = follower(site, 'fifteen')
    expect((await talk.say(script.book())).state).toBe(INPUT_REQUIRED)
    site.env.FAULTS_AGENT_VERSION = '2'
    for (const process of site.processes) {
      expect(await process.terminate()).toBe(0)
      await site.restart(process)
    }
    expect((await talk.say('the second')).state).toBe(COMPLETED)
    expect(await verdict(site, ['fifteen'])).toBe('')
    const steps = site
      .history()
      .flatMap((event) =>
        event.kind === 'effect' && event.label === 'fifteen' && event.what === 'step' ? [event.name] : [],
      )
    expect(steps).toEqual(['search', 'pay'])
  }, 180_000)
})
