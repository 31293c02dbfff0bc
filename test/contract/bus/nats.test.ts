import { describe } from 'vitest'
import { NatsBus } from '../../../src/bus/nats/nats-bus.js'
import { keptLargeValues } from '../../support/large-values.js'
import { natsMissing, startNats } from '../../support/nats.js'
import { testLogger } from '../../support/servers.js'
import { busContract } from './contract.js'

describe.skipIf(natsMissing !== '')(`with nats-server${natsMissing}`, () => {
  busContract('the bus over NATS', async () => {
    const server = await startNats()
    const shared = { servers: server.url, namespace: 'default', logger: testLogger, largeValues: keptLargeValues() }
    const open = () => NatsBus.open(shared)
    const [here, there] = await Promise.all([open(), open()])
    return {
      here,
      there,
      async stop() {
        await Promise.all([here.close(), there.close()])
        await server.stop()
      },
    }
  })
})
