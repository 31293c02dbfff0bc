/**
 * The subjects of a task. Made from a hash of its key, so that nothing in a key can be a wildcard or cut a subject in two,
 * and so that namespaces that share a NATS server do not hear each other. An operator may allow `a2a.v1.>` and no more.
 */
import { createHash } from 'node:crypto'

export interface Subjects {
  /** Live events of the task. */
  readonly events: string
  /** Questions to the process that runs its turn. */
  readonly owner: string
  /** Questions to those that have run one lately. */
  readonly recent: string
}

/** @param namespace whatever tells installations apart */
export function subjectsOf(namespace: string, key: string): Subjects {
  const hash = createHash('sha256')
    .update(JSON.stringify([namespace, key]))
    .digest('base64url')
  return { events: `a2a.v1.event.${hash}`, owner: `a2a.v1.owner.${hash}`, recent: `a2a.v1.recent.${hash}` }
}
