/** What a state's workflow is started and asked with: types only, shared by both sides. */
import type { StateRecord } from '../../task/state-record.js'

export interface StateWorkflowInput {
  /** From the run before this one; undefined in the first. */
  readonly record?: StateRecord
  /** How long it is kept after its last change, in milliseconds; undefined: for ever. */
  readonly keptMs?: number
}
