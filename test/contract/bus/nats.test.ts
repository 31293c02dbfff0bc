import { describe } from 'vitest'
import { NatsBus } from '../../../src/bus/nats/nats-bus.js'
import { natsMissing, startNats } from '../../support/nats.js'
import { testLogger } from '../../support/servers.js'
import { busContract } from './contract.js'

describe.skipIf(natsMissing !== '')(`with nats-server${natsMissing}`, () => {
  busContract('the bus over NATS', async () => {
    const server = await startNats()
    const open = () => NatsBus.open({ servers: server.url, namespace: 'default', logger: testLogger })
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
