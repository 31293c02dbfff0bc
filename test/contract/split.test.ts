/** The contract with gateways and workers apart, and nothing between them but Temporal: at the pace of the fallback poll. */
import { afterAll, beforeAll, inject } from 'vitest'
import { type SplitServers, startSplitServers } from '../support/servers.js'
import { WIRES, wireNamed } from '../support/wires.js'
import { a2aContract } from './a2a.js'

let servers: SplitServers

beforeAll(async () => {
  servers = await startSplitServers({ temporalAddress: inject('temporalAddress'), gateways: 1, workers: 2 })
})

afterAll(() => servers.stop())

a2aContract('split without a bus over rest', WIRES.rest, async () => wireNamed('rest', servers.urls[0] ?? ''), {
  live: false,
})
