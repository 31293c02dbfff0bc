/**
 * The task state machine: (record, event) → record. Pure; shared by the workflow, the memory engine, and whoever reads
 * a task out of its history.
 *
 * Turns run one at a time, one accepted message each. A turn that ends while messages wait does not end the task: its
 * artifacts are kept, the state stays WORKING, the next turn runs. A cancel empties the queue, and then any end of the
 * running turn makes the task CANCELED.
 *
 * A turn may end with its handler waiting inside a call. What continues the handler is a turn as well: of the answer, or of
 * no message when time alone continues it.
 */
import type { ArtifactJson, MessageJson, TaskJson, TaskStatusJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import { hasCallsToCancel, nextAlarm, reminded, suspend } from './suspension.js'
import {
  type CallingTask,
  MAX_KEYS,
  type QueuedMessage,
  type TaskRecord,
  type TurnParams,
  type TurnResult,
  type UsedKey,
} from './task-record.js'

export type TaskEvent =
  | {
      readonly type: 'accepted'
      readonly message: MessageJson
      readonly params: TurnParams
      readonly key?: string
      /** Of the request with the key. */
      readonly requestHash?: string
      readonly calledBy?: CallingTask
    }
  | { readonly type: 'turnStarted'; readonly at: string }
  | { readonly type: 'turnWoken'; readonly at: string }
  | { readonly type: 'reminded'; readonly at: string }
  | { readonly type: 'turnEnded'; readonly result: TurnResult; readonly at: string }
  | { readonly type: 'turnLost'; readonly partial?: TurnResult; readonly text: string; readonly at: string }
  | { readonly type: 'cancelRequested' }
  | { readonly type: 'canceled'; readonly at: string }

/** An event that the record's state does not allow: a defect of the caller, never a caller's bad input. */
export class IllegalTransitionError extends Error {
  override readonly name = 'IllegalTransitionError'
}

export function reduce(record: TaskRecord, event: TaskEvent): TaskRecord {
  if (isEnded(record)) throw new IllegalTransitionError(`${event.type}: the task has ended`)
  switch (event.type) {
    case 'accepted':
      return accepted(record, event)
    case 'turnStarted':
      return turnStarted(record, event.at)
    case 'turnWoken':
      return turnWoken(record, event.at)
    case 'reminded':
      return remindedTask(record, event.at)
    case 'turnEnded':
      return isCanceled(record, event.result)
        ? canceledTurn(record, event.at, event.result)
        : turnEnded(record, event.result, event.at)
    case 'turnLost':
      return record.cancelRequested
        ? canceledTurn(record, event.at, {
            ...lostResult(record, event.text, event.partial),
            ...(event.partial?.suspended === undefined ? {} : { suspended: event.partial.suspended }),
          })
        : turnEnded(record, lostResult(record, event.text, event.partial), event.at)
    case 'cancelRequested':
      return next(record, { cancelRequested: true, inbox: [] })
    case 'canceled':
      return canceled(record, event.at)
  }
}

/** Nothing can happen any more. */
export function isEnded(record: TaskRecord): boolean {
  return isTerminal(stateOf(record.task))
}

/** The message that the next turn is to handle, when one may start now. */
export function nextMessage(record: TaskRecord): QueuedMessage | undefined {
  if (isTurnRunning(record) || isEnded(record) || record.suspended?.until === 'time') return undefined
  return record.inbox[0]
}

export function isTurnRunning(record: TaskRecord): boolean {
  return !record.position.ended
}

/** The turn that a message with this idempotency key got, when it was accepted before. */
export function turnOfKey(record: TaskRecord, key: string | undefined): number | undefined {
  const used = usedKey(record, key)
  return typeof used === 'object' ? used.turn : used
}

/** Another message was accepted under this idempotency key. One whose request has no hash is taken for the same. */
export function isKeyReused(record: TaskRecord, key: string | undefined, requestHash: string | undefined): boolean {
  const used = usedKey(record, key)
  return typeof used === 'object' && requestHash !== undefined && used.requestHash !== requestHash
}

function usedKey({ acceptedKeys }: TaskRecord, key: string | undefined): UsedKey | undefined {
  return key === undefined || acceptedKeys === undefined || !Object.hasOwn(acceptedKeys, key)
    ? undefined
    : acceptedKeys[key]
}

/** The turn that will handle, or handles, the message that was accepted last. */
export function lastAcceptedTurn(record: TaskRecord): number {
  return record.position.turn + record.inbox.length
}

function next(record: TaskRecord, change: Partial<TaskRecord>): TaskRecord {
  const { eventMetadata: _, ...kept } = record
  return { ...kept, ...change, revision: record.revision + 1 }
}

function accepted(record: TaskRecord, event: Extract<TaskEvent, { type: 'accepted' }>): TaskRecord {
  if (record.cancelRequested) throw new IllegalTransitionError('accepted: the task is being canceled')
  const { message, params, key, requestHash, calledBy } = event
  const changed = next(record, {
    task: { ...record.task, history: [...historyWithQuestion(record.task), message] },
    inbox: [...record.inbox, { message, params }],
    ...(calledBy === undefined ? {} : { calledBy }),
  })
  return key === undefined ? changed : { ...changed, acceptedKeys: withKey(changed, key, requestHash) }
}

function withKey(
  record: TaskRecord,
  key: string,
  requestHash: string | undefined,
): NonNullable<TaskRecord['acceptedKeys']> {
  const turn = lastAcceptedTurn(record)
  const used = requestHash === undefined ? turn : { turn, requestHash }
  const keys = [...Object.entries(record.acceptedKeys ?? {}), [key, used] as const]
  return Object.fromEntries(keys.slice(-MAX_KEYS))
}

/** A question of the agent becomes part of the history when the task goes on from it: it was shown, so it is kept. */
function historyWithQuestion(task: TaskJson): MessageJson[] {
  const history = task.history ?? []
  const question = isInterrupted(stateOf(task)) ? task.status?.message : undefined
  const known = question === undefined || history.some((message) => message.messageId === question.messageId)
  return known ? history : [...history, question]
}

function turnStarted(record: TaskRecord, at: string): TaskRecord {
  if (isTurnRunning(record) || record.inbox.length === 0) {
    throw new IllegalTransitionError('turnStarted: a turn is running, or no message waits')
  }
  return next(record, {
    task: withStatus(record.task, { state: 'TASK_STATE_WORKING', timestamp: at }),
    inbox: record.inbox.slice(1),
    position: { turn: record.position.turn + 1, attempt: 1, seq: 0, ended: false },
  })
}

/** The handler goes on by time alone. A question that got no answer becomes part of the history, as an answered one does. */
function turnWoken(record: TaskRecord, at: string): TaskRecord {
  if (nextAlarm(record)?.type !== 'wake' && !hasCallsToCancel(record))
    throw new IllegalTransitionError('turnWoken: no handler waits for its time')
  const history = historyWithQuestion(record.task)
  return next(record, {
    task: withStatus({ ...record.task, history }, { state: 'TASK_STATE_WORKING', timestamp: at }),
    position: { turn: record.position.turn + 1, attempt: 1, seq: 0, ended: false },
  })
}

function remindedTask(record: TaskRecord, at: string): TaskRecord {
  const { suspended, position } = record
  if (suspended === undefined || nextAlarm(record)?.type !== 'remind') {
    throw new IllegalTransitionError('reminded: no question is open')
  }
  return next(record, {
    task: withStatus(record.task, { ...record.task.status, timestamp: at }),
    position: { ...position, seq: position.seq + 1 },
    suspended: reminded(suspended, at),
  })
}

function turnEnded({ suspended: before, ...record }: TaskRecord, result: TurnResult, at: string): TaskRecord {
  const waits = result.suspended !== undefined && !isTerminal(result.state)
  const suspended = waits ? { suspended: suspend(before, result.suspended, at) } : {}
  const task = withArtifacts(record.task, result.artifacts)
  // The state event takes the next place after what the turn has published.
  const position = { ...endOf(record, result), ended: true }
  if (record.inbox.length > 0) {
    const status: TaskStatusJson = { state: 'TASK_STATE_WORKING', timestamp: at }
    const inbox = result.suspended?.until === 'answer' ? record.inbox.map(asEarly) : record.inbox
    return next(record, { task: withStatus(task, status), position, inbox, ...suspended })
  }
  const status: TaskStatusJson = {
    state: result.state,
    ...(result.message === undefined ? {} : { message: result.message }),
    timestamp: at,
  }
  return next(record, {
    task: withStatus(task, status),
    position,
    ...suspended,
    ...(result.metadata === undefined ? {} : { eventMetadata: result.metadata }),
    ...(result.answer === undefined ? {} : { answer: result.answer }),
  })
}

function asEarly(queued: QueuedMessage): QueuedMessage {
  return { ...queued, early: true }
}

/** A turn says that it was canceled only when that was requested, even where the request itself comes to be known after it. */
function isCanceled({ cancelRequested }: TaskRecord, { state, committed }: TurnResult): boolean {
  return state === 'TASK_STATE_CANCELED' || (cancelRequested && committed !== true)
}

/** The turn of a task that is being canceled has ended. Agents that its handler still waits for are canceled first. */
function canceledTurn(record: TaskRecord, at: string, { message: _, ...result }: TurnResult): TaskRecord {
  if ((result.suspended?.called?.length ?? 0) === 0) return canceled(record, at, result)
  return turnEnded(record, { ...result, state: 'TASK_STATE_WORKING' }, at)
}

function canceled({ suspended: _, ...record }: TaskRecord, at: string, result?: TurnResult): TaskRecord {
  const task = result === undefined ? record.task : withArtifacts(record.task, result.artifacts)
  const end = isTurnRunning(record)
    ? endOf(record, result ?? { attempt: LAST_ATTEMPT, seq: 0 })
    : { turn: record.position.turn + 1, attempt: 1, seq: 1 }
  const history = historyWithQuestion(record.task)
  return next(record, {
    task: withStatus({ ...task, history }, { state: 'TASK_STATE_CANCELED', timestamp: at }),
    inbox: [],
    position: { ...end, ended: true },
  })
}

/**
 * Attempt number of a state event whose last attempt is unknown, because the worker that ran it died: above every
 * attempt that a worker can have made, so that readers see a new attempt and no gap.
 */
export const LAST_ATTEMPT = 1_000_000

function endOf(record: TaskRecord, last: { attempt: number; seq: number }) {
  return { turn: record.position.turn, attempt: last.attempt, seq: last.seq + 1 }
}

function lostResult(record: TaskRecord, text: string, partial: TurnResult | undefined): TurnResult {
  return {
    attempt: LAST_ATTEMPT,
    seq: 0,
    artifacts: partial?.artifacts ?? [],
    state: 'TASK_STATE_FAILED',
    message: {
      messageId: `${record.taskId}-${record.position.turn}-lost`,
      contextId: record.task.contextId ?? '',
      taskId: record.taskId,
      role: 'ROLE_AGENT',
      parts: [{ text }],
    },
  }
}

function withStatus(task: TaskJson, status: TaskStatusJson): TaskJson {
  return { ...task, status }
}

function withArtifacts(task: TaskJson, changed: readonly ArtifactJson[]): TaskJson {
  if (changed.length === 0) return task
  const byId = new Map((task.artifacts ?? []).map((artifact) => [artifact.artifactId, artifact]))
  for (const artifact of changed) byId.set(artifact.artifactId, artifact)
  return { ...task, artifacts: [...byId.values()] }
}
