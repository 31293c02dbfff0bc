/** An executor of `@a2a-js/sdk` on Temporal outlives the server that ran it. */
import { afterEach, expect, inject, it } from 'vitest'
import { fromExecutor } from '../../src/compat/index.js'
import { AskingExecutor, CancelableExecutor } from '../interop/executors.js'
import { eventually, send, stateOf, statusText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

const servers: TestServer[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function start(taskQueue: string) {
  const cancelable = new CancelableExecutor()
  const agents = [fromExecutor(cancelable, { id: 'cancelable' }), fromExecutor(new AskingExecutor(), { id: 'asking' })]
  const server = await startTestServer({ temporalAddress: inject('temporalAddress'), agents, taskQueue })
  servers.push(server)
  return { server, cancelable, wire: wireNamed('rest', server.url) }
}

it('goes on elsewhere with the task it was at, and with the one that waits', async () => {
  const taskQueue = `executors-${process.pid}-${Date.now()}`
  const first = await start(taskQueue)
  const asked = taskOf(await first.wire.call('sendMessage', send('the sea'), { agent: 'asking' }))
  expect(statusText(asked)).toBe('Which year?')
  const at = send('on and forever', { configuration: { returnImmediately: true } })
  const { id } = taskOf(await first.wire.call('sendMessage', at, { agent: 'cancelable' }))
  await eventually(() => expect(first.cancelable.working.has(id)).toBe(true))
  await first.server.stop()

  const second = await start(taskQueue)
  const request = send('1954', {}, { taskId: asked.id })
  const done = taskOf(await second.wire.call('sendMessage', request, { agent: 'asking' }))
  expect(textOf(done)).toBe('Film of the sea of 1954')
  await eventually(() => expect(second.cancelable.working.has(id)).toBe(true), 20_000)
  const canceled = await second.wire.call('cancelTask', { id }, { agent: 'cancelable' })
  expect([stateOf(canceled), textOf(canceled)]).toEqual(['TASK_STATE_CANCELED', 'on and '])
}, 60_000)
