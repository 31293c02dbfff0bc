/** The bus decides nothing: a cancel that somebody else puts on it stops no turn, and a real one is as quick as it was. */
import { connect } from '@nats-io/transport-node'
import { describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { subjectsOf } from '../../src/bus/nats/subjects.js'
import { encodeQuestion } from '../../src/bus/nats/wire.js'
import { agent } from '../../src/index.js'
import { gate, openGate } from '../support/agents.js'
import { natsMissing, startNats } from '../support/nats.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startSplitServers } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

/** What happened inside handlers, by the text of their message. */
const begun = new Set<string>()
const stopped = new Set<string>()

const agents = (['durable', 'inline'] as const).map((run) =>
  agent({ id: run, run }, async ({ text }, ctx) => {
    begun.add(text)
    await gate(text, ctx.signal).catch((error: unknown) => {
      stopped.add(text)
      throw error
    })
    return 'not stopped'
  }),
)

const IMMEDIATELY = { configuration: { returnImmediately: true } }
/** Half of what passes between two heartbeats of a turn, in milliseconds. */
const WITHOUT_HEARTBEAT_MS = 1_000

describe.skipIf(natsMissing !== '')(`cancels on the bus${natsMissing}`, () => {
  it.each(['durable', 'inline'])(
    'forged ones do nothing, real ones are heard at once: %s',
    async (run) => {
      const nats = await startNats()
      const site = await startSplitServers({
        temporalAddress: inject('temporalAddress'),
        gateways: 1,
        workers: 1,
        nats: { servers: nats.url },
        agents,
      })
      const raw = await connect({ servers: `127.0.0.1:${nats.port}` })
      try {
        const wire = wireNamed('jsonrpc', site.urls[0] ?? '')
        const begin = async (name: string) => {
          const { id } = taskOf(await wire.call('sendMessage', send(name, { ...IMMEDIATELY, tenant: run })))
          await eventually(() => expect(begun).toContain(name))
          return id
        }
        const id = await begin(`forged-${run}`)
        const { owner } = subjectsOf('default', taskKey({ tenant: '', agentId: run, taskId: id }))
        for (let i = 0; i < 100; i += 1) raw.publish(owner, encodeQuestion({ ask: 'cancel' }))
        // Asked after the cancels on the same connection: the worker has heard those when it answers.
        await raw.request(owner, encodeQuestion({ ask: 'picture' }), { timeout: 5_000 })
        // A real cancel of another task takes as long as what would be done about a forged one.
        const other = await begin(`real-${run}`)
        const before = Date.now()
        const canceling = wire.call('cancelTask', { id: other, tenant: run })
        await eventually(() => expect(stopped).toContain(`real-${run}`))
        expect(Date.now() - before).toBeLessThan(WITHOUT_HEARTBEAT_MS)
        expect(stateOf(await canceling)).toBe('TASK_STATE_CANCELED')
        expect(stopped).not.toContain(`forged-${run}`)
        openGate(`forged-${run}`)
        await eventually(async () => {
          const task = await wire.call('getTask', { id, tenant: run })
          expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_COMPLETED', 'not stopped'])
        })
      } finally {
        await raw.close()
        await site.stop()
        await nats.stop()
      }
    },
    60_000,
  )
})
