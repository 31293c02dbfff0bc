/**
 * A place in a task's life as text: what a reader is given with every event, and hands back to go on after it.
 *
 * The text names its task by a checksum, so that a mix-up is noticed. It is no secret and grants nothing: whether a caller
 * may read a task is decided before its cursor is looked at.
 */
import type { Position } from './cursor.js'

/** The extension by which a caller asks for cursors in the metadata of every event, and the name they have there. */
export const CURSOR_EXTENSION = 'urn:temporal-a2a:cursor:v1'

/** `turn.attempt.seq`, an `e` where the turn ends, and the task's checksum: `1.1.57-k3f9a0`. */
export function cursorText({ turn, attempt, seq, ended }: Position, tag: string): string {
  return `${turn}.${attempt}.${seq}${ended ? 'e' : ''}-${tag}`
}

const NUMBER = '(0|[1-9]\\d{0,8})'
const CURSOR = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(e?)-([0-9a-z]{1,7})$`)

/** Undefined for what is no cursor. */
export function readCursor(text: string): { readonly position: Position; readonly tag: string } | undefined {
  const match = CURSOR.exec(text)
  if (match === null) return undefined
  const [, turn, attempt, seq, end, tag = ''] = match
  return { position: { turn: Number(turn), attempt: Number(attempt), seq: Number(seq), ended: end === 'e' }, tag }
}

/** Checksum of a task's key: FNV-1a, 32 bits, in base 36. */
export function taskTag(key: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36)
}
