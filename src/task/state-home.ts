/** Where state is kept: the port that an engine gives to the turns that it runs. */
import type { StateChange, StateRef, StateSnapshot, Verdict } from './state-record.js'

/** What came of a change; `made`: just now. */
export type ChangeAnswer = Exclude<Verdict, 'apply'> | 'made'

export interface StateHome {
  /** @throws A2AError UNAVAILABLE */
  read(ref: StateRef): Promise<StateSnapshot>
  /**
   * Resolves when the change is durable, or cannot be made. May be repeated.
   *
   * @throws A2AError UNAVAILABLE it may still be made; repeat it
   */
  change(ref: StateRef, change: StateChange): Promise<ChangeAnswer>
}

/** What a handler has read of its state between two of its waits: it reads the same when it runs again. */
export type StateReads = Readonly<Partial<Record<StateRef['scope'], StateSnapshot>>>
