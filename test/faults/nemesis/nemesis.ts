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
  run(site: Site, random: Random): Promise<void>
}

export const TARGETS = ['any', 'gateway', 'worker', 'temporal', 'nats'] as const
export type Target = (typeof TARGETS)[number]

async function killAndRestart(site: Site, random: Random, victims: readonly ManagedProcess[]): Promise<void> {
  const victim = random.pick(victims)
  await victim.kill()
  await delay(random.int(MAX_DOWN_MS))
  await site.restart(victim)
}

const STRIKES: readonly Strike[] = [
  {
    name: 'kill a process',
    target: 'any',
    weight: 8,
    run: (site, random) => killAndRestart(site, random, site.processes),
  },
  {
    name: 'kill a gateway',
    target: 'gateway',
    weight: 0,
    run: (site, random) =>
      killAndRestart(
        site,
        random,
        site.gateways.map(({ process }) => process),
      ),
  },
  {
    name: 'kill a worker',
    target: 'worker',
    weight: 0,
    run: (site, random) => killAndRestart(site, random, site.workers),
  },
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
    async run(site, random) {
      const victim = random.pick(site.processes)
      victim.stop()
      // A client gives up on a server that says nothing.
      site.gatewayOf(victim)?.proxy.reset()
      await delay(2_000 + random.int(7_000))
      victim.continue()
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

function pickStrike(random: Random, only: Target): Strike {
  const strikes = STRIKES.map((strike) => ({
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

/** Resolves when the signal aborts and everything is whole again. */
export async function torment({ site, random, everyMs, only, signal, onStrike }: NemesisOptions): Promise<void> {
  while (!signal.aborted) {
    await delay(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    const strike = pickStrike(random, only)
    onStrike(strike.name)
    try {
      await strike.run(site, random)
    } catch (error) {
      onStrike(`${strike.name}: ${String(error)}`)
      await site.heal()
    }
  }
  await site.heal()
}
