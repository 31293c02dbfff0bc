/**
 * The task as it is now. An ended one comes from the store, or out of the event that closed its workflow; a running one
 * out of its history, with what its turn has said since: from the process that runs it, or out of the checkpoint that
 * Describe shows. No worker is needed for any of it. Large values come from the store.
 */
import type { Client } from '@temporalio/client'
import type { temporal } from '@temporalio/proto'
import type { Position } from '../a2a/cursor.js'
import type { EventBus } from '../bus/event-bus.js'
import { taskKey } from '../bus/live-event.js'
import { type TaskReading, taskReading } from '../engine/engine.js'
import { Lru } from '../internal/lru.js'
import { mapTaskAndAnswer } from '../task/large-records.js'
import type { LargeValueStore } from '../task/large-values.js'
import { LAST_ATTEMPT } from '../task/reduce.js'
import type { TaskRecord, TaskRef } from '../task/task-record.js'
import { withPicture } from '../task/turn-picture.js'
import type { ReachedState } from '../task/webhook-events.js'
import { callTemporal, type Reachability } from './deadline.js'
import { COMPLETED, describeTask, RUNNING, type TaskDescription } from './describe-task.js'
import { type FoldedHistory, foldHistory, reachedPlace } from './fold-history.js'
import { firstValue } from './payloads.js'
import { pendingTurn } from './pending-turn.js'

type HistoryEvent = temporal.api.history.v1.IHistoryEvent

/** An ended task, as the store keeps it. */
export interface EndedTasks {
  /**
   * Undefined when the task is not there, or has not ended. `elses`: it is not this owner's, whether it has ended or not;
   * nothing of its content was read.
   *
   * @throws A2AError UNAVAILABLE the store does not answer
   */
  ended(key: string, owner: string | undefined): Promise<TaskRecord | 'elses' | undefined>
}

export interface ReadTaskOptions {
  readonly client: Client
  readonly bus: EventBus
  readonly reachability: Reachability
  readonly store: EndedTasks & Pick<LargeValueStore, 'putBack'>
}

/** Folded histories that are kept, so that reading a waiting task again costs one Describe. */
const MAX_FOLDED = 1_000
/** A task that cannot be: every agent has a name. */
const NEVER_WAS = taskKey({ tenant: '', agentId: '', taskId: '00000000-0000-4000-8000-000000000000' })
/** Value of enum HistoryEventFilterType: only the event that closed the workflow. */
const CLOSE_EVENT = 2

export class TaskReader {
  private readonly options: ReadTaskOptions
  private readonly folded = new Lru<string, { readonly length: string; readonly history: FoldedHistory }>(MAX_FOLDED)

  /** What this process has shown of tasks that go on, which Temporal may be about to write down. */
  private readonly shown = new Lru<string, TaskRecord>(MAX_FOLDED)

  constructor(options: ReadTaskOptions) {
    this.options = options
  }

  /** A turn has ended and its task is shown as it is now: nobody may find an older state here afterwards. */
  remember(record: TaskRecord): void {
    this.shown.set(taskKey(record), record)
  }

  async read(ref: TaskRef, owner?: string): Promise<TaskReading | undefined> {
    const reading = await this.outline(ref, owner)
    return reading === undefined ? undefined : this.options.store.putBack(reading, mapTaskAndAnswer)
  }

  /** With references in place of large values, so that no store is needed for a task that runs. */
  async outline(ref: TaskRef, owner?: string): Promise<TaskReading | undefined> {
    const key = taskKey(ref)
    // Temporal has what the store cannot tell, but for tasks that it has forgotten: those may exist all the same.
    const { store } = this.options
    const ended = await store.ended(key, owner).catch((error: unknown) => ({ error }))
    if (ended === 'elses') return this.asNeverWas()
    if (ended !== undefined && !('error' in ended)) return taskReading(ended)
    const reading = await this.fromTemporal(key)
    if (reading === undefined && ended !== undefined) throw ended.error
    return reading
  }

  /** The record as Temporal has it, without its large values; undefined when there is no such workflow. */
  async record(key: string): Promise<TaskRecord | undefined> {
    const described = await this.describe(key)
    if (described === undefined) return undefined
    if (described.workflowExecutionInfo?.status !== RUNNING) return this.closed(key, described)
    return (await this.fold(key, described))?.record
  }

  /** The task as it was when it came to a place, out of one run of its workflow; undefined when it never came there. */
  async reached(key: string, runId: string, position: Position): Promise<ReachedState | undefined> {
    return reachedPlace(await this.history(key, runId), position)
  }

