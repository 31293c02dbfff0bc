/** When a reader of a task has seen what it came for. */
import type { TaskStateJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Cursor } from '../a2a/cursor.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'

/** True when the reader has seen what it came for. */
export type Until = (state: TaskStateJson, at: Cursor) => boolean

/** Terminal, whatever turn. */
export const untilTerminal: Until = (state) => isTerminal(state)

/** Terminal, or waiting for the caller again after the given turn. A task that ends before that turn will not begin it. */
export function untilAnswered(turn: number): Until {
  return (state, at) => isTerminal(state) || (at.turn >= turn && isInterrupted(state))
}

/** The given turn has said something. */
export function untilBegun(turn: number): Until {
  return (_, at) => at.turn >= turn && at.seq > 0
}

/** As {@link untilAnswered}, but open while a credential is awaited, which comes without a message (A2A section 7.6.1). */
export function untilStreamed(turn: number): Until {
  return (state, at) => isTerminal(state) || (at.turn >= turn && state === 'TASK_STATE_INPUT_REQUIRED')
}
