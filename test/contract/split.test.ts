/** The contract with gateways and workers apart: events over NATS, and without a bus at the pace of the poll. */
import { afterAll, beforeAll, describe, inject } from 'vitest'
import { type NatsServer, natsMissing, startNats } from '../support/nats.js'
import { type SplitServers, startSplitServers } from '../support/servers.js'
import { WIRES, wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'

const temporalAddress = inject('temporalAddress')

describe('without a bus', () => {
  let servers: SplitServers

  beforeAll(async () => {
    servers = await startSplitServers({ temporalAddress, gateways: 1, workers: 2 })
  })
  afterAll(() => servers.stop())

  a2aContract('split over rest', WIRES.rest, async () => wireNamed('rest', servers.urls[0] ?? ''), { live: false })
})

describe.skipIf(natsMissing !== '')(`over NATS${natsMissing}`, () => {
  let nats: NatsServer
  let servers: SplitServers

  beforeAll(async () => {
    nats = await startNats()
    servers = await startSplitServers({ temporalAddress, gateways: 2, workers: 2, nats: { servers: nats.url } })
  })
  afterAll(async () => {
    await servers.stop()
    await nats.stop()
  })

  a2aContract('split over grpc', WIRES.grpc, async () => wireNamed('grpc', servers.urls[0] ?? ''))
})
