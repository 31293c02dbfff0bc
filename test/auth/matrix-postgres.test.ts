/** The authorisation matrix on a real Temporal with the store on Postgres, over a wire of each kind. */
import { describe, inject } from 'vitest'
import { postgres } from '../support/databases.js'
import { startTestServer } from '../support/servers.js'
import { authenticate, authorizationMatrix, curious, webhooks } from './matrix.js'

if (postgres.missing) {
  // Postgres is not installed: the title says how, and CI requires it.
  describe.skip(postgres.title, () => {})
} else {
  authorizationMatrix('temporal and Postgres', ['rest', 'grpc-0.3'], async () => {
    const { where } = await postgres.create()
    const temporalAddress = inject('temporalAddress')
    return startTestServer({ temporalAddress, db: where, agents: [curious], authenticate, webhooks })
  })
}
