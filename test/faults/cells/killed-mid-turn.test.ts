/**
 * The process that runs a turn is killed while the turn is at every moment it can be at. One kill, many tasks: each is a
 * cell of its own.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { said, script } from '../agents/script.js'
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

/** The victim runs the tasks that it is sent, and the other has clients of its own. */
const victim = () => site.gateway(0)
const other = () => site.gateway(1)

describe('a worker killed in the middle of a sentence', () => {
  const results = new Map<string, string>()

  beforeAll(async () => {
    // A client on the other server follows each task; one on the victim loses its connection with it.
    const through = { urls: [victim().url, other().url] }
    const watching: Promise<unknown>[] = []
    const begin = async (label: string, text: string, watch = true) => {
      const first = follower(site, label, { ...through, name: 'starter' })
      const id = await first.start(text)
      if (watch) watching.push(follower(site, label, { urls: [other().url], name: 'watcher' }).watch(id))
      return first
    }

    planTold(site, 'open-stream', 40)
    await begin('open-stream', script.gated(40, 15, 'go'))
    planTold(site, 'lost-stream', 40)
    watching.push(follower(site, 'lost-stream', through).say(script.gated(40, 15, 'go')))
    planTold(site, 'two-watchers', 30)
    const two = await begin('two-watchers', script.gated(30, 10, 'go'))
    watching.push(
      follower(site, 'two-watchers', { urls: [victim().url, other().url], name: 'second' }).watch(two.taskId ?? ''),
    )
    planTold(site, 'nobody-reads', 30)
    await begin('nobody-reads', script.gated(30, 10, 'go'), false)
    planTold(site, 'no-word-yet', 10)
    await begin('no-word-yet', script.gated(10, 0, 'go'))
    planTold(site, 'over-rest', 40)
    watching.push(follower(site, 'over-rest', { ...through, wire: 'rest' }).say(script.gated(40, 15, 'go')))
    plan(site, {
      label: 'two-queued',
      messages: 3,
      golden: `${said('two-queued', 20)}${said('two-queued', 3)}${said('two-queued', 4)}`,
    })
    const queued = await begin('two-queued', script.gated(20, 5, 'go'))
    await queued.start(script.tell(3))
    await queued.start(script.tell(4))
    plan(site, { label: 'asking', ends: [INPUT_REQUIRED] })
    const asking = follower(site, 'asking', through)
    await asking.say(script.ask())
    plan(site, { label: 'answered-later', messages: 2, golden: said('answered-later', 5) })
    const later = follower(site, 'answered-later', through)
    await later.say(script.ask())
    plan(site, { label: 'canceled', ends: [CANCELED] })
    const canceled = await begin('canceled', script.deaf())
    plan(site, { label: 'done-before', golden: said('done-before', 5) })
    await follower(site, 'done-before', through).say(script.tell(5))

    for (const label of [
      'open-stream',
      'lost-stream',
      'two-watchers',
      'nobody-reads',
      'no-word-yet',
      'over-rest',
      'two-queued',
    ]) {
      await untilEffect(site, label, 'at-gate')
    }
    await untilSaid(site, 'lost-stream', 'lost-stream-14')
    const cancel = canceled.cancel()
    await untilEffect(site, 'canceled', '3')

    await victim().process.kill()
    site.openGate('go')
    watching.push(later.say(script.tell(5)), cancel)
    await site.heal()
    await Promise.all(watching)
    for (const label of LABELS) results.set(label, await verdict(site, [label]))
  }, 90_000)

  const CELLS: [label: string, what: string][] = [
    ['open-stream', 'a stream that is open elsewhere goes on by itself'],
    ['lost-stream', 'a client that was cut off comes back through another server'],
    ['two-watchers', 'two readers on two servers see the same'],
    ['nobody-reads', 'a task that nobody reads is finished'],
    ['no-word-yet', 'a turn that had said nothing begins again'],
    ['over-rest', 'the same over REST'],
    ['two-queued', 'messages that waited for the turn are handled after it, in order'],
    ['asking', 'a question stays asked'],
    ['answered-later', 'an answer given while the process is down is handled'],
    ['canceled', 'a cancel on its way survives'],
    ['done-before', 'an ended task stays as it was'],
  ]
  const LABELS = CELLS.map(([label]) => label)

  it.each(CELLS)('%s: %s', (label) => {
    expect(results.get(label)).toBe('')
  })

  it('leaves a site that works', async () => {
    for (const [index, gateway] of site.gateways.entries()) {
      const label = `probe-${index}`
      planTold(site, label, 3)
      expect((await follower(site, label, { urls: [gateway.url] }).say(script.tell(3))).state).toBe(COMPLETED)
      expect(await verdict(site, [label])).toBe('')
    }
  })
})
