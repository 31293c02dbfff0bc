/** The client through a proxy that breaks: every event once and in order, whatever happens to connections. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AgentInterfaceJson, StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type AgentClient, type ConnectOptions, connect, type TransportName } from '../../src/client/index.js'
import { agent } from '../../src/index.js'
import { agents, openGate, seen } from '../support/agents.js'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.js'
import { all, eventually, outline, streamedText } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'

let server: TestServer
let proxy: CuttingProxy

beforeAll(async () => {
  server = await startTestServer({ engine: 'memory', agents: [...agents, counter] })
  proxy = await startCuttingProxy({ port: () => server.port })
})

afterEach(() => {
  proxy.cutAfter(undefined)
  proxy.refuse(false)
  proxy.hold(false)
})

afterAll(async () => {
  await proxy.stop()
  await server.stop()
})

/** The card names the server itself: a card of our own leads through the proxy. */
async function through(transport: TransportName, options: ConnectOptions = {}): Promise<AgentClient> {
  const { card } = await connect(`${server.url}/agents/scripted`)
  return connect(
    { ...card, supportedInterfaces: (card.supportedInterfaces ?? []).map(throughProxy) },
    { transports: [transport], retry: { initialMs: 5, maxMs: 50 }, ...options },
  )
}

function throughProxy(each: AgentInterfaceJson): AgentInterfaceJson {
  return { ...each, url: (each.url ?? '').replaceAll(`127.0.0.1:${server.port}`, `127.0.0.1:${proxy.port}`) }
}

