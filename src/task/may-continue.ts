/** May this message continue this task? (A2A section 3.4) */
import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, invalidParams, unsupportedOperation } from '../a2a/errors.js'
import { stateOf } from '../a2a/state.js'
import { mapMessage } from './large-values.js'
import { isEnded } from './reduce.js'
import type { TaskRecord } from './task-record.js'
import { fits, type Look, plus, tooLarge, type Weight, weigh, weighRecord } from './weight.js'

/** Messages that may wait for their turn in one task. */
export const MAX_QUEUED_MESSAGES = 100

/**
 * Why the message is refused, or undefined when it may join the queue.
 *
 * @param look whether large values are taken out of both
 */
export function refusal(record: TaskRecord, message: MessageJson, look: Look): A2AError | undefined {
  if (isEnded(record)) {
    const state = stateOf(record.task)
    return unsupportedOperation(`Task has ended (${state}) and takes no more messages`, {
      taskId: record.taskId,
      state,
    })
  }
  if (record.cancelRequested) {
    return unsupportedOperation('Task is being canceled and takes no more messages', { taskId: record.taskId })
  }
  const { contextId } = message
  if (contextId !== undefined && contextId !== '' && contextId !== record.task.contextId) {
    return invalidParams([{ field: 'message.contextId', description: 'is not the context of the task' }])
  }
  if (record.inbox.length >= MAX_QUEUED_MESSAGES) {
    return new A2AError('RATE_LIMITED', `Task has ${MAX_QUEUED_MESSAGES} messages waiting; try again later`, {
      retryAfterMs: 1000,
    })
  }
  const weight = plus(weighRecord(record, look), weighAccepted(message, look))
  return fits(weight) ? undefined : tooLarge('Task', weight)
}

/** Another message was accepted under its idempotency key. */
export function keyReused(): A2AError {
  return invalidParams([
    { field: 'idempotency-key', description: 'was used for another message; use a new key for a new message' },
  ])
}

/** While it waits a message is in the history and in the queue; its large values are kept once. */
function weighAccepted(message: MessageJson, look: Look): Weight {
  const { bytes, largeBytes } = weigh(message, mapMessage, look)
  return { bytes: 2 * bytes, largeBytes }
}
