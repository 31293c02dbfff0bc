/** Which tasks have begun or closed lately, by Temporal's visibility: for whoever keeps a copy. */
import type { Client } from '@temporalio/client'
import type { Seen } from '../store/reconcile.js'
import { WORKFLOW_TYPE } from './names.js'

/** Tasks in one list. */
const LENGTH = 200

/** The tasks of this task queue that began or closed at or after `time`. */
export async function* changedTasksSince(
  client: Client,
  taskQueue: string,
  time: Date,
  signal: AbortSignal,
): AsyncGenerator<readonly Seen[]> {
  const at = time.toISOString()
  // Where visibility is in SQL, an open workflow has closed in the far future.
  const query =
    `WorkflowType = '${WORKFLOW_TYPE}' AND TaskQueue = '${taskQueue.replace(/['\\]/g, '\\$&')}' ` +
    `AND (StartTime >= '${at}' OR (CloseTime >= '${at}' AND ExecutionStatus != 'Running'))`
  let seen: Seen[] = []
  for await (const { workflowId: key, status, startTime, closeTime } of client.workflow.list({
    query,
    pageSize: LENGTH,
  })) {
    if (signal.aborted) return
    seen.push({ key, closed: status.name !== 'RUNNING', at: (closeTime ?? startTime).getTime() })
    if (seen.length < LENGTH) continue
    yield seen
    seen = []
  }
  if (seen.length > 0) yield seen
}
