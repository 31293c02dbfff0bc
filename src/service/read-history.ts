/** A task's history by offset and limit, as the older REST paths give it. */
import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type FieldViolation, invalidParams } from '../a2a/errors.js'
import type { Engine } from '../engine/engine.js'
import type { CallContext } from './call-context.js'
import { findTask } from './find-task.js'

export const DEFAULT_HISTORY_LIMIT = 50
export const MAX_HISTORY_LIMIT = 100

export interface HistoryRequest {
  readonly id: string
  /** Messages to leave out, counted from the oldest. Default 0. */
  readonly offset?: number
  /** Messages to give, 1 to {@link MAX_HISTORY_LIMIT}. Default {@link DEFAULT_HISTORY_LIMIT}. */
  readonly limit?: number
}

export interface HistoryPage {
  readonly taskId: string
  /** Oldest first. */
  readonly messages: readonly MessageJson[]
  readonly offset: number
  readonly limit: number
  /** Messages in the whole history. */
  readonly total: number
}

/** @throws A2AError INVALID_PARAMS, TASK_NOT_FOUND, UNAVAILABLE */
export async function readHistory(engine: Engine, ctx: CallContext, request: HistoryRequest): Promise<HistoryPage> {
  const { id, offset = 0, limit = DEFAULT_HISTORY_LIMIT } = request
  const violations: FieldViolation[] = []
  if (!Number.isSafeInteger(offset) || offset < 0) {
    violations.push({ field: 'offset', description: 'must be a whole number and not negative' })
  }
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_HISTORY_LIMIT) {
    violations.push({ field: 'limit', description: `must be between 1 and ${MAX_HISTORY_LIMIT}` })
  }
  if (violations.length > 0) throw invalidParams(violations)
  const { task } = await findTask(engine, ctx, id)
  const history = task.history ?? []
  return { taskId: id, messages: history.slice(offset, offset + limit), offset, limit, total: history.length }
}
