/** Removes a task that has ended out of Temporal, with all runs of its workflow, before its retention does. */
import type { Client } from '@temporalio/client'
import { unavailable } from '../a2a/errors.js'
import { sleep } from '../internal/abort.js'
import { callTemporal, type Reachability } from './deadline.js'
import { describeTask, ifFound, RUNNING } from './describe-task.js'

/**
 * Temporal deletes after it has answered, and what has just closed only after half a minute: how long that may take, and
 * how often is looked, in milliseconds.
 */
const GONE_MS = 120_000
const FIRST_LOOK_MS = 50
const LOOK_MS = 1_000

export interface DeleteTaskOptions {
  readonly client: Client
  readonly reachability: Reachability
}

/**
 * @returns `running`: the task goes on, and nothing was done; `absent`: Temporal does not know it; `deleted`: nor does it
 *   any more
 * @throws A2AError UNAVAILABLE Temporal does not answer, and may delete it all the same
 * @throws the signal's reason when it aborts
 */
export async function deleteTask(
  options: DeleteTaskOptions,
  key: string,
  signal?: AbortSignal,
): Promise<'running' | 'absent' | 'deleted'> {
  const { client, reachability } = options
  const latest = (await describeTask(client, reachability, key))?.workflowExecutionInfo
  if (latest == null) return 'absent'
  if (latest.status === RUNNING) return 'running'
  // The latest run leads to the others, so it is the last to go.
  const runs: string[] = []
  for (let run = latest.execution?.runId ?? undefined; run; run = await runBefore(options, key, run)) runs.unshift(run)
  for (const run of runs) await deleteRun(options, key, run)
  const deadline = Date.now() + GONE_MS
  for (let pause = FIRST_LOOK_MS; (await describeTask(client, reachability, key)) !== undefined; pause = LOOK_MS) {
    if (Date.now() > deadline) throw unavailable(`Temporal has not deleted the task within ${GONE_MS / 1_000} s`)
    await sleep(pause, signal)
    signal?.throwIfAborted()
  }
  return 'deleted'
}

/** The run that this one continues. */
async function runBefore({ client, reachability }: DeleteTaskOptions, workflowId: string, runId: string) {
  const { namespace } = client.options
  const page = await ifFound(
    callTemporal(reachability, 'reading a history', false, () =>
      client.workflowService.getWorkflowExecutionHistory({
        namespace,
        execution: { workflowId, runId },
        maximumPageSize: 1,
      }),
    ),
  )
  return page?.history?.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined
}

async function deleteRun({ client, reachability }: DeleteTaskOptions, workflowId: string, runId: string) {
  const { namespace } = client.options
  await ifFound(
    callTemporal(reachability, 'deleting a task', true, () =>
      client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } }),
    ),
  )
}
