/** A turn may take as long as it wants: the SDK, which sees none of the heartbeats that we send, must not give it up. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { agent } from '../../src/index.js'
import { send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

/** The SDK gives up what has shown no life for the heartbeat timeout and 5 s. */
const TURN = { heartbeatTimeoutMs: 1_000, checkpointMs: 300 }
const WORK_MS = 9_000

const slow = agent({ id: 'slow' }, async (_, ctx) => {
  await sleep(WORK_MS, undefined, { signal: ctx.signal })
  return `attempt ${ctx.attempt}`
})

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ engine: 'temporal', agents: [slow], turn: TURN })
})
afterAll(() => server.stop())

it('a turn that takes longer than its heartbeats ends in its first attempt', async () => {
  const wire = wireNamed('rest', server.url)
  const { id } = taskOf(await wire.call('sendMessage', send('work', { returnImmediately: true })))
  for (;;) {
    const task = (await wire.call('getTask', { id })) as ReturnType<typeof taskOf>
    if (stateOf(task) === 'TASK_STATE_SUBMITTED' || stateOf(task) === 'TASK_STATE_WORKING') {
      await sleep(300)
      continue
    }
    expect([stateOf(task), textOf(task)]).toEqual(['TASK_STATE_COMPLETED', 'attempt 1'])
    return
  }
}, 40_000)
