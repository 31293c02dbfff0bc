/** The client with the methods of `@a2a-js/sdk`, where it does more than pass on. */
import { TaskState } from '@a2a-js/sdk'
import { afterEach, expect, it } from 'vitest'
import { connect } from '../../src/client/index.js'
import { Client } from '../../src/compat/index.js'
import { all } from '../support/reading.js'
import { type ScriptedServer, startScriptedServer } from '../support/scripted-server.js'

let server: ScriptedServer
afterEach(() => server.stop())

it('resubscribes again after a lost connection, for the same tenant and with the same headers', async () => {
  const task = { id: 't', contextId: 'c' }
  server = await startScriptedServer([
    (call) => {
      call.event({ task: { ...task, status: { state: 'TASK_STATE_WORKING' } } }, '1')
      setTimeout(() => call.cut(), 20)
    },
    (call) => {
      const status = { state: 'TASK_STATE_COMPLETED' } as const
      call.event({ statusUpdate: { taskId: 't', contextId: 'c', status } }, '2')
      call.end()
    },
  ])
  const client = new Client(await connect(server.card, { retry: { initialMs: 1, maxMs: 10 } }))
  const options = { serviceParameters: { 'X-Own': 'mine' } }
  const events = await all(client.resubscribeTask({ id: 't', tenant: 'acme' }, options))
  expect(events.map(({ payload }) => payload?.$case)).toEqual(['task', 'statusUpdate'])
  const last = events.at(-1)?.payload
  expect(last?.$case === 'statusUpdate' && last.value.status?.state).toBe(TaskState.TASK_STATE_COMPLETED)
  for (const { method, params, headers } of server.calls) {
    expect([method, params, headers['x-own']]).toEqual(['SubscribeToTask', { id: 't', tenant: 'acme' }, 'mine'])
  }
  expect(server.calls).toHaveLength(2)
})
