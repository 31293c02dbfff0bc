/** The workflow that keeps state: what it costs, what it refuses, how it goes on and ends. */
import { randomUUID } from 'node:crypto'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import type { StateChange, StateRef } from '../../src/task/state-record.js'
import { StateWorkflows, stateWorkflowId } from '../../src/temporal/state-workflows.js'
import { eventually, send, taskOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { stateAgents } from '../support/state-agents.js'
import { wireNamed } from '../support/wires.js'

const taskQueue = `state-${randomUUID()}`
const REACHABLE = { up: true, onGone: () => () => {}, suspect: () => {} }
const ID_OF_NO_STATE = { values: {}, version: 0 }

let server: TestServer
let connection: Connection
let client: Client

beforeAll(async () => {
  server = await startTestServer({ temporalAddress: inject('temporalAddress'), agents: stateAgents, taskQueue })
  connection = await Connection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection })
})

afterAll(async () => {
  await connection.close()
  await server.stop()
})

const home = () => new StateWorkflows({ client, reachability: REACHABLE, taskQueue })
const newRef = (): StateRef => ({ tenant: '', agentId: 'echo', scope: 'context', owner: 'o', contextId: randomUUID() })
const handleOf = (ref: StateRef) => client.workflow.getHandle(stateWorkflowId(ref))
const length = async (handle: WorkflowHandle) => (await handle.describe()).historyLength

function commit(turn: string, n: number, version?: number): StateChange {
  return { type: 'commit', turn, ...(version === undefined ? {} : { version }), delta: { set: { n }, deleted: [] } }
}

describe('the workflow of a state', () => {
  it('is begun by the first change; of two at once one is first, and a repeat is known', async () => {
    const ref = newRef()
    const [one, two] = [home(), home()]
    expect(await one.read(ref)).toEqual(ID_OF_NO_STATE)
    const answers = await Promise.all([one.change(ref, commit('a/1', 1, 0)), two.change(ref, commit('b/1', 2, 0))])
    expect([...answers].sort()).toEqual(['conflict', 'made'])
    const first = answers[0] === 'made' ? commit('a/1', 1, 0) : commit('b/1', 2, 0)
    // Temporal itself knows the repeat as long as the workflow has not gone on as new.
    expect(await one.change(ref, first)).toBe('made')
    const { version, values } = await two.read(ref)
    expect(values).toEqual(first.type === 'commit' ? first.delta.set : undefined)
    expect(version).toBeGreaterThan(0)
  })

  it('refuses what is no change, and what cannot be made, without a trace', async () => {
    const ref = newRef()
    await home().change(ref, commit('a/1', 1, 0))
    const handle = handleOf(ref)
    const before = await length(handle)
    const garbage = [undefined, null, 7, 'x', {}, { type: 'commit' }, { type: 'commit', turn: 'x', delta: { set: [] } }]
    const wrong = [
      ...garbage,
      { type: 'drop', turn: 'x' },
      { ...commit('x', 1), version: 'latest' },
      commit('x/1', 1, 0),
    ]
    for (const change of wrong) {
      await expect(handle.executeUpdate('change', { args: [change] })).rejects.toThrow('Workflow Update failed')
    }
    await expect(
      handle.executeUpdate('change', {
        args: [{ ...commit('x', 1), delta: { set: { n: 'x'.repeat(70_000) }, deleted: [] } }],
      }),
    ).rejects.toThrow()
    expect(await length(handle)).toBe(before)
    expect((await home().read(ref)).values).toEqual({ n: 1 })
  })

  it('goes on as new with all that it knows', async () => {
    const ref = newRef()
    await home().change(ref, commit('first/1', 0, 0))
    const handle = handleOf(ref)
    const { runId } = await handle.describe()
    const changes = Array.from(
      { length: 510 },
      (_, i): StateChange => ({ type: 'commit', turn: `turn-${i}/1`, delta: { set: { [`k${i}`]: i }, deleted: [] } }),
    )
    const worker = async () => {
      for (let change = changes.shift(); change !== undefined; change = changes.shift())
        await home().change(ref, change)
    }
    await Promise.all(Array.from({ length: 6 }, worker))
    expect((await handle.describe()).runId).not.toBe(runId)
    expect(await home().change(ref, commit('first/1', 0, 0))).toBe('done')
    const { values, version } = await home().read(ref)
    expect(Object.keys(values)).toHaveLength(511)
    expect(await home().change(ref, commit('last/1', 1, version))).toBe('made')
  }, 60_000)

  it('ends when nothing has changed for its time, and begins anew with the next change', async () => {
    const ref = newRef()
    const handle = await client.workflow.start('a2aState', {
      workflowId: stateWorkflowId(ref),
      taskQueue,
      args: [{ keptMs: 500 }],
    })
    await home().change(ref, commit('a/1', 1, 0))
    const { version } = await home().read(ref)
    await handle.result()
    expect(await home().read(ref)).toEqual(ID_OF_NO_STATE)
    expect(await home().change(ref, commit('b/1', 2, version))).toBe('conflict')
    expect(await home().change(ref, commit('b/1', 2, 0))).toBe('made')
    expect((await home().read(ref)).version).toBeGreaterThan(version)
  })

  it('costs its task no event, and whoever does not use state no workflow', async () => {
    const wire = wireNamed('jsonrpc', server.url)
    const lengths = []
    for (const text of ['count', 'show', 'unknown']) {
      const task = taskOf(await wire.call('sendMessage', send(text), { agent: 'remembering' }))
      const handle = client.workflow.getHandle(taskKey({ tenant: '', agentId: 'remembering', taskId: task.id }))
      lengths.push(
        await eventually(async () => {
          const { historyLength, status } = await handle.describe()
          expect(status.name).not.toBe('RUNNING')
          return historyLength
        }),
      )
      const ref: StateRef = {
        tenant: '',
        agentId: 'remembering',
        scope: 'context',
        owner: 'local',
        contextId: task.contextId,
      }
      const kept = await handleOf(ref)
        .describe()
        .then(
          () => true,
          () => false,
        )
      expect(kept, text).toBe(text === 'count')
    }
    expect(lengths[0]).toBe(lengths[1])
  })
})
