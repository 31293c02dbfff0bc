/** One event on its way from the turn that made it to whoever reads the task. Outside of workflow history. */
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { Cursor } from '../a2a/cursor.js'

export interface LiveEvent {
  /** The task's key, see `taskKey`. */
  readonly key: string
  readonly cursor: Cursor
  /**
   * `begin`: an attempt has begun, the task is WORKING. `update`: something was said within the turn.
   * `end`: the turn is over and what the event says is durable.
   */
  readonly kind: 'begin' | 'update' | 'end'
  readonly event: StreamResponseJson
  /** About how many bytes the event has as JSON; for the bounds of queues. */
  readonly bytes: number
  /** With `end`: the whole task after it, when the publisher has it at hand. */
  readonly task?: TaskJson
}

/** One string for (tenant, agent, task): key of the bus and the store, and the workflow's id. */
export function taskKey(ref: { readonly tenant: string; readonly agentId: string; readonly taskId: string }): string {
  return `a2a/${encodeURIComponent(ref.tenant)}/${ref.agentId}/${ref.taskId}`
}
