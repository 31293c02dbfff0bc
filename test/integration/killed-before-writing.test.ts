/** Closed in Temporal implies in the store within five seconds, also when the process dies between the two. */
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { agent } from 'temporal-a2a'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { startGatewayProcess } from '../../src/process/gateway-process.js'
import { type DatabaseKind, databaseKinds } from '../support/databases.js'
import { endAll, runCli } from '../support/processes.js'
import { eventually, send, stateOf, taskOf } from '../support/reading.js'
import { testLogger } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

/** Processes that are killed, and tasks that each of them leaves unwritten; more kills in a run of all faults. */
const KILLS = Number(process.env.TEMPORAL_A2A_TEST_KILLS ?? 2)
const TASKS = 50
const PROMISED_MS = 5_000

afterEach(() => endAll())

/** Somebody who can keep everybody from writing tasks. */
interface Guard {
  lock(): Promise<void>
  unlock(): Promise<void>
  /** Tasks that have ended as far as the store knows. */
  ended(): Promise<number>
  close(): Promise<void>
}

const COUNT = 'select count(*) as ended from task where ended = 1'

const guards: Record<DatabaseKind['kind'], (where: string) => Promise<Guard>> = {
  async SQLite(where) {
    const db = new DatabaseSync(where, { timeout: 10_000 })
    return {
      lock: async () => db.exec('begin immediate'),
      unlock: async () => db.exec('rollback'),
      ended: async () => Number(db.prepare(COUNT).get()?.ended),
      close: async () => db.close(),
    }
  },
  async Postgres(where) {
    const client = new pg.Client({ connectionString: where })
    await client.connect()
    return {
      async lock() {
        await client.query('begin')
        await client.query('lock table task in exclusive mode')
      },
      async unlock() {
        await client.query('rollback')
      },
      ended: async () => Number((await client.query<{ ended: string }>(COUNT)).rows[0]?.ended),
      close: () => client.end(),
    }
  },
}

describe.each(databaseKinds)('a worker killed before it writes to $title', ({ kind, missing, create }) => {
  it.skipIf(missing)(
    'what has closed is in the store five seconds later',
    async () => {
      const place = await create()
      const taskQueue = `killed-${process.pid}-${Date.now()}`
      const temporalAddress = inject('temporalAddress')
      const gateway = await startGatewayProcess({
        agents: [agent({ id: 'echo', default: true }, ({ text }) => text)],
        logger: testLogger,
        temporalAddress,
        db: place.where,
        dataDirectory: '',
        taskQueue,
        secret: new Uint8Array(32),
        port: 0,
      })
      const guard = await guards[kind](place.where)
      try {
        const wire = wireNamed('jsonrpc', gateway.server.url)
        const flags = ['--temporal-address', temporalAddress, '--db', place.where, '--task-queue', taskQueue, '--json']
        for (let kill = 1; kill <= KILLS; kill += 1) {
          const worker = runCli(['worker', 'examples/agents.ts', ...flags])
          await worker.json()
          await guard.lock()
          const answers = await Promise.all(
            Array.from({ length: TASKS }, (_, i) => wire.call('sendMessage', send(`${kill}-${i}`))),
          )
          for (const answer of answers) expect(stateOf(taskOf(answer))).toBe('TASK_STATE_COMPLETED')
          worker.kill('SIGKILL')
          await worker.ended
          expect(await guard.ended()).toBe((kill - 1) * TASKS)
          await guard.unlock()
          await eventually(async () => expect(await guard.ended()).toBe(kill * TASKS), PROMISED_MS)
        }
        const { totalSize } = await wire.call('listTasks', { status: 'TASK_STATE_COMPLETED' })
        expect(totalSize).toBe(KILLS * TASKS)
      } finally {
        await guard.close()
        await gateway.stop()
        await place.remove()
      }
    },
    KILLS * 60_000,
  )
})
