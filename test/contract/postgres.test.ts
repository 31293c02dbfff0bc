/** The contract on a real Temporal with the store on Postgres. */
import { afterAll, beforeAll, describe, inject } from 'vitest'
import { postgres } from '../support/databases.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WIRES, wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'

let server: TestServer

if (postgres.missing) {
  // Postgres is not installed: the title says how, and CI requires it.
  describe.skip(postgres.title, () => {})
} else {
  beforeAll(async () => {
    const { where } = await postgres.create()
    server = await startTestServer({ temporalAddress: inject('temporalAddress'), db: where })
  })

  afterAll(() => server.stop())

  a2aContract('temporal and Postgres over rest', WIRES.rest, async () => wireNamed('rest', server.url))
}
