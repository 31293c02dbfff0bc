/** The journal on both engines. */
import { afterAll, beforeAll, inject } from 'vitest'
import { journalAgents } from '../support/journal-agents.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'
import { journalContract } from './journal.js'

let memory: TestServer
let temporal: TestServer

beforeAll(async () => {
  memory = await startTestServer({ engine: 'memory', agents: journalAgents })
  temporal = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: journalAgents })
})

afterAll(async () => {
  await memory.stop()
  await temporal.stop()
})

journalContract('journal in memory', async () => wireNamed('jsonrpc', memory.url))
journalContract('journal on temporal', async () => wireNamed('jsonrpc', temporal.url))
