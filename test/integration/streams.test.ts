/** Streams at their limits: very many chunks, readers that stop reading, several gateways. */
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import type { Readable } from 'node:stream'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { taskKey } from '../../src/bus/live-event.js'
import { agent } from '../../src/index.js'
import { openGate, scripted, seen } from '../support/agents.js'
import { all, eventually, outline, send, stateOf, streamedText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { CURRENT_WIRE_NAMES, type Wire, wireNamed } from '../support/wires.js'

const CHUNK = '123456789 '
const STALL_MS = 1_500
/** Chunks that no socket buffers hold. */
const MANY = 40_000

/** As many chunks as the message says, without a pause. */
const talker = agent({ id: 'talker', default: true }, async function* (message) {
  for (let i = 0; i < Number(message.text); i += 1) yield CHUNK
})

const agents = [talker, scripted]

let temporal: TestServer
let memory: TestServer

beforeAll(async () => {
  temporal = await startTestServer({ agents, temporalAddress: inject('temporalAddress') })
  memory = await startTestServer({ agents, engine: 'memory', limits: { stallMs: STALL_MS } })
})

afterAll(async () => {
  await Promise.all([temporal.stop(), memory.stop()])
})

describe('acceptance 5: 100 000 chunks of one artifact', () => {
  it('grow linearly, leave a short history, and end as one compact part', async () => {
    const wire = wireNamed('jsonrpc', temporal.url)
    await all(wire.stream('sendStreamingMessage', send('1000')))
    const before = process.memoryUsage().rss
    let peak = before
    const sampler = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss)
    }, 20)
    const seen: StreamResponseJson[] = []
    let id = ''
    for await (const event of wire.stream('sendStreamingMessage', send('100000'))) {
      seen.push(event as StreamResponseJson)
      id ||= seen[0]?.task?.id ?? ''
    }
    clearInterval(sampler)
    expect(streamedText(seen) === CHUNK.repeat(100_000)).toBe(true)
    const task = await wire.call('getTask', { id })
    expect((task as { artifacts: { parts: object[] }[] }).artifacts.map(({ parts }) => parts)).toEqual([
      [{ text: CHUNK.repeat(100_000) }],
    ])
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const handle = new Client({ connection }).workflow.getHandle(taskKey({ tenant: '', agentId: 'talker', taskId: id }))
    const { events = [] } = await handle.fetchHistory()
    await connection.close()
    expect(events?.length).toBeLessThan(30)
    // Each comes once. An attempt that was lost, as on a machine that stands still for seconds, has said some of them before;
    // the next one replaces the artifact, so that what the reader ends up with is the same.
    const attempts = events?.map(({ activityTaskStartedEventAttributes: started }) => started?.attempt ?? 0) ?? []
    const chunks = seen.filter(({ artifactUpdate }) => artifactUpdate?.artifact?.parts?.[0]?.text === CHUNK).length
    if (Math.max(...attempts) === 1) expect(chunks).toBe(100_000)
    process.stderr.write(`100,000 chunks: ${Math.round((peak - before) / 1048576)} MiB more at the peak\n`)
  }, 120_000)

  it('may come to more than Temporal takes: 300,000 of them', async () => {
    const wire = wireNamed('jsonrpc', temporal.url)
    const task = taskOf(await wire.call('sendMessage', send('300000')))
    expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
    expect(textOf(task) === CHUNK.repeat(300_000)).toBe(true)
    expect(await wire.call('getTask', { id: task.id })).toEqual(task)
  }, 60_000)
})

describe('a stream of a task that goes on', () => {
  const MAX_MS = 1_000
  let server: TestServer

  beforeAll(async () => {
    server = await startTestServer({ agents, engine: 'memory', limits: { maxStreamMs: MAX_MS } })
  })

  afterAll(() => server.stop())

  it.each(CURRENT_WIRE_NAMES)('is closed after its time, and can be resumed, over %s', async (name) => {
    const wire = wireNamed(name, server.url)
    const on = { agent: 'scripted' }
    const begun = Date.now()
    const events: StreamResponseJson[] = []
    const read = async () => {
      for await (const event of wire.stream('sendStreamingMessage', send(`wait limit-${name}`), on)) {
        events.push(event as StreamResponseJson)
      }
    }
    // An event stream is closed without an error; the others have no such end.
    if (name === 'jsonrpc' || name === 'rest') await read()
    else await expect(read()).rejects.toMatchObject({ reason: 'UNAVAILABLE', metadata: { resumable: 'true' } })
    expect(Date.now() - begun).toBeGreaterThanOrEqual(MAX_MS)
    expect(outline(events).at(-1)).toBe('artifact')
    const id = events[0]?.task?.id ?? ''
    const rest = wire.stream('subscribeToTask', { id }, on)
    expect((await rest.next()).value).toMatchObject({ task: { id } })
    openGate(`limit-${name}`)
    expect(outline((await all(rest)) as StreamResponseJson[]).at(-1)).toBe('status COMPLETED')
  })
})

