/** May this message continue this task? (A2A section 3.4) */
import { A2AError, invalidParams, unsupportedOperation } from '../a2a/errors.js'
import { stateOf } from '../a2a/state.js'
import { isEnded } from './reduce.js'
import type { TaskRecord } from './task-record.js'

/** Messages that may wait for their turn in one task. */
export const MAX_QUEUED_MESSAGES = 100

/**
 * Bytes of ProtoJSON that one task may come to, with everything it remembers. Temporal refuses a payload of 2 MiB and
 * a request of 4 MiB; this leaves room for the envelope.
 */
export const MAX_RECORD_BYTES = 1_572_864

/**
 * Why the message is refused, or undefined when it may join the queue.
 *
 * @param contextId the message's own, when it has one
 * @param messageBytes size of the message as JSON
 */
export function refusal(record: TaskRecord, contextId: string | undefined, recordBytes: number, messageBytes: number) {
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
  if (contextId !== undefined && contextId !== '' && contextId !== record.task.contextId) {
    return invalidParams([{ field: 'message.contextId', description: 'is not the context of the task' }])
  }
  if (record.inbox.length >= MAX_QUEUED_MESSAGES) {
    return new A2AError('RATE_LIMITED', `Task has ${MAX_QUEUED_MESSAGES} messages waiting; try again later`, {
      retryAfterMs: 1000,
    })
  }
  if (recordBytes + messageBytes > MAX_RECORD_BYTES) return tooLarge('Task')
  return undefined
}

/** A task, a message or a result that would not fit into a task's record. */
export function tooLarge(what: string): A2AError {
  return new A2AError('PAYLOAD_TOO_LARGE', `${what} would exceed the limit of ${MAX_RECORD_BYTES} bytes per task`, {
    metadata: { maxRecordBytes: String(MAX_RECORD_BYTES) },
  })
}
