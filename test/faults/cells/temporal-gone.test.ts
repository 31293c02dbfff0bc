/** Temporal itself is killed, or frozen, while tasks are at every moment; the product has started it and brings it back. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { said, script } from '../agents/script.js'
import { Site } from '../processes/site.js'
import {
  CANCELED,
  follower,
  INPUT_REQUIRED,
  plan,
  planTold,
  START_MS,
  stopwatch,
  untilEffect,
  verdict,
} from './cell.js'

let site: Site

beforeAll(async () => {
  site = await Site.start({ replicas: 1 })
}, START_MS)

afterAll(async () => {
  await site?.stop()
})

/** What a restart of Temporal may cost (goal R5), in milliseconds. */
const RESTART_MS = 30_000

describe.each([
  ['killed', 0],
  ['frozen for longer than a heartbeat', 8_000],
] as const)('Temporal %s', (_, frozenMs) => {
  const results = new Map<string, string>()
  const name = (label: string) => `${frozenMs}-${label}`

  beforeAll(async () => {
    const running: Promise<unknown>[] = []
    planTold(site, name('mid-sentence'), 40)
    running.push(follower(site, name('mid-sentence')).say(script.gated(40, 15, name('late'))))
    planTold(site, name('ends-meanwhile'), 30)
    running.push(follower(site, name('ends-meanwhile')).say(script.gated(30, 10, name('at-once'))))
    planTold(site, name('speaks-on'), 100)
    running.push(follower(site, name('speaks-on')).say(script.tell(100, 60)))
    plan(site, { label: name('asking'), ends: [INPUT_REQUIRED] })
    await follower(site, name('asking')).say(script.ask())
    plan(site, { label: name('answered'), messages: 2, golden: said(name('answered'), 5) })
    const answered = follower(site, name('answered'))
    await answered.say(script.ask())
    plan(site, { label: name('canceled'), ends: [CANCELED] })
    const canceled = follower(site, name('canceled'))
    await canceled.start(script.work())
    planTold(site, name('done'), 3)
    await follower(site, name('done')).say(script.tell(3))
    for (const label of ['mid-sentence', 'ends-meanwhile']) await untilEffect(site, name(label), 'at-gate')
    await untilEffect(site, name('canceled'), '1')

    const pid = site.temporalPid()
    site.recorder.add({ kind: 'fault', verb: frozenMs === 0 ? 'kill' : 'stop', target: 'temporal' })
    process.kill(pid, frozenMs === 0 ? 'SIGKILL' : 'SIGSTOP')
    site.openGate(name('at-once'))
    const whole = stopwatch(site, name('mid-sentence'), 'all that was open', frozenMs + RESTART_MS)
    running.push(canceled.cancel(), answered.say(script.tell(5)))
    planTold(site, name('begun-meanwhile'), 5)
    running.push(follower(site, name('begun-meanwhile')).say(script.tell(5)))
    await delay(frozenMs)
    if (frozenMs > 0) process.kill(pid, 'SIGCONT')
    site.openGate(name('late'))
    await Promise.all(running)
    whole()
    for (const [label] of CELLS) results.set(label, await verdict(site, [name(label)]))
  }, 120_000)

  const CELLS: [label: string, what: string][] = [
    ['mid-sentence', 'an open stream goes on, within 30 s'],
    ['ends-meanwhile', 'no end is shown before Temporal has it'],
    ['speaks-on', 'words keep coming, or come again in their place'],
    ['asking', 'a question stays asked'],
    ['answered', 'an answer gets through when Temporal is back, once'],
    ['canceled', 'a cancel gets through when Temporal is back'],
    ['begun-meanwhile', 'a send that is repeated under its key makes one task'],
    ['done', 'an ended task stays readable'],
  ]

  it.each(CELLS)('%s: %s', (label) => {
    expect(results.get(label)).toBe('')
  })
})
