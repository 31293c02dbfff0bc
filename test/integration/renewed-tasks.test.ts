/** A long task continues as new between its turns; what its webhooks are yet to be told holds nobody up. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { agent, inputRequired } from '../../src/index.js'
import { ANSWERED_SIGNAL } from '../../src/temporal/names.js'
import { eventually, send, stateOf, statusText, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { startReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'
import { type Wire, wireNamed } from '../support/wires.js'

const chat = {
  ...agent({ id: 'chat', default: true }, ({ text }) => (text === 'bye' ? 'bye' : inputRequired(`after ${text}`))),
  pushNotifications: true,
}

let directory: string
let db: string
let server: TestServer
let receiver: WebhookReceiver
let connection: Connection
let wire: Wire

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-renewed-'))
  db = join(directory, 'a2a.db')
  receiver = await startReceiver(() => 200)
  connection = await Connection.connect({ address: inject('temporalAddress') })
  server = await startTestServer({
    temporalAddress: inject('temporalAddress'),
    agents: [chat],
    db,
    webhooks: { allow: ['127.0.0.0/8'] },
  })
  wire = wireNamed('jsonrpc', server.url)
}, 60_000)

afterAll(async () => {
  await server.stop()
  await receiver.close()
  await connection.close()
  await rm(directory, { recursive: true, force: true })
})

it('goes on while the store is away, and continues as new when it is back', async () => {
  const client = new Client({ connection })
  const configuration = { taskPushNotificationConfig: { id: 'w', url: `${receiver.url}/renewed` } }
  const { id } = taskOf(await wire.call('sendMessage', send('one', { configuration })))
  await receiver.got('/renewed', 1)
  const handle = client.workflow.getHandle(taskKey({ tenant: '', agentId: 'chat', taskId: id }))
  const { runId } = await handle.describe()
  // Temporal suggests it above 4 MiB of history.
  for (let i = 0; i < 5; i += 1) await handle.signal(ANSWERED_SIGNAL, 'x'.repeat(1_000_000))
  const lock = new DatabaseSync(db)
  lock.exec('BEGIN EXCLUSIVE')
  try {
    for (const text of ['two', 'three', 'four']) {
      const said = taskOf(await wire.call('sendMessage', send(text, {}, { taskId: id })))
      expect([stateOf(said), statusText(said)]).toEqual(['TASK_STATE_INPUT_REQUIRED', `after ${text}`])
    }
    expect((await handle.describe()).runId).toBe(runId)
  } finally {
    lock.exec('ROLLBACK')
    lock.close()
  }
  await eventually(async () => expect((await handle.describe()).runId).not.toBe(runId), 40_000)
  const last = taskOf(await wire.call('sendMessage', send('bye', {}, { taskId: id })))
  expect(stateOf(last)).toBe('TASK_STATE_COMPLETED')
  expect(last.history?.filter(({ role }) => role === 'ROLE_USER')).toHaveLength(5)
  await receiver.got('/renewed', 5)
}, 90_000)
