/** Cancel: a race with the end of a turn is decided once, at whatever moment of Temporal's work the cancel comes. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import type { TemporalEngine } from '../../src/temporal/temporal-engine.js'
import { openGate, scripted } from '../support/agents.js'
import { eventually, send, stateOf, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ agents: [scripted], temporalAddress: inject('temporalAddress') })
})

afterAll(() => server.stop())

it('no task is ever shown in two terminal states, and GetTask says what was shown', async () => {
  const wire = wireNamed('grpc', server.url)
  const now = { configuration: { returnImmediately: true } }
  let canceled = 0
  const twice: string[] = []
  const tries = 160
  for (let i = 0; i < tries; i += 8) {
    await Promise.all(
      Array.from({ length: 8 }, async (_, k) => {
        const name = `race-${i + k}`
        const { id } = taskOf(await wire.call('sendMessage', send(`wait ${name}`, now)))
        const key = taskKey({ tenant: '', agentId: 'scripted', taskId: id })
        const ends = server.engine.bus.subscribe(key, { statesOnly: true })
        await new Promise((resolve) => setTimeout(resolve, 40))
        const wait = ((i + k) % 25) - 12
        if (wait < 0) setTimeout(openGate, -wait, name)
        else openGate(name)
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)))
        await server.engine.cancel({ tenant: '', agentId: 'scripted', taskId: id })
        const shown: string[] = []
        const engine = server.engine as TemporalEngine
        await eventually(async () => {
          for (let event = ends.poll(); event !== undefined; event = ends.poll()) {
            shown.push(event.event.statusUpdate?.status?.state ?? '?')
          }
          expect(shown).not.toEqual([])
          const truth = await engine.reader.record(key)
          expect(stateOf(truth?.task ?? {})).toMatch(/CANCELED|COMPLETED/)
        }, 20_000)
        // The workflow has closed: whatever it had to say is said.
        const truth = stateOf((await engine.reader.record(key))?.task ?? {})
        for (let event = ends.poll(); event !== undefined; event = ends.poll()) {
          shown.push(event.event.statusUpdate?.status?.state ?? '?')
        }
        server.engine.bus.unsubscribe(key, ends)
        if (truth === 'TASK_STATE_CANCELED') canceled += 1
        if (new Set(shown).size > 1) twice.push(shown.join())
        expect(shown).toContain(truth)
      }),
    )
  }
  expect(twice).toEqual([])
  expect(canceled).toBeGreaterThan(0)
  expect(canceled).toBeLessThan(tries)
}, 120_000)
