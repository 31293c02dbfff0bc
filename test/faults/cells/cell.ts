/** What cells have in common: they plan tasks, break something, and let the oracles judge what came of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { said } from '../agents/script.js'
import { Follower, type FollowerOptions, messageId } from '../client/follower.js'
import { RecordedClient } from '../client/recorded-client.js'
import { byTask, idsOf, type SeenTask } from '../history/by-task.js'
import type { HistoryEvent, Label } from '../history/history.js'
import { check, report } from '../oracles/check.js'
import type { Site } from '../processes/site.js'

export const COMPLETED = 'TASK_STATE_COMPLETED'
export const CANCELED = 'TASK_STATE_CANCELED'
export const FAILED = 'TASK_STATE_FAILED'
export const INPUT_REQUIRED = 'TASK_STATE_INPUT_REQUIRED'

export interface CellTask {
  readonly label: Label
  /** Default COMPLETED. */
  readonly ends?: readonly string[]
  readonly golden?: string
  /** How many messages are sent. Default 1. */
  readonly messages?: number
}

/** Says what a task is to become. */
export function plan(site: Site, { label, ends = [COMPLETED], golden, messages = 1 }: CellTask): void {
  const messageIds = Array.from({ length: messages }, (_, i) => messageId(label, i + 1))
  site.recorder.add({ kind: 'planned', label, ends, messageIds, ...(golden === undefined ? {} : { golden }) })
}

/** A task that tells so many words, planned. */
export function planTold(site: Site, label: Label, count: number): void {
  plan(site, { label, golden: said(label, count) })
}

export function follower(site: Site, label: Label, options: Partial<FollowerOptions> = {}): Follower {
  return new Follower({ recorder: site.recorder, agent: 'teller', urls: site.urls, label, ...options })
}

/** How long a site may take to come up, in milliseconds; seconds, unless the machine is very busy. */
export const START_MS = 240_000

/** A cell runs beside others on any machine; the exact figures are those of `npm run faults`. */
const SLACK = 3

/**
 * The time from now until the result is called is written down.
 *
 * @param promisedMs what the product promises, in milliseconds
 */
export function stopwatch(site: Site, label: Label, what: string, promisedMs: number): () => number {
  const boundMs = promisedMs * SLACK
  const begun = Date.now()
  return () => {
    const ms = Date.now() - begun
    site.recorder.add({ kind: 'timed', label, what, ms, boundMs })
    return ms
  }
}

/** Waits until a frame of the task shows this text. */
export function untilSaid(site: Site, label: Label, text: string, ms?: number): Promise<HistoryEvent> {
  return site.recorder.until(
    (event) => event.kind === 'framed' && event.label === label && JSON.stringify(event.event).includes(text),
    `${label} saying ${text}`,
    ms,
  )
}

/** Waits until the agent has written down that it is at work on the task. */
export async function untilEffect(site: Site, label: Label, name: string, ms = 15_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await delay(20)) {
    if (site.history().some((event) => event.kind === 'effect' && event.label === label && event.name === name)) return
  }
  throw new Error(`${label} did not get to ${name} within ${ms} ms`)
}

/** How long after the last heal everything has to have come to its end, in milliseconds. */
const SETTLE_MS = 30_000

/** Reads the tasks as they are in the end and returns what is wrong with them, empty when nothing is. */
export async function verdict(site: Site, labels: readonly Label[], settleMs = SETTLE_MS): Promise<string> {
  await readFinals(site, labels, settleMs)
  const own = new Set(labels)
  return report(check(site.history().filter((event) => event.kind === 'fault' || own.has(event.label))))
}

/** Reads every task as it is in the end; waits for those that have not come to theirs, `settleMs` at most. */
export async function readFinals(site: Site, labels: readonly Label[], settleMs = SETTLE_MS): Promise<void> {
  const end = Date.now() + settleMs
  const seen = new Map(byTask(site.history()).map((task) => [task.label, task]))
  const waiting = [...labels]
  const reader = async () => {
    for (let label = waiting.shift(); label !== undefined; label = waiting.shift()) {
      const task = seen.get(label)
      if (task !== undefined) await readFinal(site, task, end)
    }
  }
  await Promise.all(Array.from({ length: READERS }, reader))
}

const READERS = 20

async function readFinal(site: Site, seen: SeenTask, end: number): Promise<void> {
  const { label } = seen
  const id = [...idsOf(seen)][0]
  if (id === undefined) return
  const client = new RecordedClient({ name: 'reader of the end', agent: 'teller', recorder: site.recorder })
  for (let i = 0; ; i += 1) {
    const url = site.urls[i % site.urls.length] ?? ''
    const task = await client.call('GetTask', { id }, { url, label }).catch(() => undefined)
    const wanted = seen.plan?.ends.includes(task?.status?.state ?? '') ?? true
    if ((task !== undefined && wanted) || Date.now() > end) {
      site.recorder.add({ kind: 'final', label, ...(task === undefined ? {} : { task }) })
      return
    }
    await delay(200)
  }
}
