/** How a turn's end reaches the task: with a result that fits, or without one. */
import { isTerminal } from '../a2a/state.js'
import type { JournalEntry } from './journal-entry.js'
import { mapResult } from './large-records.js'
import type { TaskEvent } from './reduce.js'
import type { StateReads } from './state-home.js'
import type { StateScope } from './state-record.js'
import type { OpenAgentCall } from './suspension.js'
import type { TaskRecord, TurnResult } from './task-record.js'
import type { TurnPicture } from './turn-picture.js'
import { asStored, fits, type Look, plus, tooLarge, weigh, weighRecord } from './weight.js'

/**
 * What a running turn keeps in its heartbeat details: durable without a history event, readable without a worker, handed
 * to the next attempt.
 */
export interface Checkpoint extends TurnPicture {
  readonly format: 1
  /** Ids of artifacts that any attempt at this turn has shown. */
  readonly shown: readonly string[]
  /** Id of the turn's one text artifact, when the attempt has made it. */
  readonly textArtifactId?: string
  /** An attempt has shown that this is a task and no Message. */
  readonly decided: boolean
  /** How often the handler has thrown. */
  readonly failures: number
  /** Attempts that were given back because their worker stopped. */
  readonly handovers: number
  /** Attempts that came to workers without the agent. */
  readonly bounces?: number
  /** The durable calls of the handler, when it has made any. */
  readonly journal?: readonly JournalEntry[]
  /** Attempts whose state another turn had changed meanwhile. */
  readonly conflicts?: number
  /** What the last of them had changed. */
  readonly contended?: readonly StateScope[]
  /** What the handler of a conflict has called: the next attempt takes the outcomes, in whatever order it asks for them. */
  readonly finished?: readonly JournalEntry[]
  /** What the attempt has read of its state. */
  readonly reads?: StateReads
  /** Which of the SDK's own heartbeats has brought this, from 1; absent where it was the checkpoint writer's. */
  readonly sign?: number
  /** The handler has ended, and what it has made of its state is being kept. Without the artifacts and the journal. */
  readonly result?: TurnResult
}

/** A turn that nobody could finish: its caller learns no more than that. */
const LOST_TEXT = 'The agent could not finish handling the message.'

/**
 * The turn has a result. One that would not fit into the task is lost, and its task says so.
 *
 * @param look whether large values are taken out of both. Default: they are
 */
export function turnFinished(record: TaskRecord, result: TurnResult, at: string, look: Look = asStored): TaskEvent {
  // What the turn went on from is replaced by what it leaves behind.
  const { suspended: _, ...kept } = record
  const weight = plus(weighRecord(kept, look), weigh(result, mapResult, look))
  if (fits(weight)) return { type: 'turnEnded', result, at }
  return { type: 'turnLost', text: tooLarge(`What agent ${record.agentId} said`, weight).message, at }
}

/**
 * No worker has finished the turn. What was shown before the last one fell silent stays.
 *
 * @param last the last checkpoint, when there is one
 */
export function turnVanished(last: LeftTurn | undefined, at: string): TaskEvent {
  if (last?.artifacts === undefined) return { type: 'turnLost', text: LOST_TEXT, at }
  const { attempt, seq, artifacts } = last
  const partial: TurnResult = {
    attempt,
    seq,
    artifacts,
    state: 'TASK_STATE_FAILED',
    ...leftOpen(last.turn, callsOf(last)),
  }
  return { type: 'turnLost', text: LOST_TEXT, at, partial }
}

/**
 * The end of a task, together with the calls to other agents that are open then: when the task ends because it is canceled,
 * they are canceled before.
 *
 * @param journal what the handler has called
 */
export function withOpenCalls(result: TurnResult, turn: number, journal: readonly JournalEntry[]): TurnResult {
  const open = result.suspended === undefined && isTerminal(result.state)
  return open ? { ...result, ...leftOpen(turn, journal) } : result
}

/** What matters of a checkpoint when nobody goes on from it. `journal`: the calls without an outcome. */
export type LeftTurn = Pick<Checkpoint, 'turn' | 'attempt' | 'seq' | 'artifacts' | 'journal'>

export function leftTurn(checkpoint: Checkpoint): LeftTurn {
  const { turn, attempt, seq, artifacts } = checkpoint
  return {
    turn,
    attempt,
    seq,
    artifacts,
    journal: callsOf(checkpoint).filter(isOpen),
  }
}

/** All that is known of what a handler has called, by any of its attempts. */
export function callsOf({ journal = [], finished = [] }: Pick<Checkpoint, 'journal' | 'finished'>): JournalEntry[] {
  return [...journal, ...finished]
}

/** The calls to other agents that nobody waits for any more. */
function leftOpen(turn: number, journal: readonly JournalEntry[]): Pick<TurnResult, 'suspended'> {
  const first = journal.find(isOpen)
  if (first === undefined) return {}
  const called = new Map(journal.flatMap((entry) => openCall(entry) ?? []).map((call) => [call.key, call]))
  const { kind, name, ordinal } = first
  const origin = { turn, place: 0, params: {} }
  return {
    suspended: { origin, journal: [], at: { kind, name, ordinal }, until: 'time', called: [...called.values()] },
  }
}

function isOpen(entry: JournalEntry): boolean {
  return openCall(entry) !== undefined
}

/** What there is to cancel of a call without an outcome. */
function openCall({ opening, open, outcome }: JournalEntry): OpenAgentCall | undefined {
  return outcome === undefined ? (open ?? opening) : undefined
}
