/** Temporal goes away and comes back while the server runs. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openGate } from '../support/agents.js'
import { all, eventually, outline, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { WireError, wireNamed } from '../support/wires.js'

let directory: string
let server: TestServer

/** The process of the Temporal server that the product has started. */
async function temporalPid(): Promise<number> {
  return (JSON.parse(await readFile(join(directory, 'a2a.db.temporal.state.json'), 'utf8')) as { pid: number }).pid
}

const post = (text: string) =>
  fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'SendMessage', params: send(text) }),
  })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-outage-'))
  server = await startTestServer({ db: join(directory, 'a2a.db') })
})

afterAll(async () => {
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

describe('while Temporal does not answer', () => {
  it('requests are refused within 2 s with a time to come back, and all is well again by itself', async () => {
    const wire = wireNamed('jsonrpc', server.url)
    const waiting = taskOf(await wire.call('sendMessage', send('ask which?')))
    const ended = taskOf(await wire.call('sendMessage', send('echo before')))
    await eventually(async () => expect(((await wire.call('listTasks', {})).tasks as unknown[]).length).toBe(2))
    const pid = await temporalPid()
    process.kill(pid, 'SIGSTOP')
    try {
      const begun = Date.now()
      const refused = await post('echo during')
      expect(Date.now() - begun).toBeLessThan(2_500)
      expect(refused.status).toBe(503)
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect(await refused.json()).toMatchObject({ error: { code: -32603, data: [{ reason: 'UNAVAILABLE' }] } })

      expect((await fetch(`${server.url}/readyz`)).status).toBe(503)
      expect((await fetch(`${server.url}/livez`)).status).toBe(200)
      expect((await fetch(`${server.url}/.well-known/agent-card.json`)).status).toBe(200)

      const again = Date.now()
      const error = await wireNamed('grpc', server.url)
        .call('getTask', { id: waiting.id })
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(WireError)
      expect(error).toMatchObject({ reason: 'UNAVAILABLE', code: 'Unavailable' })
      expect(Date.now() - again).toBeLessThan(2_000)

      expect(textOf(await wire.call('getTask', { id: ended.id }))).toBe('Echo: before')
      expect((await wire.call('listTasks', {})).totalSize).toBe(2)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await eventually(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(200), 10_000)
    const answered = taskOf(await wire.call('sendMessage', send('this one', {}, { taskId: waiting.id })))
    expect(textOf(answered)).toBe('turn 2 after UA: this one')
  })
})

describe('when Temporal is killed', () => {
  it('it is started again, an open stream goes on, and the task ends as if nothing had happened', async () => {
    const wire = wireNamed('jsonrpc', server.url)
    const events = all(wire.stream('sendStreamingMessage', send('wait killed')))
    const id = await eventually(async () => {
      const { tasks } = await wire.call('listTasks', { status: 'TASK_STATE_WORKING' })
      return (tasks as { id: string }[])[0]?.id as string
    })
    process.kill(await temporalPid(), 'SIGKILL')
    await eventually(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(503))
    openGate('killed')
    const seen = outline(await events)
    expect(seen.at(-1)).toBe('status COMPLETED')
    expect(seen.filter((each) => each === 'status COMPLETED')).toHaveLength(1)
    await eventually(
      async () => expect(stateOf(await wire.call('getTask', { id }))).toBe('TASK_STATE_COMPLETED'),
      15_000,
    )
    expect(textOf(await wire.call('getTask', { id }))).toBe('waiting no more')
  }, 40_000)
})