describe('acceptance 9: a reader that never reads', () => {
  it.each(['HTTP/1.1', 'HTTP/2'] as const)(
    'over %s costs a bounded amount, is closed so that it can resume, and slows nobody',
    async (version) => {
      const wire = wireNamed('jsonrpc', memory.url)
      const stalled = version === 'HTTP/1.1' ? await stalledH1() : await stalledH2()
      const begun = Date.now()
      // Another task, and another reader, meanwhile.
      const healthy = await all(wire.stream('sendStreamingMessage', send('20000')))
      expect(streamedText(healthy as StreamResponseJson[])).toBe(CHUNK.repeat(20_000))
      await stalled.closed
      expect(Date.now() - begun).toBeGreaterThanOrEqual(STALL_MS - 500)
      const { id, text } = stalled.received()
      const [, taskId = ''] = /"task":\{"id":"([^"]+)"/.exec(text) ?? []
      const again = await all(wire.stream('subscribeToTask', { id: taskId }, { headers: { 'last-event-id': id } }))
      const task = await wire.call('getTask', { id: taskId })
      expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
      expect(outline(again as StreamResponseJson[]).at(-1)).toMatch(/COMPLETED$/)
      expect(streamedText(again as StreamResponseJson[])).toBe(CHUNK.repeat(MANY))
      expect(textOf(task)).toBe(CHUNK.repeat(MANY))
      expect(await stalled.rest()).not.toContain('COMPLETED')
    },
    60_000,
  )

  it('over gRPC is cut as well, and resumes', async () => {
    const wire = wireNamed('grpc', memory.url)
    const reader = wire.stream('sendStreamingMessage', send(String(MANY)), {
      headers: { 'a2a-extensions': 'urn:temporal-a2a:cursor:v1' },
    })
    const first = (await reader.next()).value as StreamResponseJson
    const id = first.task?.id ?? ''
    await eventually(
      async () => expect(stateOf(await wire.call('getTask', { id }))).toBe('TASK_STATE_COMPLETED'),
      20_000,
    )
    await new Promise((resolve) => setTimeout(resolve, STALL_MS * 2))
    await expect(all(reader)).rejects.toThrow()
    const cursor = String(first.task?.metadata?.['urn:temporal-a2a:cursor:v1'])
    const again = await all(wire.stream('subscribeToTask', { id }, { headers: { 'last-event-id': cursor } }))
    expect(streamedText(again as StreamResponseJson[])).toBe(CHUNK.repeat(MANY))
  }, 60_000)

  async function stalledH1() {
    const request = http.request(memory.url, { method: 'POST', headers: { 'content-type': 'application/json' } })
    request.on('error', () => {})
    request.end(rpc(String(MANY)))
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    return stall(response, () => response.socket.destroyed)
  }

  async function stalledH2() {
    const session = http2.connect(memory.url)
    session.on('error', () => {})
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': 'application/json' })
    stream.on('error', () => {})
    stream.end(rpc(String(MANY)))
    await once(stream, 'response')
    const stalled = await stall(stream, () => stream.destroyed)
    return { ...stalled, closed: stalled.closed.finally(() => session.destroy()) }
  }

  function rpc(text: string): string {
    return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendStreamingMessage', params: send(text) })
  }

  /** Reads one piece, and then nothing until the other side has had enough. */
  async function stall(stream: Readable, ended: () => boolean) {
    let text = ''
    await once(stream, 'readable')
    while (!text.includes('\n\n')) {
      text += String(stream.read() ?? '')
      if (!text.includes('\n\n')) await once(stream, 'readable')
    }
    const closed = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (!serverHasClosed()) return
        clearInterval(timer)
        resolve()
      }, 50)
    })
    const begun = Date.now()
    // A reader that does not read does not see that it was closed, either: its buffers say so when it reads again.
    const serverHasClosed = () => ended() || Date.now() - begun > STALL_MS * 2
    return {
      closed,
      /** What the buffers still hold, up to the close. */
      async rest() {
        let rest = ''
        stream.on('data', (chunk) => {
          rest += String(chunk)
        })
        if (!stream.destroyed) await once(stream, 'close').catch(() => {})
        return rest
      },
      received: () => ({ text, id: /id: (\S+)/.exec(text)?.[1] ?? '' }),
    }
  }
})

