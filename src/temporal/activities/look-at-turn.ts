/**
 * What is known of a turn that is about to be canceled. Temporal ends a turn that no worker has at that moment at once, and
 * forgets its last checkpoint with it: what it has shown, and whom it has called.
 */
import { Context } from '@temporalio/activity'
import { type Checkpoint, type LeftTurn, leftTurn } from '../../task/turn-outcome.js'
import { TURN_ACTIVITY } from '../names.js'
import { firstValue } from '../payloads.js'
import type { DescribeService } from './cancel-check.js'

export interface LookAtTurnOptions {
  readonly service: DescribeService
  readonly namespace: string
}

/** Values of enum PendingActivityState in which a worker has the turn, and says itself how it ends. */
const WITH_A_WORKER: ReadonlySet<unknown> = new Set([2, 3, 5])

/** Runs as a local activity of the task's own workflow. Undefined when nothing is known of its turn. */
export function createLookAtTurn({ service, namespace }: LookAtTurnOptions): () => Promise<LeftTurn | undefined> {
  return async () => {
    const { workflowExecution: execution } = Context.current().info
    if (execution === undefined) return undefined
    const { pendingActivities } = await service.describeWorkflowExecution({ namespace, execution })
    const pending = pendingActivities?.find(({ activityType }) => activityType?.name === TURN_ACTIVITY)
    const checkpoint = firstValue<Checkpoint>(pending?.heartbeatDetails)
    if (checkpoint === undefined) return undefined
    const left = leftTurn(checkpoint)
    // Should it be given back in this very moment, its calls are canceled all the same.
    return WITH_A_WORKER.has(pending?.state) ? { ...left, artifacts: [] } : left
  }
}
