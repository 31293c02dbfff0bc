/** Which tasks are compared with the store, by the visibility of a real Temporal. */
import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { changedTasksSince } from '../../src/temporal/changed-tasks.js'
import { WORKFLOW_TYPE } from '../../src/temporal/names.js'
import { eventually } from '../support/reading.js'

let connection: Connection
let client: Client
const taskQueue = `changed-${randomUUID()}`

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection })
})

afterAll(() => connection.close())

/** No worker takes it, so it stays open. */
const begin = () => client.workflow.start(WORKFLOW_TYPE, { workflowId: randomUUID(), taskQueue, args: [] })

async function changedSince(time: Date): Promise<object[]> {
  const changed: object[] = []
  for await (const seen of changedTasksSince(client, taskQueue, time, new AbortController().signal)) {
    changed.push(...seen.map(({ key, closed }) => ({ key, closed })))
  }
  return changed
}

it('lists what has begun or closed since, and no open task in which nothing has changed', async () => {
  const [open, closed] = [await begin(), await begin()]
  const both = [open, closed].map(({ workflowId: key }) => ({ key, closed: false }))
  await eventually(async () => {
    const changed = await changedSince(new Date(0))
    expect(changed).toHaveLength(2)
    expect(changed).toEqual(expect.arrayContaining(both))
  }, 15_000)
  // By Temporal's clock.
  const { startTime } = await closed.describe()
  const since = new Date(startTime.getTime() + 1)
  await closed.terminate()
  await eventually(
    async () => expect(await changedSince(since)).toEqual([{ key: closed.workflowId, closed: true }]),
    15_000,
  )
  await open.terminate()
}, 60_000)
