/** The store's database goes away and comes back while the server runs. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { silentLogger } from '../../src/internal/logger.js'
import { openDatabase } from '../../src/store/database.js'
import { openTaskStore } from '../../src/store/sql-task-store.js'
import type { TaskRecord } from '../../src/task/task-record.js'
import type { OneProcessOptions } from '../../src/worker/one-process.js'
import { openGate } from '../support/agents.js'
import { databaseKinds, postgres } from '../support/databases.js'
import { hashOf, large, textOfLength } from '../support/large-agents.js'
import { createDatabase, findPostgres, type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { ended } from '../support/task-records.js'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js'
import { type Wire, WireError, wireNamed } from '../support/wires.js'

/** What is refused is refused within two seconds; the rest is for a slow machine. */
const REFUSED_MS = 2_500

const IMMEDIATELY = { configuration: { returnImmediately: true } }

/** A task that Temporal has forgotten: its retention is over. */
async function oldTask(where: string): Promise<TaskRecord> {
  const record = { ...ended(`old-${Date.now()}`), agentId: 'scripted', owner: 'local' }
  const store = await openTaskStore(openDatabase(where, silentLogger), silentLogger)
  store.project(record)
  await store.close()
  return record
}

async function timed<T>(call: Promise<T>): Promise<{ ms: number; result: T | unknown }> {
  const begun = performance.now()
  const result = await call.catch((error: unknown) => error)
  return { ms: performance.now() - begun, result }
}

async function expectUnavailable(call: Promise<unknown>): Promise<void> {
  const { ms, result } = await timed(call)
  expect(result).toBeInstanceOf(WireError)
  expect(result).toMatchObject({ reason: 'UNAVAILABLE' })
  expect(ms).toBeLessThan(REFUSED_MS)
}

const listed = async (wire: Wire) =>
  ((await wire.call('listTasks', { pageSize: 100 })).tasks as { id: string; status: { state: string } }[]).map(
    ({ id, status }) => `${id} ${status.state}`,
  )

/** Everything that must go on without the store, and what must not be lost by it. */
async function withoutStore(
  wire: Wire,
  where: string,
  fault: () => Promise<void>,
  heal: () => Promise<void>,
): Promise<void> {
  const waiting = taskOf(await wire.call('sendMessage', send('ask which?')))
  const old = await oldTask(where)
  const before = taskOf(await wire.call('sendMessage', send('echo before')))
  await eventually(async () => expect(await listed(wire)).toHaveLength(3))
  expect(textOf(await wire.call('getTask', { id: old.taskId }))).toBe('done')

  await fault()
  const during = taskOf(await wire.call('sendMessage', send('echo during')))
  expect(textOf(during)).toBe('Echo: during')
  await expectUnavailable(wire.call('listTasks', {}))
  await expectUnavailable(wire.call('listTasks', {}))
  // It may exist: nobody can say that it does not.
  await expectUnavailable(wire.call('getTask', { id: old.taskId }))
  expect(textOf(await wire.call('getTask', { id: before.id }))).toBe('Echo: before')
  expect(stateOf(await wire.call('getTask', { id: waiting.id }))).toBe('TASK_STATE_INPUT_REQUIRED')
  const answered = taskOf(await wire.call('sendMessage', send('this one', {}, { taskId: waiting.id })))
  expect(stateOf(answered)).toBe('TASK_STATE_COMPLETED')
  const canceled = taskOf(
    await wire.call('sendMessage', send('wait never', { configuration: { returnImmediately: true } })),
  )
  expect(stateOf(await wire.call('cancelTask', { id: canceled.id }))).toBe('TASK_STATE_CANCELED')
  expect((await timed(wire.call('getTask', { id: canceled.id }))).ms).toBeLessThan(REFUSED_MS)

  await heal()
  const all = [
    `${canceled.id} TASK_STATE_CANCELED`,
    `${waiting.id} TASK_STATE_COMPLETED`,
    `${during.id} TASK_STATE_COMPLETED`,
    `${before.id} TASK_STATE_COMPLETED`,
    `${old.taskId} TASK_STATE_COMPLETED`,
  ]
  await eventually(async () => expect(await listed(wire)).toEqual(all), 15_000)
  expect(textOf(await wire.call('getTask', { id: old.taskId }))).toBe('done')
}