let gates = 0
function gateName(): string {
  gates += 1
  return `client-lost-${gates}`
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i} `).join('')
}

const SHAPE = ['task', 'status', 'artifact']

/** Numbers, one every few milliseconds. */
const counter = agent({ id: 'counter' }, async function* (message) {
  for (let i = 0; i < Number(message.text); i += 1) {
    yield `${i} `
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
})

/** The same numbers on every run. */
function randoms(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

// A connection lasts for a few events, in the size that they have on each wire.
it.each([
  ['jsonrpc', 2_500],
  ['connect', 600],
] as const)(
  '%s shows every event once and in order, over 200 connections that break at random',
  async (transport, bytes) => {
    const random = randoms(7)
    let cuts = 0
    const { supportedInterfaces = [], ...card } = (await connect(`${server.url}/agents/counter`)).card
    const bot = await connect(
      { ...card, supportedInterfaces: supportedInterfaces.map(throughProxy) },
      { transports: [transport], retry: { initialMs: 1, maxMs: 5 } },
    )
    proxy.cutAfter(() => {
      cuts += 1
      return cuts > 200 ? Number.POSITIVE_INFINITY : 700 + random() * bytes
    })
    proxy.cut()
    const run = await bot.stream('1200')
    const events = await all(run.events())
    expect(cuts).toBeGreaterThanOrEqual(200)
    expect(
      events.flatMap(({ artifactUpdate }) => artifactUpdate?.artifact?.parts?.map(({ text }) => text) ?? []).join(''),
    ).toBe(numbers(1_200))
    expect(outline(events).filter((line) => line !== 'artifact')).toEqual([
      'task SUBMITTED',
      'status WORKING',
      'status COMPLETED',
    ])
  },
  60_000,
)

describe.each(['jsonrpc', 'rest', 'connect', 'grpc'] as const)('over %s', (transport) => {
  it.each(['cut', 'end'] as const)('goes on after a connection was %s', async (how) => {
    const gate = gateName()
    const run = await (await through(transport)).stream(`wait ${gate}`)
    const events: StreamResponseJson[] = []
    for await (const event of run.events()) {
      events.push(event)
      if (event.artifactUpdate === undefined || events.filter((each) => each.artifactUpdate).length > 1) continue
      proxy[how]()
      openGate(gate)
    }
    expect(streamedText(events)).toBe('waiting no more')
    expect(outline(events).at(0)).toBe('task SUBMITTED')
    expect(outline(events).filter((line) => line === 'status WORKING')).toHaveLength(1)
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    expect(events.filter(({ task }) => task !== undefined)).toHaveLength(1)
    expect((await run.result()).text).toBe('waiting no more')
  })

  it('shows every chunk once, with every connection cut after some bytes', async () => {
    const sizes = [700, 1_500, 2_600, 900, 4_000, 1_200]
    let turn = 0
    const client = await through(transport)
    proxy.cutAfter(() => {
      turn += 1
      return (sizes[turn % sizes.length] ?? 1_000) + turn * 40
    })
    // Connections of earlier calls are kept open, without a limit.
    proxy.cut()
    const before = proxy.accepted
    const run = await client.stream('count 300')
    const events = await all(run.events())
    expect(proxy.accepted - before).toBeGreaterThan(5)
    expect(streamedText(events)).toBe(numbers(300))
    expect(outline(events).filter((line) => line.startsWith('task'))).toHaveLength(1)
    expect(outline(events).at(-1)).toBe('status COMPLETED')
    for (const line of outline(events)) expect(SHAPE).toContain(line.split(' ')[0])
    proxy.cutAfter(undefined)
    expect(await run.text()).toBe(numbers(300))
  })

  it('sends a message once, though its answer is lost again and again', async () => {
    const client = await through(transport)
    let turn = 0
    proxy.cutAfter(() => {
      turn += 1
      return turn < 6 ? 10 : Number.POSITIVE_INFINITY
    })
    proxy.cut()
    const before = proxy.accepted
    const contextId = `context-${gateName()}`
    const run = await client.send('echo once', { contextId })
    expect(await run.text()).toBe('Echo: once')
    expect(proxy.accepted - before).toBeGreaterThanOrEqual(6)
    expect((await client.listTasks({ contextId })).tasks).toHaveLength(1)
    client.close()
  })

  it('waits out a server that cannot be reached', async () => {
    const gate = gateName()
    const client = await through(transport)
    const run = await client.stream(`wait ${gate}`)
    const reading = run.result()
    await eventually(() => expect(run.task?.artifacts).toHaveLength(1))
    proxy.refuse(true)
    proxy.cut()
    openGate(gate)
    await new Promise((resolve) => setTimeout(resolve, 100))
    proxy.refuse(false)
    expect((await reading).text).toBe('waiting no more')
  })

  it('gives up when nothing has worked for long enough', async () => {
    const gate = gateName()
    const run = await (await through(transport, { retry: { initialMs: 5, maxMs: 20, giveUpMs: 150 } })).stream(
      `wait ${gate}`,
    )
    const reading = run.result()
    proxy.refuse(true)
    proxy.cut()
    await expect(reading).rejects.toMatchObject({ name: 'A2AError', reason: 'UNAVAILABLE' })
    openGate(gate)
    proxy.refuse(false)
    expect((await run.result()).text).toBe('waiting no more')
  })

  it('does not give up a quiet task whose every connection is cut', async () => {
    const gate = gateName()
    const giveUpMs = 800
    const run = await (await through(transport, { retry: { initialMs: 5, maxMs: 20, giveUpMs } })).stream(
      `wait ${gate}`,
    )
    const reading = run.result()
    await eventually(() => expect(run.task?.artifacts).toHaveLength(1))
    const until = Date.now() + 1.5 * giveUpMs
    while (Date.now() < until) {
      const before = proxy.accepted
      proxy.cut()
      await eventually(() => expect(proxy.accepted).toBeGreaterThan(before))
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    openGate(gate)
    expect((await reading).text).toBe('waiting no more')
  })

  it('knows from a cursor alone that the task waits for its caller', async () => {
    const client = await through(transport)
    const asked = await client.send('ask which?')
    const { taskId = '', cursor = '' } = asked
    const run = client.resume(taskId, { cursor })
    expect(await run.text()).toBe('which?')
    expect(run.needsInput).toBe(true)
    await run.reply('this one')
    expect(outline(await all(run.events())).at(-1)).toBe('status COMPLETED')
    const ended = client.resume(taskId, run.cursor === undefined ? {} : { cursor: run.cursor })
    expect(await ended.text()).toContain('this one')
    client.close()
  })

  it('notices that the other side has gone without a word', async () => {
    const gate = gateName()
    const run = await (await through(transport, { limits: { idleMs: 150 } })).stream(`wait ${gate}`)
    const reading = run.result()
    await eventually(() => expect(run.task?.artifacts).toHaveLength(1))
    if (transport === 'grpc') return
    proxy.hold(true)
    openGate(gate)
    const before = proxy.accepted
    await eventually(() => expect(proxy.accepted).toBeGreaterThan(before))
    proxy.cut()
    proxy.hold(false)
    expect((await reading).text).toBe('waiting no more')
  })

  it('leaves and comes back where it left', async () => {
    const gate = gateName()
    const run = await (await through(transport)).stream(`wait ${gate}`)
    const events: StreamResponseJson[] = []
    for await (const event of run.events()) {
      events.push(event)
      if (event.artifactUpdate !== undefined) break
    }
    openGate(gate)
    for await (const event of run.events()) events.push(event)
    expect(streamedText(events)).toBe('waiting no more')
    expect(outline(events).filter((line) => line.startsWith('task'))).toHaveLength(1)
  })

  it('cancels through another connection than the one that reads', async () => {
    const gate = gateName()
    const run = await (await through(transport)).stream(`wait ${gate}`)
    const reading = run.result()
    await eventually(() => expect(run.task?.artifacts).toHaveLength(1))
    proxy.cut()
    expect((await run.cancel()).status?.state).toBe('TASK_STATE_CANCELED')
    expect((await reading).state).toBe('TASK_STATE_CANCELED')
    expect(seen.aborted.get(gate)).toBe('canceled')
    await expect(run.text()).rejects.toThrow('The task ended as CANCELED')
  })
})
