/**
 * The place of an event in a task's life, and what a reader hands back to continue after it.
 *
 * Ordered by turn, then attempt, then seq. `seq` counts from 1 within an attempt, without gaps, so a reader sees both
 * that it missed something and that a new attempt has begun.
 */

export interface Cursor {
  /** Which message of the task is being handled, from 1; 0 before the first. */
  readonly turn: number
  /** Which try at the turn, from 1. */
  readonly attempt: number
  /** Which event of the attempt, from 1; 0 before the first. */
  readonly seq: number
}

/** A cursor, and whether its turn is over there: the next event then belongs to the next turn. */
export interface Position extends Cursor {
  readonly ended: boolean
}

/** Where a task stands before anything has happened. */
export const START: Position = { turn: 0, attempt: 1, seq: 0, ended: true }

/** Below 0 when `a` comes before `b`, 0 when they are the same place. */
export function compareCursors(a: Cursor, b: Cursor): number {
  return a.turn - b.turn || a.attempt - b.attempt || a.seq - b.seq
}

/** True when nothing can lie between `last` and `next`. */
export function follows(last: Position, next: Cursor): boolean {
  if (last.ended && next.turn !== last.turn) return next.turn === last.turn + 1 && next.seq === 1
  // Within a turn that has ended nothing comes but its question once more.
  if (next.turn !== last.turn || (last.ended && next.attempt !== last.attempt)) return false
  return next.attempt === last.attempt ? next.seq === last.seq + 1 : next.attempt > last.attempt && next.seq === 1
}