describe.skipIf(postgres.missing)(`without ${postgres.title}`, () => {
  let database: PostgresServer
  let proxy: TcpProxy
  let server: TestServer

  beforeAll(async () => {
    database = await startPostgres((await findPostgres()) ?? '')
    const { port } = new URL(database.url)
    proxy = await startProxy({ host: '127.0.0.1', port: Number(port) })
  })

  afterAll(async () => {
    await proxy.close()
    await database.remove()
  })

  async function through(
    run: (wire: Wire, where: string) => Promise<void>,
    options: Partial<OneProcessOptions> = {},
  ): Promise<void> {
    const url = new URL(await createDatabase(database.url))
    url.port = String(proxy.port)
    server = await startTestServer({ temporalAddress: inject('temporalAddress'), db: url.href, ...options })
    try {
      await run(wireNamed('jsonrpc', server.url), url.href)
    } finally {
      await server.stop()
    }
  }

  it('killed and started again: tasks go on, lists are refused, nothing is lost', async () => {
    await through((wire, where) =>
      withoutStore(
        wire,
        where,
        () => database.stop('SIGKILL'),
        () => database.start(),
      ),
    )
  }, 60_000)

  it('silent: nobody waits long', async () => {
    await through((wire, where) =>
      withoutStore(
        wire,
        where,
        async () => proxy.freeze(),
        async () => proxy.thaw(),
      ),
    )
  }, 60_000)

  it('killed: no task begins whose large values cannot be kept, and no result is lost for them', async () => {
    const turn = { graceMs: 300, checkpointMs: 200, heartbeatTimeoutMs: 1_500 }
    await through(
      async (wire) => {
        const before = taskOf(await wire.call('sendMessage', send(`hash ${textOfLength(100_000)}`)))
        const held = taskOf(await wire.call('sendMessage', send('held-chunks 5 outage', IMMEDIATELY)))
        const said = async () => textOf((await wire.call('getTask', { id: held.id })) as TaskJson).length
        await eventually(async () => expect(await said()).toBe(500_000))

        await database.stop('SIGKILL')
        await expectUnavailable(wire.call('sendMessage', send(`hash ${textOfLength(100_000, 'refused')}`)))
        await expectUnavailable(wire.call('getTask', { id: before.id }))
        expect(textOf(taskOf(await wire.call('sendMessage', send('hash'))))).toBe(hashOf('hash'))
        openGate('outage')
        // Longer than a worker may be silent: the turn stays with the one that has its result.
        await delay(2 * turn.heartbeatTimeoutMs)
        expect(stateOf((await wire.call('getTask', { id: held.id })) as TaskJson)).toBe('TASK_STATE_WORKING')

        await database.start()
        await eventually(async () => {
          const task = (await wire.call('getTask', { id: held.id })) as TaskJson
          expect([stateOf(task), textOf(task).slice(500_000)]).toEqual(['TASK_STATE_COMPLETED', 'end of attempt 1'])
        }, 20_000)
        expect(await wire.call('getTask', { id: before.id })).toEqual(before)
        await eventually(async () => expect(await listed(wire)).toHaveLength(3), 15_000)
      },
      { agents: [large], turn },
    )
  }, 60_000)

  it('stops in time while it is silent', async () => {
    const begun = performance.now()
    await through(async (wire) => {
      await wire.call('sendMessage', send('echo before'))
      proxy.freeze()
      await wire.call('sendMessage', send('echo during'))
    })
    proxy.thaw()
    expect(performance.now() - begun).toBeLessThan(20_000)
  }, 60_000)
})

describe('without SQLite', () => {
  it('locked by somebody: tasks go on, and what was not written is written later', async () => {
    const place = await databaseKinds[0]?.create()
    const file = place?.where ?? ''
    const server = await startTestServer({ temporalAddress: inject('temporalAddress'), db: file })
    const other = new DatabaseSync(file)
    try {
      const wire = wireNamed('jsonrpc', server.url)
      await wire.call('sendMessage', send('echo before'))
      await eventually(async () => expect(await listed(wire)).toHaveLength(1))
      other.exec('begin immediate')
      const during = taskOf(await wire.call('sendMessage', send('echo during')))
      expect(textOf(await wire.call('getTask', { id: during.id }))).toBe('Echo: during')
      expect(await listed(wire)).toHaveLength(1)
      other.exec('rollback')
      await eventually(async () => expect((await listed(wire))[0]).toBe(`${during.id} TASK_STATE_COMPLETED`))
    } finally {
      other.close()
      await server.stop()
      await place?.remove()
    }
  })
})
