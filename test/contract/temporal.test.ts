/** The contract on a real Temporal, over one text and one binary wire. */
import { afterAll, beforeAll, inject } from 'vitest'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WIRES, wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'
import { cancelContract } from './cancel.js'
import { streamContract } from './streams.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress') })
})

afterAll(() => server.stop())

for (const name of ['jsonrpc', 'grpc'] as const) {
  a2aContract(`temporal over ${name}`, WIRES[name], async () => wireNamed(name, server.url))
  cancelContract(`temporal over ${name}`, async () => wireNamed(name, server.url))
  streamContract(`temporal over ${name}`, async () => wireNamed(name, server.url))
}
