/** Gateways and workers with nothing between them but Temporal: the same promises, at the pace of checkpoints and polls. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { script } from '../agents/script.js'
import { Site } from '../processes/site.js'
import { CANCELED, follower, plan, planTold, START_MS, stopwatch, untilEffect, untilSaid, verdict } from './cell.js'

let site: Site

beforeAll(async () => {
  site = await Site.start({ gateways: 2, workers: 2 })
}, START_MS)

afterAll(async () => {
  await site?.stop()
})

/** A reader sees what is in a checkpoint: those come every 2 s, and it looks as often. */
const NEXT_EVENT_MS = 6_000

describe('without a bus', () => {
  it('a stream shows what happens in another process', async () => {
    planTold(site, 'seen', 80)
    await follower(site, 'seen').say(script.tell(80, 40))
    expect(await verdict(site, ['seen'])).toBe('')
  }, 40_000)

  it('a client resumes on another gateway', async () => {
    planTold(site, 'resumed', 200)
    const saying = follower(site, 'resumed').say(script.tell(200, 40))
    await untilSaid(site, 'resumed', 'resumed-5 ')
    const back = stopwatch(site, 'resumed', 'the way back', NEXT_EVENT_MS)
    const killed = Date.now()
    await site.gateway(0).process.kill()
    await site.recorder.until(
      (event) => event.kind === 'framed' && event.label === 'resumed' && event.at > killed,
      'the next event',
    )
    back()
    await saying
    await site.heal()
    expect(await verdict(site, ['resumed'])).toBe('')
  }, 60_000)

  it('a worker that is killed has a successor', async () => {
    planTold(site, 'succeeded', 60)
    const saying = follower(site, 'succeeded').say(script.gated(60, 20, 'succeeded'))
    await untilEffect(site, 'succeeded', 'at-gate')
    await Promise.all(site.workers.map((worker) => worker.kill()))
    site.openGate('succeeded')
    await site.heal()
    await saying
    expect(await verdict(site, ['succeeded'])).toBe('')
  }, 60_000)

  it('a cancel reaches the handler through its heartbeat', async () => {
    plan(site, { label: 'canceled', ends: [CANCELED] })
    const canceled = follower(site, 'canceled')
    await canceled.start(script.work())
    await untilEffect(site, 'canceled', '1')
    const heard = stopwatch(site, 'canceled', 'the handler to hear of it', 3_000)
    const canceling = canceled.cancel()
    await untilEffect(site, 'canceled', 'canceled')
    heard()
    await canceling
    expect(await verdict(site, ['canceled'])).toBe('')
  }, 40_000)
})
