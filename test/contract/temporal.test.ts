/** The contract on a real Temporal, over one text and one binary wire. */
import { afterAll, beforeAll, inject } from 'vitest'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress') })
})

afterAll(() => server.stop())

a2aContract('temporal over jsonrpc', async () => ({ wire: wireNamed('jsonrpc', server.url), kind: 'jsonrpc' }))
a2aContract('temporal over grpc', async () => ({ wire: wireNamed('grpc', server.url), kind: 'grpc' }))
