import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/** Which message of the caller it is, from 1, that lies at this place of the history. */
export function messageNumber(history: readonly MessageJson[], place: number): number {
  return history.slice(0, place + 1).filter(({ role }) => role === 'ROLE_USER').length
}
