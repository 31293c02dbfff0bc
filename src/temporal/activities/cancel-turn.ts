/** The last turn of a task that is canceled while agents are at work for it: it calls them off, and no handler runs. */
import type { Context } from '@temporalio/activity'
import type { AgentCalls } from '../../agent/agent-calls.js'
import { cancelCalled } from '../../agent/cancel-called.js'
import type { Logger } from '../../internal/logger.js'
import type { ResumedHandler } from '../../task/suspension.js'
import type { TurnResult } from '../../task/task-record.js'
import { workerStops } from './turn-failures.js'

export interface CancelTurnOptions {
  readonly agentCalls: AgentCalls
  readonly context: Context
  readonly log: Logger
  /** Aborts when the worker begins to stop: another one goes on. */
  readonly shutdown: AbortSignal
}

/** How often an agent that cannot be told is tried again. */
const MAX_ATTEMPTS = 5
const HEARTBEATS_PER_TIMEOUT = 3

export async function cancelTurn({ suspension }: ResumedHandler, options: CancelTurnOptions): Promise<TurnResult> {
  const { agentCalls, context, log, shutdown: signal } = options
  const { attempt, heartbeatTimeoutMs = 0 } = context.info
  const beats = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / HEARTBEATS_PER_TIMEOUT)
  try {
    await cancelCalled(suspension.called ?? [], { agentCalls, log, signal })
  } catch (error) {
    if (attempt < MAX_ATTEMPTS) throw error
  } finally {
    clearInterval(beats)
  }
  if (signal.aborted) throw workerStops()
  return { attempt, seq: 0, state: 'TASK_STATE_CANCELED', artifacts: [] }
}
