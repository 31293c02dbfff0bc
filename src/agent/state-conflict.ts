/** Another turn has changed the state that a turn has read: the turn runs again, and what has run of it does not. */
import { describeCall, type JournalEntry } from '../task/journal-entry.js'
import type { TurnInput } from '../task/turn-input.js'

/** How often a turn runs again at once; then its agent's retry policy decides. */
export const MAX_CONFLICTS = 10

/** Turns of an agent change the same state faster than they end. */
export class StateConflictError extends Error {
  override readonly name = 'StateConflictError'

  constructor(agentId: string, times: number) {
    super(`agent ${agentId}: its state was changed by other turns ${times} times while this one ran`)
  }
}

/**
 * The calls of this turn that have an outcome, or have reached another agent. Those of earlier turns are replayed as ever:
 * what they have seen is as it was.
 *
 * @param before those of an earlier conflict, which the handler may not have asked for this time
 */
export function finishedCalls(
  { resumed }: TurnInput,
  journal: readonly JournalEntry[] = [],
  before: readonly JournalEntry[] = [],
): readonly JournalEntry[] {
  const past = new Set((resumed?.suspension.journal ?? []).map(describeCall))
  const byCall = new Map(before.map((entry) => [describeCall(entry), entry]))
  for (const entry of journal) if (!past.has(describeCall(entry))) byCall.set(describeCall(entry), entry)
  return [...byCall.values()]
}
