/** What Temporal says of a turn while it is in its hands. */
import type { temporal } from '@temporalio/proto'
import type { Checkpoint } from '../../task/turn-outcome.js'
import { TURN_ACTIVITY } from '../names.js'
import { firstValue } from '../payloads.js'

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

export interface PendingTurn {
  /** A worker has it, as far as Temporal knows. */
  readonly isStarted: boolean
  /** What was written last. */
  readonly checkpoint: Checkpoint | undefined
}

/** Values of enum PendingActivityState: started, and started with a cancel or a pause requested. */
const STARTED: ReadonlySet<unknown> = new Set([2, 3, 5])

/** Whether Temporal has it that a cancel was requested. */
export async function isCancelRequested({ service, namespace, execution }: TurnExecution): Promise<boolean> {
  const { workflowExtendedInfo } = await service.describeWorkflowExecution({ namespace, execution })
  return workflowExtendedInfo?.cancelRequested === true
}

/** Undefined when no turn is pending. */
export async function pendingTurn({ service, namespace, execution }: TurnExecution): Promise<PendingTurn | undefined> {
  const { pendingActivities } = await service.describeWorkflowExecution({ namespace, execution })
  const pending = pendingActivities?.find(({ activityType }) => activityType?.name === TURN_ACTIVITY)
  if (pending === undefined) return undefined
  return { isStarted: STARTED.has(pending.state), checkpoint: firstValue<Checkpoint>(pending.heartbeatDetails) }
}
