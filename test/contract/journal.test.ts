/** The journal on both engines; and where handlers are left at once, whenever they wait. */
import { afterAll, beforeAll, inject } from 'vitest'
import { journalAgents } from '../support/journal-agents.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'
import { journalContract } from './journal.js'

const at = ({ url }: TestServer) => ({ ...wireNamed('jsonrpc', url), url })

let memory: TestServer
let temporal: TestServer
let leaving: TestServer
let leavingTemporal: TestServer

beforeAll(async () => {
  memory = await startTestServer({ engine: 'memory', agents: journalAgents })
  const turn = { graceMs: 300, suspendAfterMs: 1 }
  leaving = await startTestServer({ engine: 'memory', agents: journalAgents, turn })
  leavingTemporal = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: journalAgents, turn })
  temporal = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: journalAgents })
})

afterAll(async () => {
  await leaving.stop()
  await leavingTemporal.stop()
  await memory.stop()
  await temporal.stop()
})

journalContract('journal in memory', async () => at(memory))
journalContract('journal in memory, always leaving', async () => at(leaving))
journalContract('journal on temporal, always leaving', async () => at(leavingTemporal), ['sleep', 'call'])
journalContract('journal on temporal', async () => at(temporal))
