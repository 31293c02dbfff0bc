/** Breaks a random part of a site every few seconds, and puts it back together. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Gateway, Site } from '../processes/site.js'
import type { Random } from './random.js'

export interface NemesisOptions {
  readonly site: Site
  readonly random: Random
  /** Milliseconds between two strikes. */
  readonly everyMs: number
  /** The run is over: no more strikes. */
  readonly signal: AbortSignal
  onStrike(what: string): void
}

/** How long a killed process stays away, at most. */
const MAX_DOWN_MS = 2_000

interface Strike {
  readonly name: string
  readonly weight: number
  run(site: Site, random: Random): Promise<void>
}

const STRIKES: readonly Strike[] = [
  {
    name: 'kill a process',
    weight: 8,
    async run(site, random) {
      const victim = random.pick(site.processes)
      await victim.kill()
      await delay(random.int(MAX_DOWN_MS))
      await site.restart(victim)
    },
  },
  {
    name: 'kill Temporal',
    weight: 1,
    async run(site) {
      site.recorder.add({ kind: 'fault', verb: 'kill', target: 'temporal' })
      process.kill(site.temporalPid(), 'SIGKILL')
    },
  },
  {
    name: 'freeze a process',
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
    name: 'reset all connections of a server',
    weight: 2,
    async run(site, random) {
      random.pick<Gateway>(site.gateways).proxy.reset()
    },
  },
  {
    name: 'lose NATS for a while',
    weight: 1,
    async run(site, random) {
      if (!site.hasNats) return
      if (random.chance(0.5)) {
        site.nats.proxy.blackhole()
        await delay(random.int(4_000))
        site.nats.proxy.heal()
      } else {
        await site.nats.server.kill()
        await delay(random.int(MAX_DOWN_MS))
        await site.nats.server.restart()
      }
    },
  },
]

/** Resolves when the signal aborts and everything is whole again. */
export async function torment({ site, random, everyMs, signal, onStrike }: NemesisOptions): Promise<void> {
  const total = STRIKES.reduce((sum, { weight }) => sum + weight, 0)
  while (!signal.aborted) {
    await delay(everyMs, undefined, { signal }).catch(() => {})
    if (signal.aborted) break
    let rest = random.int(total)
    const strike = STRIKES.find(({ weight }) => {
      rest -= weight
      return rest < 0
    })
    if (strike === undefined) continue
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
