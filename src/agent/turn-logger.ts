/** The fields by which a line of the log is found: whose turn it is about, and which attempt at it. */
import { type Logger, withFields } from '../internal/logger.js'
import type { TurnInput } from '../task/turn-input.js'

export function turnLogger(logger: Logger, { agentId, taskId, task, turn }: TurnInput, attempt: number): Logger {
  return withFields(logger, { agentId, taskId, contextId: task.contextId, turn, attempt })
}
