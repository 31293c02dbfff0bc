/** One turn as an engine hands it to the agent: plain data, so that it can travel to another process. */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { TaskRecord, TaskRef, TurnParams } from './task-record.js'

export interface TurnInput extends TaskRef {
  readonly owner: string
  readonly requestHash?: string
  /** From 1. */
  readonly turn: number
  /** Revision of the record in which the turn has begun. */
  readonly revision: number
  /** The task as the turn begins, WORKING. */
  readonly task: TaskJson
  /** The message to handle; also in the task's history. */
  readonly message: MessageJson
  readonly params: TurnParams
}

/**
 * @param record in which the turn has just begun
 * @param taken the message that it took from the queue
 */
export function turnInput(record: TaskRecord, taken: { message: MessageJson; params: TurnParams }): TurnInput {
  const { tenant, agentId, taskId, owner, requestHash, revision, task, position } = record
  return {
    tenant,
    agentId,
    taskId,
    owner,
    ...(requestHash === undefined ? {} : { requestHash }),
    revision,
    turn: position.turn,
    task,
    ...taken,
  }
}
