/**
 * The journal of a handler as plain data: which durable calls it has made, in which order, and what came of them. It is
 * kept in the checkpoint of a running turn and, while the handler waits, in the record of its task.
 */
import type { LargeValue } from './large-values.js'
import type { OpenAgentCall } from './suspension.js'

/** Which function of `ctx` was called. */
export type CallKind = 'step' | 'ask' | 'approve' | 'sleep' | 'call'

/** Which call it is: the `ordinal`-th of this kind and name, from 1. */
export interface CallKey {
  readonly kind: CallKind
  readonly name: string
  readonly ordinal: number
}

export interface JournalEntry extends CallKey {
  /** A call to another agent, written down before that agent can have the message: it may never have got it. */
  readonly opening?: OpenAgentCall
  /** A call to another agent that has taken the message. */
  readonly open?: OpenAgentCall
  /** How many calls had given their outcome to the handler when this one began: what it can have depended on. */
  readonly after: number
  /** Undefined while it has none. */
  readonly outcome?: CallOutcome
}

export interface CallOutcome {
  /** From 1: outcomes are given to the handler in this order, and given again in the same. */
  readonly order: number
  /** What the call gives back, as JSON; absent for undefined. */
  readonly value?: unknown
  /** Stands for the value when it is kept outside. */
  readonly large?: LargeValue
  /** What the call throws. */
  readonly error?: CallError
  /** Index in the task's history of the message that is the answer. */
  readonly answer?: number
}

/** An error as data: what is thrown the first time and after every replay. */
export interface CallError {
  readonly name: string
  readonly message: string
  /** The error's own `code`, when it has one that is a string or a number. */
  readonly code?: string | number
  /** Reason of an A2A error. */
  readonly reason?: string
  /** What else the error carries, as JSON. */
  readonly details?: unknown
}

export function sameCall(a: CallKey, b: CallKey): boolean {
  return a.kind === b.kind && a.name === b.name && a.ordinal === b.ordinal
}

/** A call in words, such as `step "search"` or `ask (2)`. */
export function describeCall({ kind, name, ordinal }: CallKey): string {
  const times = ordinal === 1 ? '' : ` (${ordinal})`
  return name === '' ? `${kind}${times}` : `${kind} ${JSON.stringify(name)}${times}`
}
