/**
 * Every history of a released workflow still replays on the code of today: tasks that were begun on an old build finish.
 *
 * `RECORD=<version>` records the scenarios anew, into `histories/<version>`. A kept history is never changed.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { describe, expect, inject, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { installRuntime } from '../../src/worker/runtime.js'
import { bundleWorkflows } from '../../src/worker/workflow-bundle.js'
import { startTestServer, testLogger } from '../support/servers.js'
import { wireNamed } from '../support/wires.js'
import { SCENARIOS } from './scenarios.js'

const HISTORIES = fileURLToPath(new URL('histories/', import.meta.url))

async function kept(): Promise<{ name: string; path: string }[]> {
  const files = await readdir(HISTORIES, { recursive: true })
  return files.filter((file) => file.endsWith('.json')).map((file) => ({ name: file, path: join(HISTORIES, file) }))
}

describe.runIf(process.env.RECORD)('recording', () => {
  it('keeps one history of each scenario', async () => {
    const directory = join(HISTORIES, process.env.RECORD ?? '')
    await mkdir(directory, { recursive: true })
    const server = await startTestServer({ temporalAddress: inject('temporalAddress') })
    const connection = await Connection.connect({ address: inject('temporalAddress') })
    const client = new Client({ connection })
    for (const { name, agent, run } of SCENARIOS) {
      const taskId = await run(wireNamed('jsonrpc', server.url))
      const handle = client.workflow.getHandle(taskKey({ tenant: '', agentId: agent, taskId }))
      await handle.result()
      const json = historyToJSON(await handle.fetchHistory())
      await writeFile(join(directory, `${name}.json`), `${JSON.stringify(JSON.parse(json), undefined, 1)}\n`)
    }
    await connection.close()
    await server.stop()
  }, 60_000)
})

describe('kept histories', () => {
  it('cover every scenario', async () => {
    const names = new Set((await kept()).map(({ name }) => name.replace(/^.*\//, '').replace('.json', '')))
    expect([...SCENARIOS.map(({ name }) => name)].filter((name) => !names.has(name))).toEqual([])
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
