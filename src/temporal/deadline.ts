/**
 * Every call to Temporal goes through here: it has a deadline, and while the server is known to be gone it fails at once.
 */
import { isGrpcServiceError, ServiceError } from '@temporalio/client'
import { NamespaceNotFoundError } from '@temporalio/common'
import { type A2AError, isA2AError, unavailable } from '../a2a/errors.js'
import { DeadlineError, withDeadline } from '../internal/abort.js'

/** The longest any call may take, in milliseconds. */
export const CALL_MS = 5_000

/** Temporal's reachability, as the rest of the engine sees it. */
export interface Reachability {
  readonly up: boolean
  /** Calls `listener` once, as soon as the server is found to be gone. Returns the way to stop listening. */
  onGone(listener: (error: ServerGoneError) => void): () => void
  /** A call has failed as if the server were gone: look soon. */
  suspect(): void
}

/**
 * @param lasting true for a call that may take effect although its answer is lost
 * @throws A2AError UNAVAILABLE
 */
export async function callTemporal<T>(
  reachability: Reachability,
  what: string,
  lasting: boolean,
  call: () => Promise<T>,
): Promise<T> {
  if (!reachability.up) throw unavailable('The task service is not available; try again')
  // Of this call alone: a promise that outlives its calls would keep the answers of all of them.
  const gone = Promise.withResolvers<never>()
  const off = reachability.onGone(gone.reject)
  try {
    return await withDeadline(Promise.race([call(), gone.promise]), CALL_MS, what)
  } catch (error) {
    if (isNotReady(error)) throw unavailable('The task cannot be reached for a moment; try again', error)
    if (isNamespaceMissing(error)) throw unavailable('The task service is not available; try again', error)
    if (!isUnreachable(error)) throw error
    reachability.suspect()
    throw unavailable(
      lasting
        ? 'The task service did not answer; the request may still be applied: retry with the same idempotency key'
        : 'The task service did not answer; try again',
      error,
    )
  } finally {
    off()
  }
}

const UNREACHABLE_CODES = new Set([1, 4, 8, 14])

/** True for errors that say nothing about the request: no connection, no answer in time, no capacity. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof DeadlineError || error instanceof ServerGoneError) return true
  if (isA2AError(error)) return (error as A2AError).reason === 'UNAVAILABLE'
  const cause = error instanceof ServiceError ? error.cause : error
  if (isGrpcServiceError(cause)) return UNREACHABLE_CODES.has(cause.code)
  return false
}

const NOT_FOUND = 5

/** Temporal is well and knows nothing of our namespace: that says nothing about a task. */
function isNamespaceMissing(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  if (cause instanceof NamespaceNotFoundError) return true
  return isGrpcServiceError(cause) && cause.code === NOT_FOUND && /^namespace\b/i.test(cause.details)
}

const FAILED_PRECONDITION = 9

/** Temporal itself is well, but a worker was lost with the workflow's task: no update is taken until another has it. */
function isNotReady(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  return isGrpcServiceError(cause) && cause.code === FAILED_PRECONDITION
}

/** What {@link Reachability.gone} rejects with. */
export class ServerGoneError extends Error {
  override readonly name = 'ServerGoneError'

  constructor() {
    super('the Temporal server is not reachable')
  }
}
