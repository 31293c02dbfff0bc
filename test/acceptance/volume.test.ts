/** What other servers of this kind get wrong with much of something: chunks, waiting tasks, readers that do not read. */
import { request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { StreamResponseJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { InProcessBus } from '../../src/bus/in-process-bus.js'
import { agent } from '../../src/index.js'
import { script } from '../faults/agents/script.js'
import { COMPLETED, follower, INPUT_REQUIRED, plan, START_MS, verdict } from '../faults/cells/cell.js'
import { RecordedClient } from '../faults/client/recorded-client.js'
import { Site } from '../faults/processes/site.js'
import { openGate } from '../support/agents.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WIRE_NAMES, wireNamed } from '../support/wires.js'

describe('one process', () => {
  let server: TestServer
  let connection: Connection

  const counting = agent({ id: 'counting' }, async function* (message) {
    for (let i = 0; i < Number(message.text); i += 1) yield `${String(i).padStart(19, '0')} `
  })

  beforeAll(async () => {
    const { agents } = await import('../support/agents.js')
    server = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: [...agents, counting] })
    connection = await Connection.connect({ address: inject('temporalAddress') })
  })

  afterAll(async () => {
    await connection.close()
    await server.stop()
  })

  it.each(WIRE_NAMES.map((name) => [name] as const))(
    '3. drop the client (%s): the task is completed with all its parts',
    async (name) => {
      const wire = wireNamed(name, server.url)
      let id = ''
      for await (const event of wire.stream('sendStreamingMessage', send(`wait three-${name}`))) {
        const { task, artifactUpdate } = event as StreamResponseJson
        id = task?.id ?? id
        if (artifactUpdate !== undefined || task?.artifacts !== undefined) break
      }
      openGate(`three-${name}`)
      await eventually(async () => {
        const task = await wire.call('getTask', { id })
        expect(stateOf(task)).toBe(COMPLETED)
        expect(textOf(task)).toBe('waiting no more')
      }, 15_000)
    },
  )

  it('5. an artifact in very many chunks: history does not grow with them, the artifact has one part', async () => {
    const wire = wireNamed('jsonrpc', server.url)
    const sizes: { events: number; bytes: number }[] = []
    for (const count of [5_000, 20_000]) {
      const task = taskOf(await wire.call('sendMessage', send(String(count), { tenant: 'counting' })))
      expect(task.artifacts?.map(({ parts }) => parts?.length)).toEqual([1])
      expect(textOf(task).length).toBe(count * 20)
      const { historyLength, historySize } = await new Client({ connection }).workflow
        .getHandle(`a2a//counting/${task.id}`)
        .describe()
      sizes.push({ events: historyLength, bytes: historySize ?? Number.NaN })
    }
    const [small, large] = sizes
    expect(large?.events).toBeLessThan(30)
    // What is stored is the text, not the chunks; one copy of it in the turn's result, one in the workflow's.
    expect((large?.bytes ?? Infinity) - (small?.bytes ?? 0)).toBeLessThan(15_000 * 20 * 2.5)
  }, 120_000)

  it('8. tasks that wait for input are kept nowhere in the process that answers for them', async () => {
    const wire = wireNamed('jsonrpc', server.url)
    const ask = async (count: number) => {
      for (let done = 0; done < count; done += 20) {
        const asked = Array.from({ length: 20 }, async () =>
          stateOf(taskOf(await wire.call('sendMessage', send('ask which?')))),
        )
        expect(new Set(await Promise.all(asked))).toEqual(new Set([INPUT_REQUIRED]))
      }
    }
    await ask(100)
    const before = heapBytes()
    await ask(200)
    // Readings of the last thousand tasks are kept; a workflow, a queue or a promise for each would be several times as much.
    expect((heapBytes() - before) / 200).toBeLessThan(24 * 1024)
    expect((server.engine.bus as InProcessBus).readerCount).toBe(0)
  }, 120_000)
})

describe('one process of its own', () => {
  let site: Site

  beforeAll(async () => {
    site = await Site.start({ replicas: 1 })
  }, START_MS)

  afterAll(async () => {
    await site?.stop()
  })

  it('9. a reader that never reads: memory stays bounded, other readers are unaffected', async () => {
    plan(site, { label: 'nine', ends: [COMPLETED] })
    const starter = follower(site, 'nine', { name: 'starter' })
    const id = await starter.start(script.gatedFlood(500, 2_000, 'nine'))
    const { url } = site.gateway(0)
    const before = site.gateway(0).process.rssBytes
    const deaf = Array.from({ length: 20 }, () => {
      const req = request(`${url}/agents/teller/tasks/${id}:subscribe`, { method: 'POST', agent: false })
      req.on('response', (res) => res.pause())
      req.on('error', () => {})
      req.end()
      return req
    })
    await eventually(() => expect(site.gateway(0).proxy.connections).toBeGreaterThanOrEqual(20))
    const reader = new RecordedClient({ name: 'reader', agent: 'teller', recorder: site.recorder })
    let bytes = 0
    for await (const { event } of reader.stream('SubscribeToTask', { id }, { url, label: 'nine' })) {
      if (event.task !== undefined) site.openGate('nine')
      for (const { text } of event.artifactUpdate?.artifact?.parts ?? []) bytes += text?.length ?? 0
    }
    expect(bytes).toBe(1_000_000)
    expect(site.gateway(0).process.rssBytes - before).toBeLessThan(150 * 1024 * 1024)
    for (const req of deaf) req.destroy()
    expect(await verdict(site, ['nine'])).toBe('')
  }, 120_000)
})

/** What is in use, in the heap and outside of it, after everything was collected that can be. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