describe('two gateways on one Temporal', () => {
  let other: TestServer
  const taskQueue = `two-gateways-${process.pid}`

  beforeAll(async () => {
    const options = { agents, temporalAddress: inject('temporalAddress'), taskQueue, secret: new Uint8Array(32) }
    await temporal.stop()
    temporal = await startTestServer(options)
    other = await startTestServer(options)
  })

  afterAll(() => other.stop())

  it('acceptance 4: a cancel through the other stops the handler within 3 s, and nothing follows CANCELED', async () => {
    const [here, there] = [wireNamed('jsonrpc', temporal.url), wireNamed('grpc', other.url)]
    const tenant = 'scripted'
    const name = `two-gateways-${process.pid}-1`
    const reader = here.stream('sendStreamingMessage', { ...send(`wait ${name}`), tenant })
    const events: StreamResponseJson[] = []
    let canceled: Promise<unknown> | undefined
    let begun = 0
    for await (const event of reader) {
      events.push(event as StreamResponseJson)
      if (events.at(-1)?.artifactUpdate === undefined || canceled !== undefined) continue
      begun = Date.now()
      canceled = there.call('cancelTask', { id: events[0]?.task?.id ?? '', tenant })
    }
    expect(stateOf((await canceled) as object)).toBe('TASK_STATE_CANCELED')
    expect(seen.aborted.get(name)).toBe('canceled')
    expect(Date.now() - begun).toBeLessThan(6_000)
    expect(outline(events).at(-1)).toBe('status CANCELED')
    expect(outline(events).filter((each) => /CANCELED/.test(each))).toHaveLength(1)
  }, 30_000)

  it('acceptance 4: a cancel of a task that waits answers at once, whichever is asked', async () => {
    const [here, there] = [wireNamed('jsonrpc', temporal.url), wireNamed('rest', other.url)]
    const tenant = 'scripted'
    const { id } = taskOf(await here.call('sendMessage', { ...send('ask which?'), tenant }))
    expect(stateOf(await there.call('cancelTask', { id, tenant }))).toBe('TASK_STATE_CANCELED')
    expect(stateOf(await here.call('cancelTask', { id, tenant }))).toBe('TASK_STATE_CANCELED')
  })

  it.each(CURRENT_WIRE_NAMES)(
    'a cursor of one is good at the other, over %s: nothing is lost or told twice in the text',
    async (wireName) => {
      const [here, there]: [Wire, Wire] = [wireNamed(wireName, temporal.url), wireNamed(wireName, other.url)]
      const tenant = 'scripted'
      const name = `two-gateways-${process.pid}-${wireName}`
      const headers = { 'a2a-extensions': 'urn:temporal-a2a:cursor:v1' }
      const reader = here.stream('sendStreamingMessage', { ...send(`halves ${name} 5`), tenant }, { headers })
      const events: StreamResponseJson[] = []
      while (streamedText(events) !== '0 1 2 3 4 half') events.push((await reader.next()).value as StreamResponseJson)
      await reader.return()
      const { metadata } = events.at(-1)?.artifactUpdate ?? {}
      const cursor = String(metadata?.['urn:temporal-a2a:cursor:v1'])
      const id = events[0]?.task?.id ?? ''
      const rest = all(
        there.stream('subscribeToTask', { id, tenant }, { headers: { ...headers, 'last-event-id': cursor } }),
      )
      setTimeout(openGate, 200, name)
      events.push(...((await rest) as StreamResponseJson[]))
      expect(streamedText(events)).toBe(textOf(await there.call('getTask', { id, tenant })))
      expect(outline(events).at(-1)).toMatch(/COMPLETED$/)
    },
    30_000,
  )
})
