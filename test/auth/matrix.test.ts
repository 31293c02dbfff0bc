/** The authorisation matrix over every wire and version, on the memory engine. */
import { startTestServer } from '../support/servers.js'
import { WIRE_NAMES } from '../support/wires.js'
import { authenticate, authorizationMatrix, curious, webhooks } from './matrix.js'

authorizationMatrix('memory', WIRE_NAMES, () =>
  startTestServer({ engine: 'memory', agents: [curious], authenticate, webhooks }),
)
