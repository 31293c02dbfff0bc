/** What a task costs in Temporal, and that it can be read there without a worker. */

import { Client, Connection } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { InProcessBus } from '../../src/bus/in-process-bus.js'
import { taskKey } from '../../src/bus/live-event.js'
import type { TaskRecord } from '../../src/task/task-record.js'
import type { TurnInput } from '../../src/task/turn-input.js'
import { foldHistory } from '../../src/temporal/fold-history.js'
import { firstValue } from '../../src/temporal/payloads.js'
import { type EndedTasks, TaskReader } from '../../src/temporal/read-task.js'
import { openGate } from '../support/agents.js'
import { all, eventually, send, stateOf, statusText, taskOf, textOf } from '../support/reading.js'
import { startTestServer, type TestServer } from '../support/servers.js'
import { type Wire, wireNamed } from '../support/wires.js'

type HistoryEvent = temporal.api.history.v1.IHistoryEvent

let connection: Connection
let client: Client
let server: TestServer
let wire: Wire

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection })
  server = await startTestServer({ temporalAddress: inject('temporalAddress') })
  wire = wireNamed('jsonrpc', server.url)
})

afterAll(async () => {
  await server.stop()
  await connection.close()
})

function keyOf(taskId: string, agentId = 'scripted'): string {
  return taskKey({ tenant: '', agentId, taskId })
}

async function historyOf(taskId: string, agentId?: string): Promise<HistoryEvent[]> {
  const handle = client.workflow.getHandle(keyOf(taskId, agentId))
  return (await handle.fetchHistory()).events ?? []
}

/** Waits for the workflow itself: its last event is written after the task has been shown to have ended. */
async function closedHistory(taskId: string, agentId?: string): Promise<HistoryEvent[]> {
  await client.workflow.getHandle(keyOf(taskId, agentId)).result()
  return historyOf(taskId, agentId)
}

/** Reads as a gateway does that has no worker, no live events and an empty store. */
function remoteReader(ended: EndedTasks['ended'] = async () => undefined): TaskReader {
  return new TaskReader({
    client,
    bus: new InProcessBus(),
    reachability: { up: true, onGone: () => () => {}, suspect: () => {} },
    store: { ended, putBack: async (value) => value },
  })
}

describe('the history of a task', () => {
  it('has 11 events for one turn, and 1,000 streamed chunks add none', async () => {
    const small = taskOf(await wire.call('sendMessage', send('echo hi')))
    const large = taskOf(await wire.call('sendMessage', send('count 1000')))
    expect(await closedHistory(small.id)).toHaveLength(11)
    expect(await closedHistory(large.id)).toHaveLength(11)
    expect(large.artifacts?.[0]?.parts).toHaveLength(1)
  })

  it('has 6 events for an inline turn', async () => {
    const { id } = taskOf(await wire.call('sendMessage', send('hi'), { agent: 'inline' }))
    expect(await closedHistory(id, 'inline')).toHaveLength(6)
  })

  it('carries what an agent asks for of a conversation, and no more, to each turn', async () => {
    const agent = { agent: 'recalling' }
    const { id } = taskOf(await wire.call('sendMessage', send('word 1'), agent))
    for (const n of [2, 3, 4, 5, 6]) await wire.call('sendMessage', send(`word ${n}`, {}, { taskId: id }), agent)
    const turns = (await historyOf(id, 'recalling')).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled ? [firstValue<TurnInput>(scheduled.input)] : [],
    )
    const carried = turns.map((input) => input?.task.history?.filter(({ parts }) => parts !== undefined).length)
    expect(carried).toEqual([1, 3, 5, 5, 5, 5])
  })

  it('is readable JSON of the protocol', async () => {
    const { id } = taskOf(await wire.call('sendMessage', send('echo readable')))
    const start = (await historyOf(id))[0]?.workflowExecutionStartedEventAttributes
    const input = firstValue<{ record: TaskRecord }>(start?.input)
    expect(input?.record.task.history?.[0]?.parts).toEqual([{ text: 'echo readable' }])
  })
})

