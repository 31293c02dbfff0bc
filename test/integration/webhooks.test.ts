/**
 * Webhooks on Temporal: many deliveries to receivers that fail, one that is down for hours, secrets that show nowhere, and what
 * operators see. `WEBHOOK_DELIVERIES` makes more of them; `WEBHOOK_ENGINE=memory` is for that test alone.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@bufbuild/protobuf'
import { Client, Connection } from '@temporalio/client'
import { Webhook } from 'standardwebhooks'
import { agent, artifact, complete, inputRequired } from 'temporal-a2a'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Logger } from '../../src/internal/logger.js'
import { endAll, runCli } from '../support/processes.js'
import { eventually, send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { type Received, startReceiver, type WebhookReceiver } from '../support/webhook-receiver.js'
import { type Wire, type WireError, wireNamed } from '../support/wires.js'

const DELIVERIES = Number(process.env.WEBHOOK_DELIVERIES ?? 150)
const TURNS = 5
/** Artifacts of a turn of a task that makes some: each of them is told, and then the state. */
const ARTIFACTS = DELIVERIES > 1_000 ? 24 : 4
/** A host gets so many a second: with many deliveries there are more of them. */
const HOSTS = DELIVERIES > 1_000 ? 8 : 1
const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`

const counting = agent(
  { id: 'counting', default: true, capabilities: { pushNotifications: true } },
  async function* (_, { turn, task }) {
    const makes = task.history?.[0]?.parts?.[0]?.text === 'artifacts'
    for (let i = 1; makes && i <= ARTIFACTS; i += 1) {
      yield artifact({ artifactId: `${turn}-${i}`, parts: [{ text: `turn ${turn}, artifact ${i}` }] })
    }
    return turn < TURNS ? inputRequired(`turn ${turn}`) : complete(`turn ${turn}`)
  },
)

const temporalAddress = inject('temporalAddress')
let server: TestServer
let wire: Wire
const logged: string[] = []

const log = (fields: object, message: string) => {
  logged.push(`${message} ${JSON.stringify(fields, (_, value) => (value instanceof Error ? value.stack : value))}`)
}
const logger: Logger = { debug: log, info: log, warn: log, error: log }

let directory: string
let db: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-webhooks-'))
  db = join(directory, 'a2a.db')
  server = await startTestServer({
    ...(process.env.WEBHOOK_ENGINE === 'memory' ? { engine: 'memory' } : { temporalAddress }),
    agents: [counting],
    webhooks: { allow: ['127.0.0.0/8'], retryPace: 0.001, events: 'artifacts' },
    db,
    logger,
  })
  wire = wireNamed('jsonrpc', server.url)
})

afterAll(async () => {
  await server.stop()
  await rm(directory, { recursive: true, force: true })
})

async function begin(url: string, more: object = {}, text = 'states'): Promise<string> {
  const configuration = { taskPushNotificationConfig: { id: 'w', url, ...more } }
  return say(send(text, { configuration }))
}

/** Again under its key while Temporal has too much to do. */
async function say(request: JsonObject): Promise<string> {
  const headers = { 'idempotency-key': randomUUID() }
  for (let tries = 1; ; tries += 1) {
    try {
      return taskOf(await wire.call('sendMessage', request, { headers })).id
    } catch (error) {
      if (tries === 10 || (error as WireError).reason !== 'UNAVAILABLE') throw error
    }
  }
}

async function goOn(taskId: string): Promise<void> {
  for (let turn = 2; turn <= TURNS; turn += 1) await say(send('more', {}, { taskId }))
}

const task = (taskId: string) => ({ agentId: 'counting', taskId })

describe('webhooks on Temporal', () => {
  let receiver: WebhookReceiver

  afterEach(() => receiver.close())

  it(
    `bring ${DELIVERIES} deliveries of which a fifth fails, in order, signed, once each`,
    async () => {
      const answered = new Map<string, number>()
      const delivered: Received[] = []
      const answer = (request: Received) => {
        const id = request.headers['webhook-id'] as string
        new Webhook(SECRET).verify(request.body, request.headers as Record<string, string>)
        const tries = (answered.get(id) ?? 0) + 1
        answered.set(id, tries)
        const dice = createHash('sha256').update(`${id} ${tries}`).digest()[0] ?? 0
        if (dice >= 51) {
          delivered.push(request)
          return 204
        }
        return [500, 503, 302, { status: 429, headers: { 'retry-after': '1' } }][dice % 4] ?? 500
      }
      receiver = await startReceiver(answer)
      const others = await Promise.all(
        Array.from({ length: HOSTS - 1 }, (_, i) => startReceiver(answer, 0, `127.0.0.${i + 2}`)),
      )
      const urls = [receiver, ...others].map(({ url }) => url)
      const perTask = TURNS * (ARTIFACTS + 1)
      const tasks = Math.ceil(DELIVERIES / perTask)
      const ids: string[] = []
      const lane = async (place: number) => {
        for (let i = place; i < tasks; i += 10) {
          const id = await begin(`${urls[i % HOSTS]}/${i}`, { token: SECRET }, 'artifacts')
          ids.push(id)
          await goOn(id)
        }
      }
      await Promise.all(Array.from({ length: 10 }, (_, place) => lane(place)))
      await eventually(
        () => {
          if (delivered.length < tasks * perTask) throw new Error(`${delivered.length} of ${tasks * perTask}`)
        },
        60_000 + DELIVERIES * 100,
      )
      const texts = new Map<string, string[]>()
      for (const { path, body } of delivered) {
        const { statusUpdate, artifactUpdate } = JSON.parse(body)
        const [{ text }] = (statusUpdate?.status.message ?? artifactUpdate.artifact).parts
        texts.set(path, [...(texts.get(path) ?? []), text])
      }
      const all = Array.from({ length: TURNS }, (_, turn) => [
        ...Array.from({ length: ARTIFACTS }, (_, i) => `turn ${turn + 1}, artifact ${i + 1}`),
        `turn ${turn + 1}`,
      ]).flat()
      expect([...texts.values()].filter((those) => those.join() !== all.join())).toEqual([])
      expect(texts.size).toBe(tasks)
      expect(answered.size).toBe(tasks * perTask)
      await eventually(async () => {
        for (const id of ids) {
          const states = (await server.webhooks.log(task(id), 'w', { limit: 1_000 })).map(({ state }) => state)
          expect(states).toEqual(all.map(() => 'delivered'))
        }
      })
      await Promise.all(others.map((each) => each.close()))
    },
    120_000 + DELIVERIES * 150,
  )

  it('follow a receiver that is down for hours of the schedule', async () => {
    receiver = await startReceiver()
    const { port } = new URL(receiver.url)
    await receiver.close()
    const id = await begin(`http://127.0.0.1:${port}/down`)
    await goOn(id)
    // The first tries are made within what is two hours and a half of the schedule.
    await eventually(async () => {
      const [first] = (await server.webhooks.log(task(id), 'w')).reverse()
      expect(first?.attempts).toBeGreaterThanOrEqual(4)
    }, 30_000)
    receiver = await startReceiver(() => 204, Number(port))
    const got = await receiver.got('/down', TURNS)
    const texts = got.map(({ body }) => JSON.parse(body).statusUpdate.status.message.parts[0].text)
    expect(texts).toEqual(Array.from({ length: TURNS }, (_, i) => `turn ${i + 1}`))
  }, 90_000)

  it('show no secret in logs, histories, lists or the store', async () => {
    receiver = await startReceiver(() => 410)
    const signing = `whsec_${Buffer.from('canary-of-the-signing-secret----').toString('base64')}`
    const more = { authentication: { scheme: 'Bearer', credentials: 'canary-credentials' } }
    const id = await begin(`${receiver.url}/gone`, { token: 'canary-token', ...more })
    await wire.call('createTaskPushNotificationConfig', {
      taskId: id,
      id: 's',
      url: `${receiver.url}/s`,
      token: signing,
    })
    await goOn(id)
    await receiver.got('/gone', 1)
    await receiver.got('/s', 1)
    await eventually(async () =>
      expect(await server.webhooks.list({ task: task(id), disabledOnly: true })).toHaveLength(2),
    )
    const listed = JSON.stringify(await wire.call('listTaskPushNotificationConfigs', { taskId: id }))
    const connection = await Connection.connect({ address: temporalAddress })
    const { workflow } = new Client({ connection })
    const histories: string[] = []
    for (const name of [`a2a//counting/${id}`, `a2a-push//counting/${id}/w`, `a2a-push//counting/${id}/s`]) {
      histories.push(textOf((await workflow.getHandle(name).fetchHistory()).events))
    }
    await connection.close()
    for (const history of histories) expect(history).toContain(id)
    const files = (await readdir(directory)).map((file) => join(directory, file))
    const stored = (await Promise.all(files.map((file) => readFile(file, 'latin1').catch(() => '')))).join('')
    expect(stored).toContain('/gone')
    for (const [place, text] of Object.entries({
      listed,
      histories: histories.join(),
      logs: logged.join('\n'),
      stored,
    })) {
      for (const secret of ['canary-token', 'canary-credentials', signing, signing.slice(6), 'canary-of-the-signing']) {
        expect(text.includes(secret), `${secret} in ${place}`).toBe(false)
      }
    }
    expect(logged.some((line) => line.startsWith('webhook was disabled'))).toBe(true)
  }, 60_000)

  it('go on whatever signals anybody sends to their workflows', async () => {
    receiver = await startReceiver()
    const id = await begin(`${receiver.url}/garbage`)
    const connection = await Connection.connect({ address: temporalAddress })
    const { workflow } = new Client({ connection })
    const { taskQueue } = await description(id)
    for (const garbage of [undefined, null, 7, 'x', {}, { since: {}, events: 'states' }, { deliveryId: 1 }]) {
      await workflow.getHandle(`a2a//counting/${id}`).signal('webhooks', garbage)
      await workflow.signalWithStart('a2aPush', {
        workflowId: `a2a-push//counting/${id}/w`,
        taskQueue,
        args: [{ key: `a2a//counting/${id}`, configId: 'w' }],
        signal: 'due',
        signalArgs: [garbage],
      })
    }
    await connection.close()
    await goOn(id)
    expect(await receiver.got('/garbage', TURNS)).toHaveLength(TURNS)
  })

  it('are listed, and delivered again, on the command line', async () => {
    let status = 410
    receiver = await startReceiver(() => status)
    const id = await begin(`${receiver.url}/cli`)
    await receiver.got('/cli', 1)
    await eventually(async () =>
      expect(await server.webhooks.list({ task: task(id), disabledOnly: true })).toHaveLength(1),
    )
    const run = async (...args: string[]) => {
      const cli = runCli(['webhooks', ...args, '--db', db])
      expect([await cli.ended, cli.stderr()]).toEqual([0, ''])
      return cli.stdout()
    }
    try {
      expect(await run('list', `counting/${id}`)).toMatch(/ w {2}http.*disabled .*410/)
      expect(JSON.parse(await run('list', '--disabled', '--json'))).toContainEqual(
        expect.objectContaining({ taskId: id }),
      )
      expect(await run('log', `counting/${id}`, 'w')).toMatch(/failed\n {2}1 .*410/)
      status = 204
      const { taskQueue } = await description(id)
      const out = await run(
        ...['redeliver', `counting/${id}`, 'w', '--temporal-address', temporalAddress, '--task-queue', taskQueue],
      )
      expect(out).toBe('1 on their way\n')
      await receiver.got('/cli', 2)
    } finally {
      await endAll()
    }
  }, 60_000)
})

/** Every text and every byte that is in it. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (typeof value !== 'object' || value === null) return ''
  return Object.values(value).map(textOf).join('\n')
}

async function description(taskId: string): Promise<{ taskQueue: string }> {
  const connection = await Connection.connect({ address: temporalAddress })
  const { taskQueue } = await new Client({ connection }).workflow.getHandle(`a2a//counting/${taskId}`).describe()
  await connection.close()
  return { taskQueue }
}
