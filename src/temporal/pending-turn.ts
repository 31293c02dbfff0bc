/** The turn that Temporal shows as pending, with the checkpoint that was written last. */
import type { temporal } from '@temporalio/proto'
import type { Checkpoint } from '../task/turn-outcome.js'
import { TURN_ACTIVITY } from './names.js'
import { firstValue } from './payloads.js'

export interface PendingTurn {
  /** A worker has it, as far as Temporal knows. */
  readonly isStarted: boolean
  /** From 1. */
  readonly attempt: number
  /** What was written last. */
  readonly checkpoint: Checkpoint | undefined
}

/** Values of enum PendingActivityState: started, and started with a cancel or a pause requested. */
const STARTED: ReadonlySet<unknown> = new Set([2, 3, 5])

/** Undefined when no turn is pending. */
export function pendingTurn({
  pendingActivities,
}: temporal.api.workflowservice.v1.IDescribeWorkflowExecutionResponse): PendingTurn | undefined {
  const pending = pendingActivities?.find(({ activityType }) => activityType?.name === TURN_ACTIVITY)
  if (pending === undefined) return undefined
  return {
    isStarted: STARTED.has(pending.state),
    attempt: pending.attempt ?? 1,
    checkpoint: firstValue<Checkpoint>(pending.heartbeatDetails),
  }
}
