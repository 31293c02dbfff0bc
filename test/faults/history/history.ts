/**
 * What happened in a run, as plain data: what was asked for, what every client saw, what agents did, what was broken on
 * purpose, and what was there in the end. Oracles judge nothing else, so a history can be kept, changed and judged again.
 *
 * Times are milliseconds since the epoch: several processes write one history.
 */
import type { StreamResponseJson, TaskJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'

/** Our own name of a task; its idempotency keys are made from it, and its server-side id is learned later. */
export type Label = string

/** The cursor of an event: turn, attempt, seq. */
export type Place = readonly [turn: number, attempt: number, seq: number]

/** What a task is expected to become. */
export interface Plan {
  readonly kind: 'planned'
  readonly at: number
  readonly label: Label
  /** State it ends in or waits in; several where a race decides, such as a cancel against a completion. */
  readonly ends: readonly string[]
  /** Text of its artifacts in order, when it ends in the first of `ends`. */
  readonly golden?: string
  /** Message ids that were sent to it, in order. */
  readonly messageIds: readonly string[]
}

export interface Invoked {
  readonly kind: 'invoked'
  readonly at: number
  readonly label: Label
  readonly client: string
  readonly call: number
  readonly operation: string
  readonly key?: string
  /** Milliseconds after which the caller gives up. */
  readonly deadlineMs: number
}

export interface Answered {
  readonly kind: 'answered'
  readonly at: number
  readonly label: Label
  readonly call: number
  readonly task?: TaskJson
}

/** An error answer, or none at all: then the reason is `CONNECTION` or `DEADLINE`, and says nothing about the server. */
export interface Refused {
  readonly kind: 'refused'
  readonly at: number
  readonly label: Label
  readonly call: number
  readonly reason: string
  readonly text: string
}

/** A stream was asked for; frames and the close follow under the same `stream`. */
export interface Opened {
  readonly kind: 'opened'
  readonly at: number
  readonly label: Label
  readonly client: string
  readonly stream: number
  readonly operation: string
  readonly key?: string
  /** The cursor that was handed in. */
  readonly resumeAt?: Place
}

export interface Framed {
  readonly kind: 'framed'
  readonly at: number
  readonly label: Label
  readonly stream: number
  readonly place?: Place
  /** The cursor as it came, to be handed back. */
  readonly cursor?: string
  readonly event: StreamResponseJson
}

export interface Closed {
  readonly kind: 'closed'
  readonly at: number
  readonly label: Label
  readonly stream: number
  /** `end`: properly. `broken`: the connection. `left`: by the client itself. Otherwise the reason of the error. */
  readonly how: string
  readonly text?: string
}

/** Something an agent did in the world, written down by the agent itself and forced to disk. */
export interface Effect {
  readonly kind: 'effect'
  readonly at: number
  readonly label: Label
  /**
   * `turn` begun; `step` ran; `stepped`: its result was handed to the next line; `aborted`: the signal fired; `work`;
   * `called`: another agent has begun what it was called for, in the task `name`.
   */
  readonly what: 'turn' | 'step' | 'stepped' | 'aborted' | 'work' | 'called'
  readonly name: string
  readonly turn: number
  readonly attempt: number
  readonly pid: number
}

/** Something was broken or healed on purpose. */
export interface Fault {
  readonly kind: 'fault'
  readonly at: number
  readonly verb: 'kill' | 'stop' | 'continue' | 'terminate' | 'start' | 'slow' | 'cut' | 'blackhole' | 'heal'
  readonly target: string
}

/** How long something took that has a bound. */
export interface Timed {
  readonly kind: 'timed'
  readonly at: number
  readonly label: Label
  readonly what: string
  readonly ms: number
  readonly boundMs: number
}

/** The task as GetTask gives it when all is healed; without a task, it was not found. */
export interface Final {
  readonly kind: 'final'
  readonly at: number
  readonly label: Label
  readonly task?: TaskJson
}

export type HistoryEvent =
  | Plan
  | Invoked
  | Answered
  | Refused
  | Opened
  | Framed
  | Closed
  | Effect
  | Fault
  | Timed
  | Final

export type History = readonly HistoryEvent[]

const TERMINAL = new Set(['TASK_STATE_COMPLETED', 'TASK_STATE_FAILED', 'TASK_STATE_CANCELED', 'TASK_STATE_REJECTED'])
const WAITING = new Set(['TASK_STATE_INPUT_REQUIRED', 'TASK_STATE_AUTH_REQUIRED'])

export function isTerminal(state: string | undefined): boolean {
  return state !== undefined && TERMINAL.has(state)
}

export function isWaiting(state: string | undefined): boolean {
  return state !== undefined && WAITING.has(state)
}

/** The state that a frame shows, if any. */
export function stateShown({ task, statusUpdate }: StreamResponseJson): string | undefined {
  return task?.status?.state ?? statusUpdate?.status?.state
}

/** Below 0 when `a` comes before `b`. */
export function comparePlaces(a: Place, b: Place): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}
