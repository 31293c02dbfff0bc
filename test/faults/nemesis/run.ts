/** One run: tasks at a steady rate, strikes all the while, and the judgement at the end. */
import { writeFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { readFinals } from '../cells/cell.js'
import { writeHistory } from '../history/recorder.js'
import { check } from '../oracles/check.js'
import type { Violation } from '../oracles/violation.js'
import { Site, type SiteOptions } from '../processes/site.js'
import { type Target, torment } from './nemesis.js'
import { randomOf } from './random.js'
import { recoveryTimes } from './recovery.js'
import { pickKind } from './workload.js'

/** What a run is made against. */
export const LAYOUTS = {
  /** Two processes that serve, on one database. */
  serve: { replicas: 2 },
  /** Gateways and workers apart, and no bus between them. */
  split: { gateways: 2, workers: 2 },
  /** The same with NATS. */
  cluster: { gateways: 2, workers: 2, nats: true },
} satisfies Record<string, SiteOptions>

export type LayoutName = keyof typeof LAYOUTS

export interface RunOptions {
  readonly seed: number
  readonly layout: LayoutName
  /** In place of as many gateways as the layout has. */
  readonly gateways: number | undefined
  readonly tasks: number
  /** In place of `tasks`: tasks are begun until so many processes were killed. */
  readonly kills: number | undefined
  /** The hard end of the run, in minutes. */
  readonly minutes: number
  /** Tasks at work at once. */
  readonly atOnce: number
  readonly strikeEveryMs: number
  readonly strikeOnly: Target
  /** Where the history goes when something was found. */
  readonly historyFile: string
  say(line: string): void
  /** Ends the run; nothing is judged then. */
  readonly signal: AbortSignal
}

export interface RunResult {
  readonly tasks: number
  readonly strikes: Readonly<Record<string, number>>
  readonly seconds: number
  readonly violations: readonly Violation[]
  /** What readers noticed, see `recoveryTimes`. */
  readonly recoveryMs: readonly number[]
}

export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, say } = options
  const random = randomOf(seed)
  const begun = performance.now()
  const { gateways } = options
  const site = await Site.start({ ...LAYOUTS[options.layout], ...(gateways === undefined ? {} : { gateways }) })
  const over = new AbortController()
  const strikes: Record<string, number> = {}
  try {
    const tormenting = torment({
      site,
      random: randomOf(seed + 1),
      everyMs: options.strikeEveryMs,
      only: options.strikeOnly,
      signal: over.signal,
      onStrike: (what) => {
        strikes[what] = (strikes[what] ?? 0) + 1
        say(`${elapsed(begun)}  ${what}`)
      },
    })
    const labels = await Promise.race([
      work(site, options, random, begun, () => killsOf(strikes)),
      aborted(options.signal),
    ])
    over.abort()
    await tormenting
    say(`${elapsed(begun)}  all is whole again, ${labels.length} tasks are read`)
    await readFinals(site, labels, 60_000)
    const history = site.history()
    const violations = check(history)
    if (violations.length > 0) {
      writeHistory(options.historyFile, history)
      for (const { name, log } of site.processes) writeFileSync(`${options.historyFile}.${name}.log`, log)
    }
    const seconds = (performance.now() - begun) / 1000
    return { tasks: labels.length, strikes, seconds, violations, recoveryMs: recoveryTimes(history) }
  } finally {
    over.abort()
    await site.stop()
  }
}

/** Resolves with the names of all tasks that were begun, when none is at work any more. */
async function work(
  site: Site,
  { tasks, kills, minutes, atOnce, say }: RunOptions,
  random: ReturnType<typeof randomOf>,
  begun: number,
  killed: () => number,
): Promise<string[]> {
  const end = performance.now() + minutes * 60_000
  const labels: string[] = []
  const running = new Set<Promise<void>>()
  const more = (begunTasks: number) => (kills === undefined ? begunTasks < tasks : killed() < kills)
  for (let i = 0; more(i) && performance.now() < end; i += 1) {
    const kind = pickKind(random)
    const label = `${i}-${kind.name.replaceAll(' ', '-')}`
    const urls = random.chance(0.5) ? site.urls : [...site.urls].reverse()
    labels.push(label)
    // What a client could not bring to its end shows in the judgement; here it must not end the run.
    const one = kind
      .run(site, label, urls, randomOf(random.int(2 ** 31)))
      .then(
        () => {},
        (error: unknown) => say(`${elapsed(begun)}  ${label}: ${String(error)}`),
      )
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size >= atOnce) await Promise.race(running)
    else await delay(20)
  }
  await Promise.all(running)
  return labels
}

/** How many of the strikes were a kill -9. */
export function killsOf(strikes: Readonly<Record<string, number>>): number {
  return Object.entries(strikes).reduce((sum, [name, count]) => sum + (/^kill [^:]*$/.test(name) ? count : 0), 0)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

function elapsed(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1).padStart(7)} s`
}
