/** How an attempt gives its turn back to Temporal: for another worker, or to be tried again. */
import { ApplicationFailure } from '@temporalio/activity'
import { ApplicationFailureCategory } from '@temporalio/common'
import { AGENT_NOT_SERVED } from '../names.js'

/** Wait before a turn is offered again whose agent this worker does not have. */
const NOT_SERVED_RETRY_MS = 1_000
/** The shortest wait there is. */
const AT_ONCE_MS = 1

export function notServed(agentId: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: AGENT_NOT_SERVED,
    message: `agent ${agentId} is not served by this worker`,
    nextRetryDelay: NOT_SERVED_RETRY_MS,
  })
}

export function workerStops(): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'WorkerShutdown',
    message: 'the worker is stopping',
    nextRetryDelay: AT_ONCE_MS,
  })
}

/** The handler runs again on the state as it is now. */
export function stateHasChanged({ name, message }: Error): ApplicationFailure {
  return ApplicationFailure.create({
    type: name,
    message,
    nextRetryDelay: AT_ONCE_MS,
    category: ApplicationFailureCategory.BENIGN,
  })
}

export function storeUnavailable(): ApplicationFailure {
  return ApplicationFailure.create({ type: 'StoreUnavailable', message: 'large values could not be written' })
}

/**
 * The handler has thrown.
 *
 * @param nextRetryDelay wait before it is tried again, by the agent's policy, in milliseconds
 */
export function handlerFailed(error: unknown, nextRetryDelay: number): ApplicationFailure {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return ApplicationFailure.create({ type: name, message, nextRetryDelay })
}
