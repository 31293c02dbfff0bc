/** Tasks that operators remove, at once or in time: afterwards nobody finds them anywhere. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { silentLogger } from '../../src/internal/logger.js'
import { openDatabase } from '../../src/store/database.js'
import { deleteTask } from '../../src/temporal/delete-task.js'
import { findExecutable } from '../../src/temporal/embedded/find.js'
import { openTemporal, type TemporalServer } from '../../src/temporal/embedded/index.js'
import { SEARCH_ATTRIBUTES } from '../../src/temporal/names.js'
import { StateWorkflows, stateWorkflowId } from '../../src/temporal/state-workflows.js'
import { endAll, runCli } from '../support/processes.js'
import { eventually, send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { type Wire, wireNamed } from '../support/wires.js'

const REACHABLE = { up: true, onGone: () => () => {}, suspect: () => {} }

let temporal: TemporalServer
let temporalAddress: string
let directory: string
let db: string
let connection: Connection
let client: Client
let server: TestServer | undefined
let wire: Wire

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-removed-'))
  db = join(directory, 'a2a.db')
  temporal = await startTemporal(directory)
  temporalAddress = temporal.address
  connection = await Connection.connect({ address: temporalAddress })
  client = new Client({ connection })
})

afterEach(async () => {
  await server?.stop()
  server = undefined
})

afterAll(async () => {
  await endAll()
  await connection.close()
  await temporal.stop()
  await rm(directory, { recursive: true, force: true })
})

/** One that deletes at once what has just closed: it otherwise waits up to 30 s until its queues say how far they are. */
async function startTemporal(beside: string): Promise<TemporalServer> {
  const { path } = await findExecutable({ env: process.env, logger: silentLogger })
  const quick = ['transfer', 'visibility'].map((queue) => `history.${queue}ProcessorUpdateAckInterval="1s"`)
  const flags = quick.map((value) => `--dynamic-config-value '${value}'`).join(' ')
  const wrapper = join(beside, 'temporal')
  const script = `#!/bin/sh\nif [ "$1" = server ]; then set -- "$@" ${flags}; fi\nexec '${path}' "$@"\n`
  await writeFile(wrapper, script, { mode: 0o755 })
  const env = { ...process.env, TEMPORAL_ADDRESS: '', TEMPORAL_CLI_PATH: wrapper }
  return openTemporal({
    databaseFile: join(beside, 'temporal.db'),
    logger: silentLogger,
    searchAttributes: SEARCH_ATTRIBUTES,
    env,
  })
}

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  server = await startTestServer({ temporalAddress, db, ...options })
  wire = wireNamed('jsonrpc', server.url)
  return server
}

const say = async (text: string, headers: Record<string, string> = {}) =>
  taskOf(await wire.call('sendMessage', send(text), { headers })).id

const keyOf = (taskId: string) => taskKey({ tenant: '', agentId: 'scripted', taskId })
const handleOf = (taskId: string) => client.workflow.getHandle(keyOf(taskId))

async function expectNowhere(id: string): Promise<void> {
  await expect(wire.call('getTask', { id })).rejects.toMatchObject({ reason: 'TASK_NOT_FOUND' })
  const { tasks = [] } = (await wire.call('listTasks', { pageSize: 100 })) as { tasks?: { id: string }[] }
  expect(tasks.map((task) => task.id)).not.toContain(id)
  await expect(handleOf(id).describe()).rejects.toThrow(/not found/i)
}

