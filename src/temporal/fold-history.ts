/**
 * Reads a task out of its workflow's raw history, without a worker: the same events through the same `reduce`.
 *
 * The order is the workflow's own. What it learns in one workflow task it handles in this order: updates, the turn's result,
 * a cancel request, any other end of the turn, a timer; and what it then begins is written after all of them. A task has one timer at a time.
 */
import type { temporal } from '@temporalio/proto'
import { compareCursors, type Position } from '../a2a/cursor.js'
import { isEnded, nextMessage, reduce, type TaskEvent, turnOfKey } from '../task/reduce.js'
import { nextAlarm } from '../task/suspension.js'
import type { TaskRecord, TurnResult } from '../task/task-record.js'
import { type Checkpoint, type LeftTurn, turnFinished, turnVanished } from '../task/turn-outcome.js'
import type { ReachedState } from '../task/webhook-events.js'
import { LOOK_ACTIVITY, MESSAGE_UPDATE, TURN_ACTIVITY } from './names.js'
import { firstValue } from './payloads.js'
import type { MessageUpdateInput, TaskWorkflowInput } from './workflow/task-input.js'

type HistoryEvent = temporal.api.history.v1.IHistoryEvent

export interface FoldedHistory {
  readonly record: TaskRecord
  /** The result of the running turn is in history, but the workflow has not seen it yet. */
  readonly pendingResult: TurnResult | undefined
}

/**
 * Undefined when the history is none of a task.
 *
 * @param onRecord told of the first record, and of each after it
 */
export function foldHistory(
  events: readonly HistoryEvent[],
  onRecord?: (record: TaskRecord) => void,
): FoldedHistory | undefined {
  const start = events[0]?.workflowExecutionStartedEventAttributes
  const input = firstValue<TaskWorkflowInput>(start?.input)
  if (input?.record === undefined) return undefined
  return new HistoryFold(input.record, onRecord).run(events)
}

/** The task as it was when it came to a place; undefined when it never did. */
export function reachedPlace(events: readonly HistoryEvent[], position: Position): ReachedState | undefined {
  let begun: TaskRecord | undefined
  let reached: ReachedState | undefined
  foldHistory(events, (record) => {
    if (!record.position.ended) begun ??= record
    if (reached === undefined && isAt(record.position, position)) {
      reached = { record, artifactsBefore: begun?.task.artifacts ?? [] }
    }
    if (record.position.ended) begun = undefined
  })
  return reached
}

function isAt(a: Position, b: Position): boolean {
  return a.ended === b.ended && compareCursors(a, b) === 0
}

/** What the workflow learns from outside. */
type News =
  | { readonly type: 'finished'; readonly result: TurnResult }
  | { readonly type: 'vanished'; readonly last: LeftTurn | undefined }
  | { readonly type: 'cancelRequested' }
  | { readonly type: 'timerFired' }

class HistoryFold {
  private record: TaskRecord
  /** What has happened since the workflow last looked. */
  private news: News[] = []
  /** When the workflow looked. */
  private at = ''

  /** Ids of the events that began a turn: other activities are none of the task's. */
  private readonly turns = new Set<string>()
  /** The turn that is being canceled, as the workflow has found it. */
  private found: LeftTurn | undefined
  private readonly onRecord: ((record: TaskRecord) => void) | undefined

  constructor(record: TaskRecord, onRecord: ((record: TaskRecord) => void) | undefined) {
    this.record = record
    this.onRecord = onRecord
    onRecord?.(record)
  }

  run(events: readonly HistoryEvent[]): FoldedHistory {
    for (const [index, event] of events.entries()) {
      if (event.workflowTaskStartedEventAttributes) this.at = timeOf(event)
      else if (event.workflowTaskCompletedEventAttributes) this.workflowTask(commandsAfter(events, index))
      else this.learn(event)
    }
    const finished = this.news.find((news) => news.type === 'finished')
    return { record: this.record, pendingResult: finished?.result }
  }

  private learn(event: HistoryEvent): void {
    const completed = event.activityTaskCompletedEventAttributes
    const timedOut = event.activityTaskTimedOutEventAttributes
    const ended =
      completed ?? timedOut ?? event.activityTaskFailedEventAttributes ?? event.activityTaskCanceledEventAttributes
    if (ended && !this.turns.has(String(ended.scheduledEventId))) return
    if (completed) {
      const result = firstValue<TurnResult>(completed.result)
      if (result !== undefined) this.news.push({ type: 'finished', result })
    } else if (timedOut) {
      this.news.push({
        type: 'vanished',
        last: firstValue<Checkpoint>(timedOut.failure?.timeoutFailureInfo?.lastHeartbeatDetails),
      })
    } else if (ended) {
      this.news.push({ type: 'vanished', last: this.found })
    } else if (event.workflowExecutionCancelRequestedEventAttributes) {
      if (!this.record.cancelRequested) this.news.push({ type: 'cancelRequested' })
    } else if (event.timerFiredEventAttributes) {
      this.news.push({ type: 'timerFired' })
    }
  }

