/** The contract over every binding, on the memory engine. */
import { afterAll, beforeAll } from 'vitest'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WIRE_NAMES, WIRES, wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'
import { cancelContract } from './cancel.js'
import { streamContract } from './streams.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory' })
})

afterAll(() => server.stop())

for (const name of WIRE_NAMES) {
  cancelContract(`memory over ${name}`, async () => wireNamed(name, server.url))
  streamContract(`memory over ${name}`, async () => wireNamed(name, server.url))
  a2aContract(`memory over ${name}`, WIRES[name], async () => wireNamed(name, server.url))
}
