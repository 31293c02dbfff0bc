/** Which of two states of one task is newer, in what. */
import { compareCursors } from '../a2a/cursor.js'
import type { Projection } from './task-store.js'

/** What a state has that another one lacks. */
export interface News {
  /** It goes by the record's revision. */
  readonly record: boolean
  /** How the task stands: while a turn runs, it goes by the place up to which that is known. */
  readonly status: boolean
}

type State = Pick<Projection, 'revision' | 'position'>

export function newsOf(given: State, known: State | undefined): News {
  if (known === undefined) return { record: true, status: true }
  const record = given.revision > known.revision
  const { position: to } = given
  const { position: from } = known
  if (to.ended || from.ended || to.turn !== from.turn) return { record, status: record }
  return { record, status: compareCursors(to, from) > 0 }
}
