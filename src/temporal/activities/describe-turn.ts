/** What Temporal says of a turn while it is in its hands. */
import type { temporal } from '@temporalio/proto'
import { type PendingTurn, pendingTurn } from '../pending-turn.js'

export interface DescribeService {
  describeWorkflowExecution(
    request: temporal.api.workflowservice.v1.IDescribeWorkflowExecutionRequest,
  ): Promise<temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse>
}

/** The run whose turn it is. */
export interface TurnExecution {
  readonly service: DescribeService
  readonly namespace: string
  readonly execution: { readonly workflowId: string; readonly runId: string }
}

/** Whether Temporal has it that a cancel was requested. */
export async function isCancelRequested({ service, namespace, execution }: TurnExecution): Promise<boolean> {
  const { workflowExtendedInfo } = await service.describeWorkflowExecution({ namespace, execution })
  return workflowExtendedInfo?.cancelRequested === true
}

/** Undefined when no turn is pending. */
export async function describeTurn({ service, namespace, execution }: TurnExecution): Promise<PendingTurn | undefined> {
  return pendingTurn(await service.describeWorkflowExecution({ namespace, execution }))
}
