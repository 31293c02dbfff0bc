/** What an agent remembers of one caller is nothing to another, whatever context that one names. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { send, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { stateAgents } from '../support/state-agents.js'
import { wireNamed } from '../support/wires.js'
import { authenticate, CALLERS, type CallerName } from './matrix.js'

describe.each([
  ['memory', () => ({ engine: 'memory' as const })],
  ['temporal', () => ({ temporalAddress: inject('temporalAddress') })],
])('state on %s', (_, options) => {
  let server: TestServer

  beforeAll(async () => {
    server = await startTestServer({ ...options(), agents: stateAgents, authenticate })
  })
  afterAll(() => server?.stop())

  it('of a context and of a caller is of its principal and tenant, that of an agent of its tenant', async () => {
    const wire = wireNamed('jsonrpc', server.url)
    const contextId = randomUUID()
    const say = async (caller: CallerName, text: string) => {
      const options = { agent: 'remembering', headers: CALLERS[caller] }
      return textOf(taskOf(await wire.call('sendMessage', send(text, {}, { contextId }), options)))
    }
    const agents = async (caller: CallerName) => JSON.parse(await say(caller, 'show-all'))[2].count as number
    const [acme, other] = [await agents('owner'), await agents('namesake')]
    expect(await say('owner', 'count-all')).toBe(`1 1 ${acme + 1}`)
    expect(await say('colleague', 'count-all')).toBe(`1 1 ${acme + 2}`)
    expect(await say('namesake', 'count-all')).toBe(`1 1 ${other + 1}`)
    expect(await say('owner', 'count-all')).toBe(`2 2 ${acme + 3}`)
  })
})
