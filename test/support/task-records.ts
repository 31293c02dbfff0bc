/** Records of tasks as an engine would hand them to the store. */
import { reduce } from '../../src/task/reduce.js'
import { newTaskRecord, type TaskRecord } from '../../src/task/task-record.js'

/** ISO time of the n-th millisecond. */
export const time = (n: number) => new Date(1_700_000_000_000 + n).toISOString()

export const FILTER = { tenant: '', agentId: 'a', owner: 'o' }

export function submitted(taskId: string, at = 0, contextId = 'c'): TaskRecord {
  const message = { messageId: `m-${taskId}`, role: 'ROLE_USER' as const, parts: [{ text: 'hi' }] }
  return newTaskRecord({ ...FILTER, taskId, contextId, message, params: {}, at: time(at) })
}

export function working(record: TaskRecord, at: number): TaskRecord {
  return reduce(record, { type: 'turnStarted', at: time(at) })
}

export function asking(record: TaskRecord, at: number): TaskRecord {
  const message = { messageId: `q-${record.taskId}-${at}`, role: 'ROLE_AGENT' as const, parts: [{ text: 'which?' }] }
  const result = { attempt: 1, seq: 1, state: 'TASK_STATE_INPUT_REQUIRED' as const, artifacts: [], message }
  return reduce(record, { type: 'turnEnded', result, at: time(at) })
}

export function accepting(record: TaskRecord, text: string): TaskRecord {
  const message = { messageId: `u-${record.revision}`, role: 'ROLE_USER' as const, parts: [{ text }] }
  return reduce(record, { type: 'accepted', message, params: {} })
}

export function completed(record: TaskRecord, at: number): TaskRecord {
  const artifacts = [{ artifactId: 'x', parts: [{ text: 'done' }] }]
  const result = { attempt: 1, seq: 2, state: 'TASK_STATE_COMPLETED' as const, artifacts }
  return reduce(record, { type: 'turnEnded', result, at: time(at) })
}

/** From nothing to its end in one go. */
export function ended(taskId: string, at = 0): TaskRecord {
  return completed(working(submitted(taskId, at), at), at)
}
