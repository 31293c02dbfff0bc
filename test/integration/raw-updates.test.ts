/** Updates that no gateway has sent: whoever may use the namespace can send them, and must not harm an owner's lists. */
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client'
import type { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { MESSAGE_UPDATE, REFUSED } from '../../src/temporal/names.js'
import { send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

let connection: Connection
let server: TestServer

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
  server = await startTestServer({ temporalAddress: inject('temporalAddress') })
})
afterAll(async () => {
  await server.stop()
  await connection.close()
})

const good = { messageId: 'raw', role: 'ROLE_USER', parts: [{ text: 'raw' }] }

describe('an update that no gateway has sent', () => {
  it('is refused unless every wire can carry its message, and lists stay readable', async () => {
    const grpc = wireNamed('grpc', server.url)
    const { id, contextId } = taskOf(await grpc.call('sendMessage', send('ask which?')))
    const handle = new Client({ connection }).workflow.getHandle(
      taskKey({ tenant: '', agentId: 'scripted', taskId: id as string }),
    )
    const update = (input: object) => handle.executeUpdate(MESSAGE_UPDATE, { args: [{ owner: 'local', ...input }] })
    for (const input of [
      { message: { messageId: 'a', role: 'ROLE_AGENT', parts: [{ text: 7 }] }, params: 5 },
      { message: { ...good, parts: [{ text: 7 }] }, params: {} },
      { message: {}, params: {} },
      { message: good },
      {},
    ]) {
      const error = await update(input).catch((thrown: unknown) => thrown)
      expect(error, JSON.stringify(input)).toBeInstanceOf(WorkflowUpdateFailedError)
      const { cause } = error as WorkflowUpdateFailedError
      expect((cause as ApplicationFailure).type).toBe(REFUSED)
      expect((cause as ApplicationFailure).details?.[0]).toMatchObject({ reason: 'INVALID_PARAMS' })
    }
    expect(await update({ message: { ...good, taskId: id, contextId }, params: {} })).toEqual({ turn: 2 })
    const { tasks } = (await grpc.call('listTasks', { historyLength: 100 })) as { tasks: { id: string }[] }
    expect(tasks.map((task) => task.id)).toContain(id)
  }, 60_000)
})
