/**
 * What is known of a turn that is about to be canceled. Temporal ends a turn that no worker has at that moment at once, and
 * forgets its last checkpoint with it: what it has shown, and whom it has called.
 */
import { Context } from '@temporalio/activity'
import { type LeftTurn, leftTurn } from '../../task/turn-outcome.js'
import { describeTurn, type TurnExecution } from './describe-turn.js'

/** Runs as a local activity of the task's own workflow. Undefined when nothing is known of its turn. */
export function createLookAtTurn(options: Omit<TurnExecution, 'execution'>): () => Promise<LeftTurn | undefined> {
  return async () => {
    const { workflowExecution: execution } = Context.current().info
    if (execution === undefined) return undefined
    const { checkpoint, isStarted } = (await describeTurn({ ...options, execution })) ?? {}
    if (checkpoint === undefined) return undefined
    const left = leftTurn(checkpoint)
    // A worker that has the turn says itself how it ends. Should it be given back in this very moment, its calls are canceled all the same.
    return isStarted ? { ...left, artifacts: [] } : left
  }
}
