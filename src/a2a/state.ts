/** Groups of task states (A2A section 4.1.3). */
import type { TaskJson, TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

export type TerminalState = 'TASK_STATE_COMPLETED' | 'TASK_STATE_FAILED' | 'TASK_STATE_CANCELED' | 'TASK_STATE_REJECTED'

export type InterruptedState = 'TASK_STATE_INPUT_REQUIRED' | 'TASK_STATE_AUTH_REQUIRED'

const TERMINAL: ReadonlySet<string> = new Set<TerminalState>([
  'TASK_STATE_COMPLETED',
  'TASK_STATE_FAILED',
  'TASK_STATE_CANCELED',
  'TASK_STATE_REJECTED',
])

const INTERRUPTED: ReadonlySet<string> = new Set<InterruptedState>([
  'TASK_STATE_INPUT_REQUIRED',
  'TASK_STATE_AUTH_REQUIRED',
])

/** Nothing follows: no message, no event, no change. */
export function isTerminal(state: TaskStateJson | undefined): state is TerminalState {
  return state !== undefined && TERMINAL.has(state)
}

/** The task waits for its caller. */
export function isInterrupted(state: TaskStateJson | undefined): state is InterruptedState {
  return state !== undefined && INTERRUPTED.has(state)
}

export function stateOf(task: TaskJson): TaskStateJson {
  return task.status?.state ?? 'TASK_STATE_UNSPECIFIED'
}
