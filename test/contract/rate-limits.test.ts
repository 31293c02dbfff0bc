/** What an agent's rate limit says on each wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agent } from '../../src/index.js'
import { all, send, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WIRE_NAMES, WIRES, WireError, wireNamed } from '../support/wires.js'

const CODES = { jsonrpc: -32603, http: 429, grpc: 'ResourceExhausted' }

describe.each(WIRE_NAMES)('a rate limit over %s', (name) => {
  let server: TestServer

  beforeAll(async () => {
    const limited = agent({ id: 'limited', rateLimits: { perDay: 2 } }, (message) => `Taken: ${message.text}`)
    const quick = agent({ id: 'quick', run: 'direct', rateLimits: { perDay: 1 } }, () => 'quick')
    server = await startTestServer({ engine: 'memory', agents: [limited, quick] })
  })

  afterAll(() => server.stop())

  it('refuses with RATE_LIMITED and Retry-After, whole and streamed', async () => {
    const wire = wireNamed(name, server.url)
    expect(textOf(taskOf(await wire.call('sendMessage', send('one'))))).toBe('Taken: one')
    expect(await all(wire.stream('sendStreamingMessage', send('two')))).not.toEqual([])
    let headers = new Headers()
    const onHeaders = (given: Headers) => {
      headers = given
    }
    for (const work of [
      () => wire.call('sendMessage', send('three'), { onHeaders }),
      () => wire.stream('sendStreamingMessage', send('three'), { onHeaders }).next(),
    ]) {
      headers = new Headers()
      const error = await work().catch((thrown: unknown) => thrown)
      if (!(error instanceof WireError)) throw error
      expect(error).toMatchObject({
        reason: 'RATE_LIMITED',
        code: CODES[WIRES[name].kind],
        metadata: { limit: 'perDay', max: '2', by: 'caller' },
      })
      const seconds = Number(headers.get('retry-after'))
      expect(seconds).toBeGreaterThan(86_300)
      expect(seconds).toBeLessThanOrEqual(86_400)
    }
  })

  it('does not count what makes no agent work, and leaves other agents alone', async () => {
    const wire = wireNamed(name, server.url)
    for (let i = 0; i < 4; i += 1) await wire.call('listTasks', {})
    const answer = await wire.call('sendMessage', send('x'), { agent: 'quick' })
    expect(answer.message).toMatchObject({ parts: [{ text: 'quick' }] })
    await expect(wire.call('sendMessage', send('x'), { agent: 'quick' })).rejects.toMatchObject({
      reason: 'RATE_LIMITED',
    })
  })
})
