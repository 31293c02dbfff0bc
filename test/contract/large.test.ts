/** Large values in memory, on Temporal, and with gateways and workers apart. */
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, inject } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { large } from '../support/large-agents.js'
import { type NatsServer, natsMissing, startNats } from '../support/nats.js'
import { type SplitServers, startSplitServers, startTestServer, type TestServer } from '../support/servers.js'
import { CURRENT_WIRE_NAMES, wireNamed } from '../support/wires.js'
import { largeContract } from './large.js'

const temporalAddress = inject('temporalAddress')
const agents = [large]
let client: Client

beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: temporalAddress }) })
})
afterAll(() => client.connection.close())

async function historyBytes(taskId: string): Promise<number> {
  const description = await client.workflow.getHandle(taskKey({ tenant: '', agentId: 'large', taskId })).describe()
  return description.historySize ?? Number.NaN
}

describe('in memory', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ engine: 'memory', agents })
  })
  afterAll(() => server.stop())

  const wires = () => [wireNamed('jsonrpc', server.url)]
  largeContract('memory', async () => wireNamed('jsonrpc', server.url), { url: () => server.url, wires })
})

describe('on Temporal', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ temporalAddress, agents })
  })
  afterAll(() => server.stop())

  const wires = () => CURRENT_WIRE_NAMES.map((name) => wireNamed(name, server.url))
  largeContract('temporal over grpc', async () => wireNamed('grpc', server.url), {
    url: () => server.url,
    wires,
    historyBytes,
  })
})

describe.skipIf(natsMissing !== '')(`over NATS${natsMissing}`, () => {
  let nats: NatsServer
  let servers: SplitServers
  beforeAll(async () => {
    nats = await startNats()
    servers = await startSplitServers({
      agents,
      temporalAddress,
      gateways: 2,
      workers: 1,
      nats: { servers: nats.url },
    })
  })
  afterAll(async () => {
    await servers.stop()
    await nats.stop()
  })

  const wires = () => servers.urls.map((url) => wireNamed('rest', url))
  largeContract('split over rest', async () => wireNamed('rest', servers.urls[1] ?? ''), {
    url: () => servers.urls[0] ?? '',
    wires,
    historyBytes,
  })
})
