/** Limits for each caller: what one has used up is there for the others. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { agent, apiKeys, inputRequired } from '../../src/index.js'
import { eventually, send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

const KEYS = { ann: 'a key that is long enough for ann', bob: 'a key that is long enough for bob' }
const as = (name: keyof typeof KEYS) => ({ headers: { 'x-api-key': KEYS[name] } })

let server: TestServer

beforeAll(async () => {
  const limited = agent({ id: 'limited', rateLimits: { perDay: 2 } }, () => 'done')
  const asking = agent({ id: 'asking' }, () => inputRequired('and?'))
  const keys = [
    { principal: 'ann', key: KEYS.ann },
    { principal: 'bob', key: KEYS.bob },
    // The same name, but somebody else.
    { principal: 'ann', tenant: 'other', key: 'a key that is long enough for the other ann' },
  ]
  server = await startTestServer({
    engine: 'memory',
    agents: [limited, asking],
    authenticate: apiKeys({ keys }),
    limits: { maxStreamsPerCaller: 2 },
  })
})

afterAll(() => server.stop())

it('messages are counted for each caller, by tenant and principal', async () => {
  const wire = wireNamed('rest', server.url)
  for (let i = 0; i < 2; i += 1) await wire.call('sendMessage', send('x'), as('ann'))
  await expect(wire.call('sendMessage', send('x'), as('ann'))).rejects.toMatchObject({ reason: 'RATE_LIMITED' })
  await wire.call('sendMessage', send('x'), as('bob'))
  await wire.call('sendMessage', send('x'), { headers: { 'x-api-key': 'a key that is long enough for the other ann' } })
})

describe.each(['rest', 'jsonrpc', 'connect', 'grpc', 'grpc-web'] as const)('streams over %s', (name) => {
  it('are counted for each caller, and no more when they are over, however they end', async () => {
    const wire = wireNamed(name, server.url)
    const open = async (caller: keyof typeof KEYS, id: string, signal: AbortSignal) => {
      const stream = wire.stream('subscribeToTask', { id }, { ...as(caller), agent: 'asking', signal })
      await stream.next()
    }
    const begin = async (caller: keyof typeof KEYS) =>
      taskOf(await wire.call('sendMessage', send('x'), { ...as(caller), agent: 'asking' })).id
    const [annTask, bobTask] = [await begin('ann'), await begin('bob')]
    const [gone, left, again] = [new AbortController(), new AbortController(), new AbortController()]
    await open('ann', annTask, gone.signal)
    await open('ann', annTask, left.signal)
    await expect(open('ann', annTask, gone.signal)).rejects.toMatchObject({
      reason: 'RATE_LIMITED',
      metadata: { limit: 'maxStreamsPerCaller', max: '2' },
    })
    await open('bob', bobTask, gone.signal)
    // One reader goes, then the others.
    left.abort()
    await eventually(async () => void (await open('ann', annTask, gone.signal)))
    gone.abort()
    await eventually(async () => void (await open('ann', annTask, again.signal)))
    // One that ends by itself, twice as often as the limit is.
    for (let i = 0; i < 4; i += 1) {
      await eventually(async () => {
        const events = wire.stream('sendStreamingMessage', send('x'), { ...as('bob'), agent: 'asking' })
        for await (const _ of events);
      })
    }
    again.abort()
  })
})
