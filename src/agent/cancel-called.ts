/** What becomes of the tasks that a canceled one has called: they are canceled too, and CANCELED waits for their end. */
import { isA2AError } from '../a2a/errors.js'
import type { Logger } from '../internal/logger.js'
import type { OpenAgentCall } from '../task/suspension.js'
import type { AgentCalls } from './agent-calls.js'

/** How long a canceled task waits for those that it has called to end, in milliseconds. */
const END_MS = 15_000

export interface CancelCalledOptions {
  readonly agentCalls: AgentCalls
  readonly log: Logger
  /** Aborts when this process has no time left for it. */
  readonly signal: AbortSignal
}

/**
 * Resolves when all have ended, or 15 s after they were told to. One that cannot be told holds none of the others back.
 *
 * @throws what has kept one of them from being told
 */
export async function cancelCalled(
  called: readonly OpenAgentCall[],
  { agentCalls, log, signal }: CancelCalledOptions,
): Promise<void> {
  const outcomes = await Promise.allSettled(called.map((call) => cancelOne(call)))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason

  async function cancelOne(call: OpenAgentCall): Promise<void> {
    try {
      await agentCalls.cancel(call)
      await agentCalls.answer(call, { waitMs: END_MS, signal })
    } catch (error) {
      // It had not begun, or is forgotten.
      if (isA2AError(error) && error.reason === 'TASK_NOT_FOUND') return
      log.warn({ err: error, agent: call.target, calledTask: call.taskId }, 'called task was not canceled')
      throw error
    }
  }
}
