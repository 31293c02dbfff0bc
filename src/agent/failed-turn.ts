/** What becomes of a turn whose handler throws: tried again by the agent's policy, then FAILED. */

import type { ArtifactJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { TurnResult } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import { CalledTaskError } from './agent-calls.js'
import { TurnStopped } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import { StateError } from './agent-state.js'
import { AskTimeout } from './durable-call-errors.js'
import { faultText, isHandlerFault } from './handler-fault.js'
import { IdleTimeoutError } from './idle-timeout.js'
import type { EarlierAttempts } from './resume.js'
import type { TurnEvents } from './turn-events.js'

/**
 * @param failures how often the handler has failed at this turn, this time included
 */
export function isFinalFailure(error: unknown, failures: number, agent: AgentDefinition): boolean {
  if (error instanceof TurnStopped) return true
  // What the agent must never give, it would give again.
  if (isHandlerFault(error)) return true
  // A question stays unanswered, and a called task stays as it has ended.
  if (error instanceof AskTimeout || error instanceof CalledTaskError) return true
  // What does not fit would not fit again.
  if (error instanceof StateError) return true
  return failures >= agent.retry.maxAttempts
}

/** The FAILED result. The caller learns what the agent did wrong, never what was thrown. */
export function failedTurn(
  input: TurnInput,
  error: unknown,
  last: { readonly attempt: number; readonly seq: number; readonly artifacts: readonly ArtifactJson[] },
): TurnResult {
  return {
    ...last,
    state: error instanceof TurnStopped && error.reason === 'canceled' ? 'TASK_STATE_CANCELED' : 'TASK_STATE_FAILED',
    message: {
      messageId: `${input.taskId}-${input.turn}-failed`,
      contextId: input.task.contextId ?? '',
      taskId: input.taskId,
      role: 'ROLE_AGENT',
      parts: [{ text: failureText(error) }],
    },
  }
}

/**
 * What a turn that ends without a result leaves behind: all that this attempt has shown, and what is known of the earlier
 * ones. What is shown of it anew here is for those who have seen more than was written down.
 *
 * @param events of the attempt, when it has got so far
 */
export function leftBehind(attempt: number, events: TurnEvents | undefined, before: EarlierAttempts | undefined) {
  if (events === undefined || events.position.seq === 0) return { attempt, seq: 0, artifacts: before?.artifacts ?? [] }
  events.supersede(before?.shown ?? [], before?.artifacts)
  return { attempt, seq: events.position.seq, artifacts: events.artifacts() }
}

/** What a caller may know of it. */
export function failureText(error: unknown): string {
  if (error instanceof TurnStopped && error.reason === 'deadline') return 'The agent did not finish in time.'
  if (error instanceof IdleTimeoutError) return 'The agent made no progress in time.'
  if (error instanceof AskTimeout) return 'Nobody answered in time.'
  return faultText(error) ?? 'The agent failed to handle the message.'
}
