/** An inline turn is a part of its first workflow task, which runs again when something comes in meanwhile. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { agent } from '../../src/index.js'
import { gate, openGate } from '../support/agents.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import type { WireError } from '../support/wire.js'
import { wireNamed } from '../support/wires.js'

const runs: string[] = []
const inline = agent({ id: 'inline', run: 'inline' }, async (message, ctx) => {
  runs.push(message.text)
  if (ctx.turn === 1) await gate(message.text, ctx.signal)
  return `${ctx.turn}: ${message.text}`
})

let server: TestServer

beforeAll(async () => {
  server = await startTestServer({ agents: [inline], temporalAddress: inject('temporalAddress') })
})

afterAll(() => server.stop())

it('a message that arrives during an inline turn is handled after it, whatever of it runs twice', async () => {
  const wire = wireNamed('jsonrpc', server.url)
  const now = { configuration: { returnImmediately: true } }
  const { id } = taskOf(await wire.call('sendMessage', send('first', now)))
  await eventually(() => expect(runs).toContain('first'))
  const second = wire.call('sendMessage', send('second', now, { taskId: id })).then(
    () => true,
    (error: WireError) => {
      // The turn was over before the message was taken: then it must have been refused, and nothing of it is kept.
      expect(error.reason).toBe('UNSUPPORTED_OPERATION')
      return false
    },
  )
  await delay(300)
  openGate('first')
  const accepted = await second
  const task = await eventually(async () => {
    const found = await wire.call('getTask', { id })
    const text = accepted ? '1: first2: second' : '1: first'
    expect([stateOf(found), textOf(found)]).toEqual(['TASK_STATE_COMPLETED', text])
    return found
  }, 30_000)
  const history = (task as { history?: { role?: string }[] }).history ?? []
  expect(history.filter(({ role }) => role === 'ROLE_USER')).toHaveLength(accepted ? 2 : 1)
  expect(runs.filter((text) => text === 'second')).toHaveLength(accepted ? 1 : 0)
}, 60_000)
