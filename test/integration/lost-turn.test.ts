/** The end of a turn without a result, which a cancel in the same moment would still change. */

import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type LiveEvent, taskKey } from '../../src/bus/live-event.js'
import { agent } from '../../src/index.js'
import { eventually, send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

/** Its deadline is over before it would be tried again. */
const doomed = agent(
  { id: 'doomed', default: true, deadlineMs: 1_500, retry: { initialIntervalMs: 60_000, maxIntervalMs: 60_000 } },
  () => {
    throw new Error('no luck')
  },
)

let server: TestServer
let connection: Connection

beforeAll(async () => {
  server = await startTestServer({ agents: [doomed], temporalAddress: inject('temporalAddress') })
  connection = await Connection.connect({ address: inject('temporalAddress') })
})

afterAll(async () => {
  await connection.close()
  await server.stop()
})

it('is shown when Temporal has it, and not before', async () => {
  const client = new Client({ connection })
  const { bus } = server.engine
  const publish = bus.publish.bind(bus)
  /** By task: what Temporal says of its workflow in the moment in which its end is shown. */
  const found = new Map<string, Promise<string>>()
  bus.publish = (event: LiveEvent) => {
    const { taskId = '', status } = event.event.statusUpdate ?? {}
    if (status?.state === 'TASK_STATE_FAILED') {
      const handle = client.workflow.getHandle(taskKey({ tenant: '', agentId: 'doomed', taskId }))
      found.set(
        taskId,
        handle.describe().then((described) => described.status.name),
      )
    }
    publish(event)
  }
  const wire = wireNamed('grpc', server.url)
  const now = { configuration: { returnImmediately: true } }
  await Promise.all(Array.from({ length: 12 }, async () => taskOf(await wire.call('sendMessage', send('x', now)))))
  await eventually(() => expect(found.size).toBe(12), 20_000)
  expect(new Set(await Promise.all(found.values()))).toEqual(new Set(['COMPLETED']))
}, 60_000)
