/** One turn as an engine hands it to the agent: plain data, so that it can travel to another process. */
import type { MessageJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { mapTask } from './large-values.js'
import type { ResumedHandler, Suspension } from './suspension.js'
import type { QueuedMessage, TaskRecord, TaskRef, TurnParams } from './task-record.js'
import { asStored, type Look, minus, type Weight, weigh } from './weight.js'

export interface TurnInput extends TaskRef {
  readonly owner: string
  readonly requestHash?: string
  /** From 1. */
  readonly turn: number
  /** Revision of the record in which the turn has begun. */
  readonly revision: number
  /** The task as the turn begins, WORKING. Messages that its handler does not see are in the history without their parts. */
  readonly task: TaskJson
  /** The messages that the handler does not see; undefined when it sees all. */
  readonly unseen?: UnseenMessages
  /** The message to handle; also in the task's history. */
  readonly message: MessageJson
  readonly params: TurnParams
  /** Index of the message in the task's history. */
  readonly place: number
  /** Set when a handler goes on that has waited inside a call. */
  readonly resumed?: ResumedHandler
}

/** The oldest messages of a long conversation: they are not loaded for an agent that asks for the latest only. */
export interface UnseenMessages {
  /** How many. */
  readonly count: number
  /** What their parts add to the task. */
  readonly weight: Weight
}

export interface HistoryWanted {
  /** How many of the messages before the handler's own it sees at the most; undefined: all. */
  readonly messages: number | undefined
  readonly look: Look
}

/**
 * @param record in which the turn has just begun
 * @param taken the message that it took from the queue; undefined when time alone continues its handler
 */
export function turnInput(
  record: TaskRecord,
  taken: QueuedMessage | undefined,
  wanted: HistoryWanted = ALL,
): TurnInput {
  const { tenant, agentId, taskId, owner, requestHash, revision, task, position, suspended } = record
  const place = taken === undefined ? (suspended?.origin.place ?? 0) : placeTaken(record)
  return {
    tenant,
    agentId,
    taskId,
    owner,
    ...(requestHash === undefined ? {} : { requestHash }),
    revision,
    turn: position.turn,
    ...shown(task, suspended?.origin.place ?? place, wanted),
    message: taken?.message ?? task.history?.[place] ?? {},
    params: taken?.params ?? suspended?.origin.params ?? {},
    place,
    ...(suspended === undefined ? {} : { resumed: resumed(record, suspended, taken, place) }),
  }
}

const ALL: HistoryWanted = { messages: undefined, look: asStored }

/** @param first place of the message that the handler is called with */
function shown(
  task: TaskJson,
  first: number,
  { messages = first, look }: HistoryWanted,
): Pick<TurnInput, 'task' | 'unseen'> {
  const count = first - messages
  if (count <= 0) return { task }
  const history = task.history?.map((message, place) => (place < count ? withoutParts(message) : message)) ?? []
  const rest = { ...task, history }
  return { task: rest, unseen: { count, weight: minus(weigh(task, mapTask, look), weigh(rest, mapTask, look)) } }
}

function withoutParts({ parts: _, ...message }: MessageJson): MessageJson {
  return message
}

function resumed(
  { cancelRequested }: TaskRecord,
  suspension: Suspension,
  taken: QueuedMessage | undefined,
  place: number,
): ResumedHandler {
  if (taken === undefined) return { suspension, by: cancelRequested ? 'canceled' : 'time' }
  return { suspension, by: taken.early === true ? 'early' : 'answer', place }
}

/** Waiting messages are the last ones of the caller in the history; the one that was taken comes just before them. */
function placeTaken({ task: { history = [] }, inbox }: TaskRecord): number {
  let waiting = inbox.length
  for (let index = history.length - 1; index >= 0; index -= 1) {
    if (history[index]?.role !== 'ROLE_USER') continue
    if (waiting === 0) return index
    waiting -= 1
  }
  return 0
}
