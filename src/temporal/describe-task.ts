/** What Temporal says of a task's workflow, from outside of it. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import { callTemporal, type Reachability } from './deadline.js'

export type TaskDescription = temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse

/** Values of enum WorkflowExecutionStatus. */
export const RUNNING = 1
export const COMPLETED = 2

const NOT_FOUND = 5

/**
 * The latest run; undefined when there is no such workflow.
 *
 * @throws A2AError UNAVAILABLE
 */
export function describeTask(
  client: Client,
  reachability: Reachability,
  key: string,
): Promise<TaskDescription | undefined> {
  const { namespace } = client.options
  return ifFound(
    callTemporal(reachability, 'describing a task', false, () =>
      client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId: key } }),
    ),
  )
}

/** Undefined in place of Temporal's error that there is no such workflow or run. */
export async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof WorkflowNotFoundError || (error as { code?: unknown }).code === NOT_FOUND) return undefined
    throw error
  }
}