  /** Takes as long as to find that there is no such task, so that nobody learns by the clock that there is one. */
  private async asNeverWas(): Promise<undefined> {
    await this.describe(NEVER_WAS)
  }

  private async fromTemporal(key: string): Promise<TaskReading | undefined> {
    const described = await this.describe(key)
    if (described === undefined) return undefined
    if (described.workflowExecutionInfo?.status !== RUNNING) {
      const record = await this.closed(key, described)
      return record === undefined ? undefined : taskReading(record)
    }
    const history = await this.fold(key, described)
    if (history === undefined) return undefined
    const { pendingResult } = history
    const shown = this.shown.get(key)
    const unsettled = pendingResult === undefined ? {} : { unsettled: true as const }
    if (shown !== undefined && shown.revision > history.record.revision) return { ...taskReading(shown), ...unsettled }
    const { record } = history
    const { turn } = record.position
    if (pendingResult !== undefined) {
      const { attempt, seq, artifacts } = pendingResult
      // The workflow may have shown the end already.
      const reached = { turn, attempt: LAST_ATTEMPT, seq: 1 }
      return { ...taskReading(withPicture(record, { turn, attempt, seq, artifacts })), reached, ...unsettled }
    }
    const live = record.position.ended ? undefined : await this.options.bus.request(key)
    if (live !== undefined || record.position.ended) return taskReading(withPicture(record, live))
    const { attempt = 1, checkpoint } = pendingTurn(described) ?? {}
    const reached = { turn, attempt, seq: Number.MAX_SAFE_INTEGER }
    return { ...taskReading(withPicture(record, checkpoint)), reached }
  }

  private describe(key: string): Promise<TaskDescription | undefined> {
    return describeTask(this.options.client, this.options.reachability, key)
  }

  /** A workflow that has closed returned its record; one that was ended from outside has not. */
  private async closed(key: string, described: TaskDescription): Promise<TaskRecord | undefined> {
    const runId = described.workflowExecutionInfo?.execution?.runId ?? ''
    if (described.workflowExecutionInfo?.status === COMPLETED) {
      const [event] = await this.history(key, runId, CLOSE_EVENT)
      const result = firstValue<TaskRecord>(event?.workflowExecutionCompletedEventAttributes?.result)
      if (result !== undefined) return result
    }
    const history = foldHistory(await this.history(key, runId))
    return history === undefined ? undefined : endedFromOutside(history.record, described)
  }

  private async fold(key: string, described: TaskDescription): Promise<FoldedHistory | undefined> {
    const info = described.workflowExecutionInfo
    const runId = info?.execution?.runId ?? ''
    const length = `${runId} ${String(info?.historyLength)}`
    const known = this.folded.get(key)
    if (known?.length === length) return known.history
    const history = foldHistory(await this.history(key, runId))
    if (history !== undefined) this.folded.set(key, { length, history })
    return history
  }

  private async history(key: string, runId: string, filter?: number): Promise<HistoryEvent[]> {
    const { client } = this.options
    const events: HistoryEvent[] = []
    let nextPageToken: Uint8Array | undefined
    do {
      const page = await this.call('reading a history', () =>
        client.workflowService.getWorkflowExecutionHistory({
          namespace: client.options.namespace,
          execution: { workflowId: key, runId },
          ...(filter === undefined ? {} : { historyEventFilterType: filter }),
          ...(nextPageToken === undefined ? {} : { nextPageToken }),
        }),
      )
      events.push(...(page.history?.events ?? []))
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined
    } while (nextPageToken !== undefined)
    return events
  }

  private call<T>(what: string, call: () => Promise<T>): Promise<T> {
    return callTemporal(this.options.reachability, what, false, call)
  }
}

/** Terminated, timed out or failed: not by us, and not to be taken back. */
function endedFromOutside(record: TaskRecord, { workflowExecutionInfo }: TaskDescription): TaskRecord {
  const seconds = Number(workflowExecutionInfo?.closeTime?.seconds ?? 0)
  const { turn } = record.position
  return {
    ...record,
    revision: record.revision + 1,
    inbox: [],
    position: { turn: turn + 1, attempt: 1, seq: 1, ended: true },
    task: {
      ...record.task,
      status: {
        state: 'TASK_STATE_FAILED',
        timestamp: new Date(seconds * 1000).toISOString(),
        message: {
          messageId: `${record.taskId}-ended`,
          contextId: record.task.contextId ?? '',
          taskId: record.taskId,
          role: 'ROLE_AGENT',
          parts: [{ text: 'The task was ended by its operator.' }],
        },
      },
    },
  }
}
