/** Turns at workers that cannot finish them: without their agent, or lost. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import type { TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { taskKey } from '../../src/bus/live-event.js'
import { agent } from '../../src/index.js'
import type { GatewayProcess } from '../../src/process/gateway-process.js'
import { startGateway } from '../../src/server/index.js'
import { pendingTurn } from '../../src/temporal/pending-turn.js'
import { startWorker, type WorkerProcess } from '../../src/worker/index.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { testLogger } from '../support/servers.js'
import { type Wire, wireNamed } from '../support/wires.js'

const IMMEDIATELY = { configuration: { returnImmediately: true } }

const old = agent({ id: 'old', default: true }, () => 'old')
const added = agent({ id: 'added' }, () => 'added')

let directory: string
let connection: Connection
let client: Client
let gateway: GatewayProcess
let workers: WorkerProcess[]
let wire: Wire

const options = () => ({
  logger: testLogger,
  temporalAddress: inject('temporalAddress'),
  db: join(directory, 'a2a.db'),
  taskQueue: `elsewhere-${process.pid}`,
})

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-elsewhere-'))
  connection = await Connection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection })
  gateway = await startGateway({ ...options(), agents: [old, added], secret: new Uint8Array(32).fill(7), port: 0 })
  workers = [await startWorker({ ...options(), agents: [old] })]
  wire = wireNamed('rest', `${gateway.server.url}/agents/added`)
}, 60_000)

afterAll(async () => {
  await Promise.all([gateway, ...workers].map((each) => each.stop()))
  await connection.close()
  await rm(directory, { recursive: true, force: true })
})

it('a worker without the agent gives the turn back and is counted; one that has it goes on', async () => {
  const { id = '' } = taskOf(await wire.call('sendMessage', send('x', IMMEDIATELY)))
  const execution = { workflowId: taskKey({ tenant: '', agentId: 'added', taskId: id }) }
  await eventually(async () => {
    const pending = pendingTurn(
      await client.workflowService.describeWorkflowExecution({ namespace: 'default', execution }),
    )
    // No attempt is left over that would be taken for a lost one.
    expect(pending?.checkpoint?.bounces).toBe((pending?.attempt ?? 0) - 1)
    expect(pending?.attempt).toBeGreaterThan(2)
  }, 15_000)
  workers.push(await startWorker({ ...options(), agents: [old, added] }))
  const task = await eventually(async () => {
    const read = (await wire.call('getTask', { id })) as TaskJson
    expect(stateOf(read)).toBe('TASK_STATE_COMPLETED')
    return read
  }, 30_000)
  expect(textOf(task)).toBe('added')
}, 60_000)

it('what a lost attempt costs does not grow with the attempts before', async () => {
  const { id = '' } = taskOf(await wireNamed('rest', gateway.server.url).call('sendMessage', send('x')))
  const { events } = await client.workflow.getHandle(taskKey({ tenant: '', agentId: 'old', taskId: id })).fetchHistory()
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes)
  const { initialInterval, backoffCoefficient } = scheduled?.activityTaskScheduledEventAttributes?.retryPolicy ?? {}
  expect([Number(initialInterval?.seconds ?? 0), initialInterval?.nanos, backoffCoefficient]).toEqual([
    0, 500_000_000, 1,
  ])
})
