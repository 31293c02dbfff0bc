/** `ctx.state` on both engines; and where handlers are left at once, whenever they wait. */
import { afterAll, beforeAll, inject } from 'vitest'
import { startTestServer, type TestServer } from '../support/servers.js'
import { stateAgents } from '../support/state-agents.js'
import { wireNamed } from '../support/wires.js'
import { stateContract } from './state.js'

let memory: TestServer
let temporal: TestServer

beforeAll(async () => {
  memory = await startTestServer({ engine: 'memory', agents: stateAgents })
  temporal = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: stateAgents })
})

afterAll(async () => {
  await memory.stop()
  await temporal.stop()
})

stateContract('state in memory', async () => wireNamed('jsonrpc', memory.url))
stateContract('state on temporal', async () => wireNamed('jsonrpc', temporal.url))