describe('tasks delete', () => {
  async function run(...tasks: readonly string[]) {
    const names = tasks.map((id) => `scripted/${id}`)
    const cli = runCli(['tasks', 'delete', ...names, '--db', db, '--temporal-address', temporalAddress])
    return { code: await cli.ended, lines: cli.stdout().trim().split('\n').sort(), stderr: cli.stderr() }
  }

  it('removes tasks from the database and from Temporal, and their keys are free again', async () => {
    await start()
    const key = { 'idempotency-key': randomUUID() }
    const ids = [await say('echo one', key), await say('echo two')]
    await Promise.all(ids.map((id) => handleOf(id).result()))
    expect(await run(...ids)).toEqual({ code: 0, lines: ids.map((id) => `scripted/${id}  deleted`).sort(), stderr: '' })
    for (const id of ids) await expectNowhere(id)
    expect(await say('echo another', key)).toBe(ids[0])
  })

  it('leaves one that goes on alone, says which are not there, and does the others', async () => {
    await start()
    const [waits, done, nobody] = [await say('ask more'), await say('echo done'), randomUUID()]
    await handleOf(done).result()
    expect(await run(waits, nobody, done)).toEqual({
      code: 1,
      lines: [
        `scripted/${waits}  goes on: cancel it first`,
        `scripted/${nobody}  no such task`,
        `scripted/${done}  deleted`,
      ].sort(),
      stderr: '',
    })
    expect(await wire.call('getTask', { id: waits })).toMatchObject({ status: { state: 'TASK_STATE_INPUT_REQUIRED' } })
    await wire.call('cancelTask', { id: waits })
  })

  it('says what is wrong with a name that is none', async () => {
    const cli = runCli(['tasks', 'delete', 'scripted'])
    expect(await cli.ended).toBe(1)
    expect(cli.stderr()).toContain('must be AGENT/TASK-ID')
  })
})

describe('keepTasksDays', () => {
  it('removes what ended longer ago, and nothing else', async () => {
    const taskQueue = `kept-${randomUUID()}`
    await start({ taskQueue })
    const [old, young, waits] = [await say('echo old'), await say('echo young'), await say('ask more')]
    await Promise.all([old, young].map((id) => handleOf(id).result()))
    await server?.stop()
    const { db: rows } = openDatabase(db, silentLogger)
    const long = Date.now() - 3 * 86_400_000
    for (const id of [old, waits]) {
      await rows.updateTable('task').set({ status_time: long }).where('key', '=', keyOf(id)).execute()
    }
    await rows.destroy()

    await start({ taskQueue, keepTasksDays: 2 })
    await eventually(() => expectNowhere(old), 10_000)
    expect(await wire.call('getTask', { id: young })).toMatchObject({ status: { state: 'TASK_STATE_COMPLETED' } })
    expect(await wire.call('getTask', { id: waits })).toMatchObject({ status: { state: 'TASK_STATE_INPUT_REQUIRED' } })
    await wire.call('cancelTask', { id: waits })
  }, 30_000)

  it.each([0, -1, 0.5, Number.NaN])('refuses %s days', async (keepTasksDays) => {
    await expect(start({ keepTasksDays })).rejects.toThrow('keepTasksDays must be at least 1')
  })
})

describe('a workflow that has gone on as new', () => {
  it('is removed with every run', async () => {
    const taskQueue = `runs-${randomUUID()}`
    await start({ taskQueue })
    // State goes on as new every 500 changes, a task only after thousands of events.
    const ref = { tenant: '', agentId: 'echo', scope: 'context', owner: 'o', contextId: randomUUID() } as const
    const state = new StateWorkflows({ client, reachability: REACHABLE, taskQueue })
    const workflowId = stateWorkflowId(ref)
    const runs = new Set<string>()
    const runNow = async () => (await client.workflow.getHandle(workflowId).describe()).runId
    for (let n = 0; runs.size < 2 && n < 1_000; n += 1) {
      await state.change(ref, { type: 'commit', turn: `t/${n}`, delta: { set: { n }, deleted: [] } })
      if (n % 100 === 0) runs.add(await runNow())
    }
    expect(runs.size).toBe(2)
    expect(await deleteTask({ client, reachability: REACHABLE }, workflowId)).toBe('running')
    await client.workflow.getHandle(workflowId).terminate()
    expect(await deleteTask({ client, reachability: REACHABLE }, workflowId)).toBe('deleted')
    for (const runId of runs) {
      await eventually(() =>
        expect(client.workflow.getHandle(workflowId, runId).describe()).rejects.toThrow(/not found/i),
      )
    }
    expect(await deleteTask({ client, reachability: REACHABLE }, workflowId)).toBe('absent')
  }, 60_000)
})
