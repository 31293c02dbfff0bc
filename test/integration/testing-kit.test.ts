/** What the testing kit shows is what a caller of the Temporal engine sees. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { outline, test } from '../../src/testing/index.js'
import { journaled } from '../support/journal-agents.js'
import { all, send } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { type Wire, wireNamed } from '../support/wires.js'

let server: TestServer
let wire: Wire

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: [journaled] })
  wire = wireNamed('rest', server.url)
})

afterAll(() => server.stop())

describe('the testing kit and Temporal show the same events', () => {
  it.each(['steps', 'ask', 'schema', 'approve', 'caught', 'nap', 'flaky', 'step-fails-once', 'left-out'])(
    '%s',
    async (command) => {
      const t = test(journaled, { onWarning: () => {} })
      const [here, there] = [
        await all(t.stream(`${command} kit-1`)),
        await all(wire.stream('sendStreamingMessage', send(`${command} kit-2`))),
      ]
      expect(outline(here)).toEqual(outline(there as never))
    },
  )
})
