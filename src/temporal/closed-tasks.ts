/** Which tasks have closed lately, by Temporal's visibility: for whoever keeps a copy. */
import type { Client } from '@temporalio/client'
import { WORKFLOW_TYPE } from './names.js'

/** Keys of the tasks that closed at or after `time`. */
export async function* closedTasksSince(client: Client, time: Date, signal: AbortSignal): AsyncGenerator<string> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus != 'Running' AND CloseTime >= '${time.toISOString()}'`
  for await (const { workflowId } of client.workflow.list({ query })) {
    if (signal.aborted) return
    yield workflowId
  }
}