describe('a task that no worker of ours knows', () => {
  it('is read out of its close event when it has ended', async () => {
    const sent = taskOf(await wire.call('sendMessage', send('chunks a b')))
    await closedHistory(sent.id)
    const reading = await remoteReader().read({ tenant: '', agentId: 'scripted', taskId: sent.id })
    expect(reading?.task).toEqual(sent)
    expect(reading?.owner).toBe('local')
  })

  it.each([
    ['ended', 'chunks a b'],
    ['waiting', 'ask which?'],
  ])('is not read at all for a caller whose task it is not: %s', async (_, text) => {
    const sent = taskOf(await wire.call('sendMessage', send(text)))
    const ref = { tenant: '', agentId: 'scripted', taskId: sent.id }
    const historiesRead = vi.spyOn(client.workflowService, 'getWorkflowExecutionHistory')
    const looks = vi.spyOn(client.workflowService, 'describeWorkflowExecution')
    const reader = remoteReader(async (_, owner) => (owner === 'local' ? undefined : 'elses'))
    expect(await reader.read(ref, 'mallory')).toBeUndefined()
    expect(await reader.read({ ...ref, taskId: 'none' }, 'local')).toBeUndefined()
    expect(historiesRead).not.toHaveBeenCalled()
    // As often as for a task that never was, and not for the one that is.
    const looked = looks.mock.calls.map(([request]) => request.execution?.workflowId)
    expect(looked).toEqual([expect.not.stringContaining(sent.id), keyOf('none')])
    vi.restoreAllMocks()
    expect((await reader.read(ref, 'local'))?.task).toEqual(sent)
  })

  it('is read out of its history while it waits for input', async () => {
    const sent = taskOf(await wire.call('sendMessage', send('ask which?')))
    const reading = await remoteReader().read({ tenant: '', agentId: 'scripted', taskId: sent.id })
    expect(reading?.task).toEqual(sent)
    expect(reading?.position).toEqual({ turn: 1, attempt: 1, seq: 2, ended: true })
  })

  it('is read out of its checkpoint while its turn runs', async () => {
    const request = send('wait checkpoint', { configuration: { returnImmediately: true } })
    const { id } = taskOf(await wire.call('sendMessage', request))
    const reader = remoteReader()
    await eventually(async () => {
      const reading = await reader.read({ tenant: '', agentId: 'scripted', taskId: id })
      expect(textOf(reading?.task ?? {})).toBe('waiting')
      expect(reading?.position).toMatchObject({ turn: 1, attempt: 1, ended: false })
    })
    openGate('checkpoint')
  })

  it('is not there when it never was', async () => {
    expect(await remoteReader().read({ tenant: '', agentId: 'scripted', taskId: 'none' })).toBeUndefined()
  })

  it('has failed when an operator ended its workflow', async () => {
    const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
    await client.workflow.getHandle(keyOf(id)).terminate('by hand')
    const task = await wire.call('getTask', { id })
    expect([stateOf(task), statusText(task)]).toEqual(['TASK_STATE_FAILED', 'The task was ended by its operator.'])
  })
})

describe('the raw history', () => {
  it('folds to the very record that the workflow returned, whatever came in between', async () => {
    const now = { configuration: { returnImmediately: true } }
    const tasks = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const { id } = taskOf(await wire.call('sendMessage', send(i % 3 === 0 ? 'ask which?' : 'slow a b c', now)))
        const follow = Array.from({ length: 4 }, (_, k) =>
          wire.call('sendMessage', send(`more ${k}`, now, { taskId: id })).catch(() => undefined),
        )
        if (i % 4 === 1) follow.push(wire.call('cancelTask', { id }).catch(() => undefined))
        await Promise.all(follow)
        return id
      }),
    )
    let compared = 0
    for (const id of tasks) {
      await eventually(async () =>
        expect(stateOf(await wire.call('getTask', { id }))).toMatch(/COMPLETED|CANCELED|INPUT/),
      )
      const events = await historyOf(id)
      const result = events.at(-1)?.workflowExecutionCompletedEventAttributes?.result
      if (result === undefined) continue
      compared += 1
      expect(foldHistory(events)?.record).toEqual(firstValue<TaskRecord>(result))
    }
    expect(compared).toBeGreaterThan(8)
  })
})

describe('readers of one task', () => {
  it('write nothing to its history', async () => {
    const { id } = taskOf(await wire.call('sendMessage', send('ask which?')))
    const before = await eventually(async () => {
      const { length } = await historyOf(id)
      expect(length).toBe(11)
      return length
    })
    const leaver = new AbortController()
    const reading = Array.from({ length: 20 }, async () => {
      await wire.call('getTask', { id })
      await all(wire.stream('subscribeToTask', { id }, { signal: leaver.signal })).catch(() => {})
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    leaver.abort()
    await Promise.all(reading)
    expect(await historyOf(id)).toHaveLength(before)
  })
})
