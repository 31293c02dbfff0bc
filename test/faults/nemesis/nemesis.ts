/** Breaks a random part of a site every few seconds, and puts it back together. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ManagedProcess } from '../processes/managed-process.js'
import type { Gateway, Site } from '../processes/site.js'
import type { Random } from './random.js'

export interface NemesisOptions {
  readonly site: Site
  readonly random: Random
  /** Milliseconds between two strikes. */
  readonly everyMs: number
  /** What is struck. */
  readonly only: Target
  /** The run is over: no more strikes. */
  readonly signal: AbortSignal
  onStrike(what: string): void
}

/** How long a killed process stays away, at most. */
const MAX_DOWN_MS = 2_000

interface Strike {
  readonly name: string
  /** What it strikes; `--only` chooses by it. */
  readonly target: Target
  /** How often it is chosen, against the others; 0 is only when it is asked for. */
  readonly weight: number
  /** There is something to strike now. Default: always. */
  ready?(site: Site): boolean
  run(site: Site, random: Random): Promise<void>
}

export const TARGETS = ['any', 'gateway', 'worker', 'temporal', 'nats'] as const
export type Target = (typeof TARGETS)[number]

const KILL = 'kill a process'
/** How many beats have another strike besides. */
const OTHER_STRIKES = 0.5

/** Processes that a strike has taken down or frozen and not brought back yet. */
const struckNow = new Set<ManagedProcess>()

/** Those that can be struck: somebody of them stays. */
function strikable(all: readonly ManagedProcess[]): ManagedProcess[] {
  const up = all.filter((each) => each.alive && !struckNow.has(each))
  return up.length > 1 || all.length === 1 ? up : []
}

async function whileStruck(victim: ManagedProcess, strike: () => Promise<void>): Promise<void> {
  struckNow.add(victim)
  try {
    await strike()
  } finally {
    struckNow.delete(victim)
  }
}

function killOneOf(all: (site: Site) => readonly ManagedProcess[]): Pick<Strike, 'ready' | 'run'> {
  return {
    ready: (site) => strikable(all(site)).length > 0,
    run(site, random) {
      const victim = random.pick(strikable(all(site)))
      return whileStruck(victim, async () => {
        await victim.kill()
        await delay(random.int(MAX_DOWN_MS))
        await site.restart(victim)
      })
    },
  }
}

const gatewaysOf = (site: Site) => site.gateways.map(({ process }) => process)

const STRIKES: readonly Strike[] = [
  { name: KILL, target: 'any', weight: 8, ...killOneOf((site) => site.processes) },
  { name: 'kill a gateway', target: 'gateway', weight: 0, ...killOneOf(gatewaysOf) },
  { name: 'kill a worker', target: 'worker', weight: 0, ...killOneOf((site) => site.workers) },
  {
    name: 'kill Temporal',
    target: 'temporal',
    weight: 1,
    async run(site) {
      site.recorder.add({ kind: 'fault', verb: 'kill', target: 'temporal' })
      process.kill(site.temporalPid(), 'SIGKILL')
    },
  },
  {
    name: 'freeze a process',
    target: 'any',
    weight: 1,
    ready: (site) => strikable(site.processes).length > 0,
    run(site, random) {
      const victim = random.pick(strikable(site.processes))
      return whileStruck(victim, async () => {
        victim.stop()
        // A client gives up on a server that says nothing.
        site.gatewayOf(victim)?.proxy.reset()
        await delay(2_000 + random.int(7_000))
        victim.continue()
      })
    },
  },
  {
    name: 'reset all connections of a gateway',
    target: 'any',
    weight: 2,
    async run(site, random) {
      random.pick<Gateway>(site.gateways).proxy.reset()
    },
  },
  {
    name: 'kill NATS',
    target: 'nats',
    weight: 1,
    async run(site, random) {
      if (!site.hasNats) return
      await site.nats.server.kill()
      await delay(random.int(MAX_DOWN_MS))
      await site.nats.server.restart()
    },
  },
  {
    name: 'silence NATS',
    target: 'any',
    weight: 1,
    async run(site, random) {
      if (!site.hasNats) return
      site.nats.proxy.blackhole()
      await delay(random.int(4_000))
      site.nats.proxy.heal()
    },
  },
]

function pickStrike(random: Random, only: Target, fits: (strike: Strike) => boolean): Strike {
  const strikes = STRIKES.filter(fits).map((strike) => ({
    strike,
    weight: only === 'any' ? strike.weight : Number(strike.target === only),
  }))
  let rest = random.int(strikes.reduce((sum, { weight }) => sum + weight, 0))
  const found = strikes.find(({ weight }) => {
    rest -= weight
    return rest < 0
  })
  if (found === undefined) throw new Error('weights do not add up')
  return found.strike
}

/**
 * A process is killed at each beat, whatever the strikes before it are still at, and now and then something else is struck
 * between two beats. Resolves when the signal aborts and everything is whole again.
 */
export async function torment(options: NemesisOptions): Promise<void> {
  const { site, random, everyMs, only, signal } = options
  const begun = Date.now()
  const running = new Set<Promise<void>>()
  const strike = (chosen: Strike, afterMs: number) => {
    const one: Promise<void> = struck(options, chosen, afterMs).finally(() => running.delete(one))
    running.add(one)
  }
  for (let beat = 1; ; beat += 1) {
    await delay(begun + beat * everyMs - Date.now(), undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    strike(
      pickStrike(random, only, (each) => only !== 'any' || each.name === KILL),
      0,
    )
    if (only === 'any' && random.chance(OTHER_STRIKES)) {
      strike(
        pickStrike(random, only, (each) => each.name !== KILL),
        random.int(everyMs),
      )
    }
  }
  await Promise.all(running)
  await site.heal()
}

async function struck(
  { site, random, signal, onStrike }: NemesisOptions,
  strike: Strike,
  afterMs: number,
): Promise<void> {
  await delay(afterMs, undefined, { signal }).catch(() => {})
  if (signal.aborted || strike.ready?.(site) === false) return
  onStrike(strike.name)
  try {
    await strike.run(site, random)
  } catch (error) {
    onStrike(`${strike.name}: ${String(error)}`)
    if (!signal.aborted) await site.heal()
  }
}
