/**
 * Every history of a released workflow still replays on the code of today: tasks that were begun on an old build finish.
 *
 * `RECORD=<version>` records the scenarios that have none, into `histories/<version>`. A kept history is never changed.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import type { TaskRecord } from '../../src/task/task-record.js'
import { foldHistory } from '../../src/temporal/fold-history.js'
import { firstValue } from '../../src/temporal/payloads.js'
import { installRuntime } from '../../src/worker/runtime.js'
import { bundleWorkflows } from '../../src/worker/workflow-bundle.js'
import { agents } from '../support/agents.js'
import { journalAgents } from '../support/journal-agents.js'
import { startTestServer, testLogger } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'
import { SCENARIOS } from './scenarios.js'

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url))

async function kept(): Promise<{ name: string; path: string }[]> {
  const files = await readdir(HISTORIES, { recursive: true })
  return files.filter((file) => file.endsWith('.json')).map((file) => ({ name: file, path: join(HISTORIES, file) }))
}

function nameOf({ name }: { name: string }): string {
  return name.replace(/^.*\//, '').replace('.json', '')
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
      agents: [...agents, ...journalAgents],
      // So that waits for other agents are seen in the history.
      turn: { suspendAfterMs: 1 },
    })
    const known = new Set((await kept()).map(nameOf))
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const client = new Client({ connection })
    for (const { name, agent, run } of SCENARIOS.filter((scenario) => !known.has(scenario.name))) {
      const taskId = await run(wireNamed('jsonrpc', server.url))
      const handle = client.workflow.getHandle(taskKey({ tenant: '', agentId: agent, taskId }))
      await handle.result()
      // Without the place of this checkout, which stack traces name.
      const json = historyToJSON(await handle.fetchHistory()).replaceAll(`${process.cwd()}/`, '')
      await writeFile(join(directory, `${name}.json`), `${JSON.stringify(JSON.parse(json), undefined, 1)}\n`)
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
    const files = await kept()
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
