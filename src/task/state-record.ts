/**
 * What is kept for an agent between its turns: one record for a context, a caller, or the agent as a whole. A pure state
 * machine, shared by the workflow that keeps a record and by the memory engine.
 *
 * A turn changes a record only as it read it: any other version is a conflict. A change that was made once is known by its
 * turn, and is not made again.
 */
import { utf8Bytes } from '../internal/utf8-bytes.js'

/** `context`: one conversation of one caller. `caller`: all conversations of one caller. `agent`: all there are. */
export type StateScope = 'context' | 'caller' | 'agent'

/** In the order in which they are held: the same for all turns, so that none waits for another in a circle. */
export const STATE_SCOPES: readonly StateScope[] = ['agent', 'caller', 'context']

/** Whose state it is. All parts together are its key; those that a scope does not have are empty. */
export interface StateRef {
  /** Security tenant. */
  readonly tenant: string
  readonly agentId: string
  readonly scope: StateScope
  /** The principal. */
  readonly owner: string
  readonly contextId: string
}

/** JSON by key. */
export type StateValues = Readonly<Record<string, unknown>>

export interface StateSnapshot {
  /** 0: nothing was ever kept. */
  readonly version: number
  readonly values: StateValues
}

export interface StateDelta {
  readonly set: StateValues
  readonly deleted: readonly string[]
}

/** What a turn changes in one scope. */
export interface ScopeChange {
  readonly scope: StateScope
  /** The version that the turn has read. */
  readonly version: number
  readonly delta: StateDelta
}

export type StateChange =
  /** Without a version: whatever it is, because the change must be completed. */
  | { readonly type: 'commit'; readonly turn: string; readonly version?: number; readonly delta: StateDelta }
  /** Keeps the others out for a while. */
  | { readonly type: 'hold'; readonly turn: string; readonly version?: number }
  | { readonly type: 'release'; readonly turn: string }

export interface StateRecord extends StateSnapshot {
  /** Shape of this record; raised when an older one has to be converted. */
  readonly format: 1
  /** Turns whose change was made, and the version that each has read; the latest {@link STATE_LIMITS.turns} of them. */
  readonly applied: readonly { readonly turn: string; readonly read: number }[]
  /** The latest version that was read by a turn which is no longer in the list; -1: all are. */
  readonly forgotten: number
  readonly held?: { readonly turn: string; readonly untilMs: number }
}

const DAY_MS = 86_400_000

export const STATE_LIMITS = {
  /** Bytes of JSON of one scope. */
  bytes: 65_536,
  /** Keys of one scope. */
  keys: 1_000,
  /** Characters of a key. */
  keyLength: 200,
  /** Turns of one scope that are remembered, so that none of them counts twice. */
  turns: 2_000,
  /** How long a turn may keep the others out, in milliseconds: longer than a lost turn takes to be taken up again. */
  holdMs: 15_000,
  /** How long a scope is kept after its last change, in milliseconds; undefined: for ever. */
  keptMs: { context: 90 * DAY_MS, caller: 365 * DAY_MS, agent: undefined },
} as const

/**
 * `apply`: it is to be made. `done`: it was made before. `conflict`: another turn has come first. `busy`: another turn holds
 * the state. `forgotten`: a conflict, or it was made so long ago that it is not remembered. `refused`: no legal change.
 */
export type Verdict = 'apply' | 'done' | 'conflict' | 'busy' | 'forgotten' | 'refused'

export const NO_STATE: StateRecord = { format: 1, version: 0, values: {}, applied: [], forgotten: -1 }

export function verdict(record: StateRecord, change: StateChange, nowMs: number): Verdict {
  if (change.type === 'release') return record.held?.turn === change.turn ? 'apply' : 'done'
  if (record.applied.some(({ turn }) => turn === change.turn)) return 'done'
  const { held } = record
  if (held !== undefined && held.turn !== change.turn && held.untilMs > nowMs) return 'busy'
  if (change.version !== undefined && change.version !== record.version) {
    return change.version <= record.forgotten ? 'forgotten' : 'conflict'
  }
  return change.type === 'commit' && sizeProblem(withDelta(record.values, change.delta)) !== undefined
    ? 'refused'
    : 'apply'
}

/** @param change one whose verdict is `apply` */
export function changeState(record: StateRecord, change: StateChange, nowMs: number): StateRecord {
  const { held, ...rest } = record
  if (change.type === 'release') return rest
  if (change.type === 'hold') return { ...rest, held: { turn: change.turn, untilMs: nowMs + STATE_LIMITS.holdMs } }
  const applied = [...record.applied, { turn: change.turn, read: record.version }]
  const dropped = applied.slice(0, -STATE_LIMITS.turns)
  return {
    ...rest,
    ...(held === undefined || held.turn === change.turn ? {} : { held }),
    // Never used twice, also when the state was forgotten meanwhile and begins anew.
    version: Math.max(record.version + 1, nowMs),
    values: withDelta(record.values, change.delta),
    applied: applied.slice(dropped.length),
    forgotten: dropped.at(-1)?.read ?? record.forgotten,
  }
}

/** What has to be set and deleted to make one out of the other; undefined when they are the same. */
export function deltaBetween(before: StateValues, after: StateValues): StateDelta | undefined {
  const set = Object.entries(after).filter(
    ([key, value]) => !Object.hasOwn(before, key) || !sameJson(before[key], value),
  )
  const deleted = Object.keys(before).filter((key) => !Object.hasOwn(after, key))
  return set.length === 0 && deleted.length === 0 ? undefined : { set: Object.fromEntries(set), deleted }
}

export function withDelta(values: StateValues, { set, deleted }: StateDelta): StateValues {
  const gone = new Set(deleted)
  const kept = Object.entries(values).filter(([key]) => !gone.has(key) && !Object.hasOwn(set, key))
  return Object.fromEntries([...kept, ...Object.entries(set)])
}

/** Which limit the values are over, in words; undefined when none. */
export function sizeProblem(values: StateValues): string | undefined {
  const keys = Object.keys(values)
  if (keys.length > STATE_LIMITS.keys) return `has ${keys.length} keys; at most ${STATE_LIMITS.keys} are kept`
  const long = keys.find((key) => key.length > STATE_LIMITS.keyLength)
  if (long !== undefined) return `has a key of ${long.length} characters; at most ${STATE_LIMITS.keyLength} are kept`
  const bytes = jsonBytes(values)
  return bytes > STATE_LIMITS.bytes ? `is ${bytes} bytes as JSON; at most ${STATE_LIMITS.bytes} are kept` : undefined
}

/** Which turn it is, for all scopes of its agent. */
export function turnKey({ taskId, turn }: { readonly taskId: string; readonly turn: number }): string {
  return `${taskId}/${turn}`
}

/** The state of a scope, as a turn of this task sees it. */
export function stateRef(
  scope: StateScope,
  task: { readonly tenant: string; readonly agentId: string; readonly owner: string; readonly contextId: string },
): StateRef {
  const { tenant, agentId, owner, contextId } = task
  return {
    tenant,
    agentId,
    scope,
    owner: scope === 'agent' ? '' : owner,
    contextId: scope === 'context' ? contextId : '',
  }
}

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value))
}

/** Key order does not count. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [inA, inB] = [Object.entries(a), Object.entries(b)]
  return (
    inA.length === inB.length &&
    inA.every(([key, value]) => Object.hasOwn(b, key) && sameJson(value, (b as StateValues)[key]))
  )
}