  /** What the workflow did when it looked: `commands` is what it wrote down then. */
  private workflowTask(commands: readonly HistoryEvent[]): void {
    for (const command of commands) {
      const request = command.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest
      if (request?.input?.name !== MESSAGE_UPDATE) continue
      const update = firstValue<MessageUpdateInput>(request.input.args)
      // Two may come together under one key: the later one has changed nothing.
      if (update === undefined || turnOfKey(this.record, update.key) !== undefined) continue
      this.apply({ type: 'accepted', ...update })
    }
    for (const news of inOrder(this.news)) {
      if (news.type === 'timerFired') this.remind()
      else if (!isEnded(this.record)) this.apply(this.eventOf(news))
    }
    this.news = []
    for (const command of commands) {
      if (command.activityTaskScheduledEventAttributes?.activityType?.name === TURN_ACTIVITY) {
        this.turns.add(String(command.eventId))
        this.found = undefined
        this.apply({ type: nextMessage(this.record) === undefined ? 'turnWoken' : 'turnStarted', at: this.at })
      }
      const local = command.markerRecordedEventAttributes
      if (local) this.localActivity(local)
    }
    const idle = this.record.position.ended && this.record.inbox.length === 0
    if (this.record.cancelRequested && idle && !isEnded(this.record)) this.apply({ type: 'canceled', at: this.at })
  }

  private localActivity(marker: temporal.api.history.v1.IMarkerRecordedEventAttributes): void {
    const done = localResult(marker)
    if (done === undefined) return
    if (done.type === LOOK_ACTIVITY) {
      this.found = done.result as LeftTurn
      return
    }
    this.apply({ type: 'turnStarted', at: this.at })
    // The workflow's clock has gone on with what ran inside of it.
    this.at = done.at ?? this.at
    this.apply(turnFinished(this.record, done.result as TurnResult, this.at))
  }

  /** A question is asked once more, unless something else came with the timer. A timer that wakes shows by its turn. */
  private remind(): void {
    if (nextMessage(this.record) !== undefined || nextAlarm(this.record)?.type !== 'remind') return
    this.apply({ type: 'reminded', at: this.at })
  }

  private eventOf(news: Exclude<News, { type: 'timerFired' }>): TaskEvent {
    if (news.type === 'finished') return turnFinished(this.record, news.result, this.at)
    return news.type === 'vanished' ? turnVanished(news.last, this.at) : news
  }

  private apply(event: TaskEvent): void {
    this.record = reduce(this.record, event)
    this.onRecord?.(this.record)
  }
}

/** A result that became known together with a cancel decides; any other end of a turn comes after it. */
function inOrder(news: readonly News[]): News[] {
  const cancel = news.filter(({ type }) => type === 'cancelRequested').slice(0, 1)
  const others = news.filter(({ type }) => type !== 'cancelRequested')
  return others.some(({ type }) => type === 'finished') ? [...others, ...cancel] : [...cancel, ...others]
}

/** The events that a workflow task wrote: they follow its completion and name it. */
function commandsAfter(events: readonly HistoryEvent[], completedIndex: number): HistoryEvent[] {
  const id = String(events[completedIndex]?.eventId)
  const commands: HistoryEvent[] = []
  for (const event of events.slice(completedIndex + 1)) {
    const attributes =
      event.activityTaskScheduledEventAttributes ??
      event.markerRecordedEventAttributes ??
      event.upsertWorkflowSearchAttributesEventAttributes ??
      event.activityTaskCancelRequestedEventAttributes ??
      event.timerStartedEventAttributes ??
      event.timerCanceledEventAttributes
    const update =
      event.workflowExecutionUpdateAcceptedEventAttributes ?? event.workflowExecutionUpdateCompletedEventAttributes
    if (!update && String(attributes?.workflowTaskCompletedEventId) !== id) break
    commands.push(event)
  }
  return commands
}

interface LocalResult {
  readonly type: string | undefined
  readonly result: unknown
  /** When it was done; undefined when its marker does not say. */
  readonly at: string | undefined
}

/** What a local activity has given back; undefined when the marker is not of one, or it gave back nothing. */
function localResult({
  markerName,
  details,
}: temporal.api.history.v1.IMarkerRecordedEventAttributes): LocalResult | undefined {
  if (markerName !== 'core_local_activity') return undefined
  const result = firstValue<unknown>(details?.result)
  if (result === undefined || result === null) return undefined
  const data = firstValue<{ activity_type?: string; complete_time?: Timestamp }>(details?.data)
  const { activity_type: type, complete_time: done } = data ?? {}
  return { type, result, at: done && textOf(done) }
}

interface Timestamp {
  readonly seconds?: unknown
  readonly nanos?: number | null
}

function timeOf({ eventTime }: HistoryEvent): string {
  return textOf(eventTime ?? {})
}

/** Cut to milliseconds as Temporal's SDK cuts the workflow's own clock. */
function textOf({ seconds, nanos }: Timestamp): string {
  return new Date(Number(seconds ?? 0) * 1000 + Math.floor((nanos ?? 0) / 1e6)).toISOString()
}
