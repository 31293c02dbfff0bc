/**
 * Every history of a released workflow still replays on the code of today: tasks that were begun on an old build finish.
 *
 * `RECORD=<version>` records the scenarios that have none, into `histories/<version>`. A kept history is never changed.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { stateRef } from '../../src/task/state-record.js'
import type { TaskRecord } from '../../src/task/task-record.js'
import { foldHistory } from '../../src/temporal/fold-history.js'
import { firstValue } from '../../src/temporal/payloads.js'
import { stateWorkflowId } from '../../src/temporal/state-workflows.js'
import { installRuntime } from '../../src/worker/runtime.js'
import { bundleWorkflows } from '../../src/worker/workflow-bundle.js'
import { told } from '../contract/webhooks.js'
import { agents } from '../support/agents.js'
import { journalAgents } from '../support/journal-agents.js'
import { large } from '../support/large-agents.js'
import { startTestServer, testLogger } from '../support/servers.js'
import { stateAgents } from '../support/state-agents.js'
import { wireNamed } from '../support/wires.js'
import { SCENARIOS } from './scenarios.js'

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url))
/** Of workflows that keep state; their tasks are among the others. */
const OF_STATE = fileURLToPath(new URL('state-histories/', import.meta.url))

async function kept(directory = HISTORIES): Promise<{ name: string; path: string }[]> {
  const files = await readdir(directory, { recursive: true })
  return files.filter((file) => file.endsWith('.json')).map((file) => ({ name: file, path: join(directory, file) }))
}

function nameOf({ name }: { name: string }): string {
  return name.replace(/^.*\//, '').replace('.json', '')
}

/** Without the place of this checkout, which stack traces name. */
async function keep(handle: WorkflowHandle, file: string): Promise<void> {
  const json = historyToJSON(await handle.fetchHistory()).replaceAll(`${process.cwd()}/`, '')
  await writeFile(file, `${JSON.stringify(JSON.parse(json), undefined, 1)}\n`)
}

/** What a later version may not see differently: how and when the task ended, where, and with what. */
function whatHappened(record: TaskRecord | undefined): object {
  const { position, inbox, task } = record ?? {}
  return { position, inbox, status: task?.status, artifacts: task?.artifacts }
}

describe.runIf(process.env.RECORD)('recording', () => {
  it('keeps one history of each scenario that has none', async () => {
    const directory = join(HISTORIES, process.env.RECORD ?? '')
    await mkdir(directory, { recursive: true })
    const server = await startTestServer({
      temporalAddress: inject('temporalAddress'),
      agents: [...agents, ...journalAgents, ...stateAgents, told, large],
      webhooks: { allow: ['127.0.0.1'], retryPace: 0.01 },
      // So that waits for other agents are seen in the history.
      turn: { suspendAfterMs: 500 },
    })
    const known = new Set((await kept()).map(nameOf))
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const client = new Client({ connection })
    for (const { name, agent, run, workflowId } of SCENARIOS.filter((scenario) => !known.has(scenario.name))) {
      const taskId = await run(wireNamed('jsonrpc', server.url))
      const handle = client.workflow.getHandle<() => Promise<TaskRecord | undefined>>(
        workflowId?.(taskId) ?? taskKey({ tenant: '', agentId: agent, taskId }),
      )
      const record = await handle.result()
      await keep(handle, join(directory, `${name}.json`))
      if (agent !== 'remembering' || record === undefined) continue
      const { owner, task } = record
      const ref = stateRef('context', { tenant: '', agentId: agent, owner, contextId: task.contextId ?? '' })
      const ofState = join(OF_STATE, process.env.RECORD ?? '')
      await mkdir(ofState, { recursive: true })
      await keep(client.workflow.getHandle(stateWorkflowId(ref)), join(ofState, `${name}.json`))
    }
    await connection.close()
    await server.stop()
  }, 120_000)
})

describe('kept histories', () => {
  it('cover every scenario', async () => {
    const names = new Set((await kept()).map(nameOf))
    expect([...SCENARIOS.map(({ name }) => name)].filter((name) => !names.has(name))).toEqual([])
  })

  it('fold to what their workflow returned, and to some record at any time before', async () => {
    for (const { name, path } of await kept()) {
      const events = historyFromJSON(JSON.parse(await readFile(path, 'utf8'))).events ?? []
      // Deliveries to a webhook are no task.
      if (events[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name !== 'a2aTask') continue
      const result = events.at(-1)?.workflowExecutionCompletedEventAttributes?.result
      const returned = firstValue<TaskRecord>(result)
      expect(whatHappened(foldHistory(events)?.record), name).toEqual(whatHappened(returned))
      for (let length = 1; length < events.length; length += 1) {
        expect(foldHistory(events.slice(0, length))?.record.taskId, `${name}, ${length} events`).toBeDefined()
      }
    }
  })

  it('replay', async () => {
    installRuntime(testLogger)
    const files = [...(await kept()), ...(await kept(OF_STATE))]
    const histories = await Promise.all(
      files.map(async ({ name, path }) => ({
        workflowId: name,
        history: JSON.parse(await readFile(path, 'utf8')) as unknown,
      })),
    )
    const failed: string[] = []
    let replayed = 0
    const results = Worker.runReplayHistories({ workflowBundle: await bundleWorkflows() }, histories)
    for await (const { workflowId, error } of results) {
      replayed += 1
      if (error !== undefined) failed.push(`${workflowId}: ${error.message}`)
    }
    expect(failed).toEqual([])
    expect(replayed).toBe(files.length)
  }, 60_000)
})
