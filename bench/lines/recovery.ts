/**
 * How long a reader hears nothing when a process is killed in the middle of its task: a worker, the gateway it reads from,
 * Temporal itself. All are processes of their own, as in production; the client is ours, with its defaults.
 */
import { type AgentClient, connect } from '../../src/client/index.js'
import { type Gateway, Site } from '../../test/faults/processes/site.js'
import { natsMissing } from '../../test/support/nats.js'
import { type Group, type Line, type Measured, resultOf } from '../support/line.js'

const FULL_ROUNDS = { worker: 10, gateway: 20, temporal: 5 }
const SHORT_ROUNDS = { worker: 1, gateway: 3, temporal: 1 }

/** What each task says: 3 seconds of 50 events. */
const COUNT = 150
const PER_SECOND = 50
/** A process is killed when so many events have come. */
const KILL_AT = 40
/** Nothing takes longer than this; in milliseconds. */
const DEADLINE_MS = 60_000

const UNDISTURBED = 'nothing killed'

const LINES = {
  worker: {
    name: 'kill -9 of the worker mid-stream, longest silence',
    unit: 's',
    besideName: UNDISTURBED,
    goal: { kind: 'at most', of: 'value', bound: 12 },
  },
  gateway: {
    name: 'kill -9 of the gateway mid-stream, longest silence of a client that goes on at another',
    unit: 's',
    besideName: UNDISTURBED,
    goal: { kind: 'at most', of: 'value', bound: 3 },
  },
  temporal: {
    name: 'kill -9 of Temporal, until a message sent at that moment is answered',
    unit: 's',
    besideName: UNDISTURBED,
    goal: { kind: 'at most', of: 'value', bound: 30 },
  },
} satisfies Record<string, Line>

const WHOLE = Array.from({ length: COUNT }, (_, i) => `${i} `).join('')

/**
 * Follows a task to its end.
 *
 * @param disturb called when it is in the middle
 * @returns the longest time between two events, in seconds
 * @throws Error the task ended with anything but what it should have said, or took too long
 */
async function follow(client: AgentClient, disturb: () => Promise<unknown>): Promise<number> {
  const signal = AbortSignal.timeout(DEADLINE_MS)
  const run = await client.stream(`${COUNT} ${PER_SECOND}`, { signal })
  let disturbance: Promise<unknown> | undefined
  let chunks = 0
  let last: number | undefined
  let longest = 0
  for await (const { artifactUpdate } of run.events({ signal })) {
    const now = performance.now()
    if (last !== undefined) longest = Math.max(longest, now - last)
    if (artifactUpdate === undefined) continue
    chunks += 1
    last = now
    if (chunks >= KILL_AT) disturbance ??= disturb()
  }
  await disturbance
  const { state, text } = await run.result({ signal })
  if (state !== 'TASK_STATE_COMPLETED' || text !== WHOLE) throw new Error(`ended as ${state} with ${text}`)
  return longest / 1000
}

/** The proxy in front of a gateway stands for a balancer: clients know its address alone. */
async function clientOf({ proxy }: Gateway): Promise<AgentClient> {
  const card = await fetch(`${proxy.url}/agents/counter/.well-known/agent-card.json`)
  return connect(JSON.parse((await card.text()).replaceAll(proxy.targetUrl, proxy.url)))
}

async function worst(rounds: number, each: () => Promise<number>): Promise<number> {
  let longest = 0
  for (let i = 0; i < rounds; i += 1) longest = Math.max(longest, await each())
  return longest
}

/** Seconds until a message is answered. */
async function sent(client: AgentClient): Promise<number> {
  const begun = performance.now()
  const { state } = await (await client.send('1 0', { signal: AbortSignal.timeout(DEADLINE_MS) })).result()
  if (state !== 'TASK_STATE_COMPLETED') throw new Error(`ended as ${state}`)
  return (performance.now() - begun) / 1000
}

export const recoveryGroup: Group = {
  name: 'recovery',
  async run({ full, log }) {
    const rounds = full ? FULL_ROUNDS : SHORT_ROUNDS
    const bus = natsMissing === '' ? 'NATS' : 'no bus'
    const site = await Site.start({
      gateways: 2,
      workers: 1,
      nats: natsMissing === '',
      failPoints: false,
      agents: 'dist/bench/support/agents.js',
    })
    const nothing = async () => {}
    try {
      const [first, second] = [site.gateway(0), site.gateway(1)]
      const client = await clientOf(first)
      await follow(client, nothing)
      const undisturbed = await follow(client, nothing)
      log(`recovery of a killed worker, ${bus} between the processes`)
      const worker = await worst(rounds.worker, () =>
        follow(client, async () => {
          await site.worker(0).kill()
          await site.restart(site.worker(0))
        }),
      )
      log('recovery of a killed gateway')
      const gateway = await worst(rounds.gateway, async () => {
        const silence = await follow(client, async () => {
          first.proxy.retarget(Number(new URL(second.proxy.targetUrl).port))
          await first.process.kill()
        })
        await site.restart(first.process)
        return silence
      })
      log('recovery of killed Temporal')
      const answered = await sent(client)
      const temporal = await worst(rounds.temporal, async () => {
        let again: Promise<number> = Promise.resolve(0)
        await follow(client, async () => {
          process.kill(site.temporalPid(), 'SIGKILL')
          again = sent(client)
          await again
        })
        return again
      })
      const results: readonly [Line, Measured][] = [
        [LINES.worker, { value: worker, beside: undisturbed }],
        [LINES.gateway, { value: gateway, beside: undisturbed }],
        [LINES.temporal, { value: temporal, beside: answered }],
      ]
      return results.map(([line, measured]) => resultOf({ ...line, name: `${line.name} (${bus})` }, measured))
    } finally {
      await site.stop()
    }
  },
}
