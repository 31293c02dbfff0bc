/** Durable calls when what runs them goes away: processes killed without warning, workflows continued as new. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import type { TaskRecord } from '../../src/task/task-record.js'
import { foldHistory } from '../../src/temporal/fold-history.js'
import { WORKFLOW_TYPE } from '../../src/temporal/names.js'
import { firstValue } from '../../src/temporal/payloads.js'
import type { TaskWorkflowInput } from '../../src/temporal/workflow/task-input.js'
import { openGate } from '../support/agents.js'
import { journalAgents, ran } from '../support/journal-agents.js'
import { endAll, runCli } from '../support/processes.js'
import { eventually, send, stateOf, statusText, taskOf, textOf } from '../support/reading.js'
import { startTestServer } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'

const NOW = { configuration: { returnImmediately: true } }

describe('processes that are killed', () => {
  let directory: string
  let log: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-journal-'))
    log = join(directory, 'steps.log')
    await appendFile(log, '')
  })

  afterEach(async () => {
    await endAll()
    await rm(directory, { recursive: true, force: true })
  })

  const start = async () => {
    const db = join(directory, 'a2a.db')
    const args = ['serve', 'test/support/crash-agent.ts', '--port', '0', '--json', '--db', db]
    const cli = runCli(args, { STEPS_LOG: log })
    const { url } = await cli.json<{ url: string }>()
    return { cli, wire: wireNamed('jsonrpc', url) }
  }
  const steps = async () => (await readFile(log, 'utf8')).trim().split('\n').filter(Boolean)
  const killAll = async ({ cli }: Awaited<ReturnType<typeof start>>) => {
    const state = await readFile(join(directory, 'a2a.db.temporal.state.json'), 'utf8')
    cli.kill('SIGKILL')
    process.kill((JSON.parse(state) as { pid: number }).pid, 'SIGKILL')
    await cli.ended
  }

  it('in the middle of a turn: finished steps do not run again', async () => {
    const first = await start()
    const { id } = taskOf(await first.wire.call('sendMessage', send('go', NOW)))
    await eventually(async () => expect(await steps()).toHaveLength(3), 15_000)
    await eventually(async () => expect(textOf(await first.wire.call('getTask', { id }))).toBe('one two '), 15_000)
    await killAll(first)

    const { wire } = await start()
    await writeFile(`${log}.go`, '')
    await eventually(
      async () => expect(stateOf(await wire.call('getTask', { id }))).toBe('TASK_STATE_COMPLETED'),
      40_000,
    )
    expect(textOf(await wire.call('getTask', { id }))).toBe('one two three')
    expect((await steps()).sort()).toEqual(['four', 'one', 'three', 'two'])
  }, 90_000)

  it('while a question is open: its time runs on, and the handler learns of it when they are back', async () => {
    const first = await start()
    const asked = taskOf(await first.wire.call('sendMessage', send('timeout')))
    expect(statusText(asked)).toBe('Quick?')
    await killAll(first)

    const { wire } = await start()
    const done = await eventually(async () => {
      const task = await wire.call('getTask', { id: asked.id })
      expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
      return task
    }, 40_000)
    expect(textOf(done)).toBe('timed out')
    expect(await steps()).toEqual(['before', 'timed out'])
  }, 90_000)
})

describe('a handler that was left while it waits for another agent', () => {
  it('is woken when that has answered: its next look is not waited for', async () => {
    const server = await startTestServer({
      temporalAddress: inject('temporalAddress'),
      agents: journalAgents,
      turn: { graceMs: 300, suspendAfterMs: 1_000 },
    })
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    try {
      const wire = wireNamed('jsonrpc', server.url)
      const key = `woken-${Date.now()}`
      const to = { agent: 'journaled' }
      const { id } = taskOf(await wire.call('sendMessage', send(`call x callee wait ${key}`, NOW), to))
      const handle = new Client({ connection }).workflow.getHandle(
        taskKey({ tenant: '', agentId: 'journaled', taskId: id }),
      )
      const history = async () => (await handle.fetchHistory()).events ?? []
      // It was left for four seconds, the longest of all pauses, just now.
      await eventually(async () => {
        const started = (await history()).at(-1)?.timerStartedEventAttributes
        expect(Number(started?.startToFireTimeout?.seconds ?? 0)).toBeGreaterThanOrEqual(4)
      }, 30_000)
      openGate(key)
      await handle.result()
      const events = await history()
      const last = events.findLastIndex((event) => event.timerStartedEventAttributes)
      const since = events.slice(last).filter((event) => event.timerFiredEventAttributes)
      expect(since).toEqual([])
      expect(events.slice(last).some((event) => event.workflowExecutionSignaledEventAttributes)).toBe(true)
      expect(events.slice(last).some((event) => event.timerCanceledEventAttributes)).toBe(true)
      expect(textOf(await wire.call('getTask', { id }, to))).toBe('callee said waited')
      expect(foldHistory(events)?.record.task.status?.state).toBe('TASK_STATE_COMPLETED')
    } finally {
      await connection.close()
      await server.stop()
    }
  }, 60_000)
})

describe('a workflow that is continued as new', () => {
  it('takes the journal and its timers with it', async () => {
    const taskQueue = `continued-${process.pid}-${Date.now()}`
    const server = await startTestServer({
      temporalAddress: inject('temporalAddress'),
      agents: journalAgents,
      taskQueue,
    })
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const client = new Client({ connection })
    const wire = wireNamed('jsonrpc', server.url)
    const journaled = { agent: 'journaled' }
    /** Begins a run as continue-as-new does: with the record of a task that waits. */
    const continued = async (text: string) => {
      const { id } = taskOf(await wire.call('sendMessage', send(text), journaled))
      const ref = { tenant: '', agentId: 'journaled', taskId: id }
      const { events, record } = await eventually(async () => {
        const history = await client.workflow.getHandle(taskKey(ref)).fetchHistory()
        const folded = foldHistory(history.events ?? [])?.record
        expect(folded?.suspended).toBeDefined()
        return { events: history.events, record: folded }
      })
      const started = events?.[0]?.workflowExecutionStartedEventAttributes
      const policy = firstValue<TaskWorkflowInput>(started?.input)?.policy
      const taskId = crypto.randomUUID()
      const moved = JSON.parse(JSON.stringify(record).replaceAll(id, taskId)) as TaskRecord
      await client.workflow.start(WORKFLOW_TYPE, {
        workflowId: taskKey({ ...ref, taskId }),
        taskQueue,
        args: [{ record: moved, policy }],
      })
      return taskId
    }
    const until = (id: string, state: string) =>
      eventually(async () => {
        const task = await wire.call('getTask', { id }, journaled)
        expect(stateOf(task)).toBe(state)
        return task
      }, 15_000)
    try {
      const asked = await continued('ask continued')
      expect(statusText(await until(asked, 'TASK_STATE_INPUT_REQUIRED'))).toBe('Which of Lisbon and Porto?')
      const next = taskOf(await wire.call('sendMessage', send('Porto', {}, { taskId: asked }), journaled))
      expect(statusText(next)).toBe('How many?')
      expect(ran('continued/search')).toBe(1)

      const timed = await continued('timeout continued')
      expect(textOf(await until(timed, 'TASK_STATE_COMPLETED'))).toBe('caught true then')
    } finally {
      await connection.close()
      await server.stop()
    }
  }, 60_000)
})
