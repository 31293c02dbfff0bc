/** The contract on a real Temporal, over one text and one binary wire. */
import { afterAll, beforeAll, inject } from 'vitest'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WIRE_NAMES, wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'
import { cancelContract } from './cancel.js'
import { streamContract } from './streams.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress') })
})

afterAll(() => server.stop())

a2aContract('temporal over jsonrpc', async () => ({ wire: wireNamed('jsonrpc', server.url), kind: 'jsonrpc' }))
a2aContract('temporal over grpc', async () => ({ wire: wireNamed('grpc', server.url), kind: 'grpc' }))

for (const name of WIRE_NAMES) {
  cancelContract(`temporal over ${name}`, async () => wireNamed(name, server.url))
  streamContract(`temporal over ${name}`, async () => wireNamed(name, server.url))
}
