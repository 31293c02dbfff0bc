/** Versions of workers, as Temporal's Worker Deployments: what a task that has begun on an old build ends on. */
import { Client, Connection } from '@temporalio/client'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { endAll } from '../support/processes.js'
import { eventually, send, stateOf, taskOf, textOf } from '../support/reading.js'
import { SplitSite } from '../support/split-processes.js'
import { type Wire, wireNamed } from '../support/wires.js'

const temporalAddress = inject('temporalAddress')
const agent = { agent: 'asking' }
let site: SplitSite
let client: Client

beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: temporalAddress }) })
})
afterAll(() => client.connection.close())

afterEach(async () => {
  await endAll()
  await site.remove()
})

/** What an operator does after a deploy: `temporal worker deployment set-current-version`. */
async function makeCurrent(deploymentName: string, buildId: string): Promise<void> {
  const { namespace } = client.options
  await eventually(
    () => client.workflowService.setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId }),
    30_000,
  )
}

async function ask(wire: Wire): Promise<string> {
  return eventually(async () => {
    const task = taskOf(await wire.call('sendMessage', send('go'), agent))
    expect(stateOf(task)).toBe('TASK_STATE_INPUT_REQUIRED')
    return task.id
  }, 30_000)
}

async function answer(wire: Wire, taskId: string): Promise<string> {
  const task = taskOf(await wire.call('sendMessage', send('that', {}, { taskId }), agent))
  expect(stateOf(task)).toBe('TASK_STATE_COMPLETED')
  return textOf(task)
}

describe('a task that waits while a new version comes', () => {
  it.each([
    ['pinned', 'that on 1'],
    ['auto-upgrade', 'that on 2'],
  ])(
    '%s: ends with "%s", and new tasks begin on the new version',
    async (behavior, text) => {
      site = await SplitSite.create({ temporalAddress })
      const deployment = `agents-${site.taskQueue}`
      const version = (buildId: string) =>
        site.worker(['--versioning', behavior], {
          TEMPORAL_DEPLOYMENT_NAME: deployment,
          TEMPORAL_WORKER_BUILD_ID: buildId,
        })
      const { url } = await site.gateway()
      const wire = wireNamed('rest', url)
      await version('1')
      await makeCurrent(deployment, '1')
      const old = await ask(wire)
      await version('2')
      await makeCurrent(deployment, '2')
      expect(await answer(wire, await ask(wire))).toBe('that on 2')
      expect(await answer(wire, old)).toBe(text)
    },
    120_000,
  )

  it('without versions: ends on whatever worker there is', async () => {
    site = await SplitSite.create({ temporalAddress })
    const { url } = await site.gateway()
    const wire = wireNamed('rest', url)
    const first = await site.worker()
    const old = await ask(wire)
    first.kill('SIGTERM')
    await first.ended
    await site.worker()
    expect(await answer(wire, old)).toBe('that on no build')
  }, 90_000)
})
