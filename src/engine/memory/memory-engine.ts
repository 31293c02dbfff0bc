/**
 * The engine that keeps tasks in this process and nowhere else: for tests, and for whoever asks for it by name. The same
 * state machine as on Temporal, without its durability.
 */
import { type Cursor, compareCursors } from '../../a2a/cursor.js'
import { taskNotFound } from '../../a2a/errors.js'
import type { AgentCalls } from '../../agent/agent-calls.js'
import type { AgentDefinition, AgentDirectory } from '../../agent/agent-definition.js'
import { GRACE_MS } from '../../agent/turn-times.js'
import type { EventBus } from '../../bus/event-bus.js'
import { taskKey } from '../../bus/live-event.js'
import { type Clock, systemClock, timestamp } from '../../internal/clock.js'
import type { Logger } from '../../internal/logger.js'
import { listTasks, type Place, statusTimeOf } from '../../task/list-filter.js'
import type { ListQuery, TaskPage } from '../../task/list-query.js'
import { isEnded, LAST_ATTEMPT } from '../../task/reduce.js'
import type { StateRef, StateValues } from '../../task/state-record.js'
import { type NewTask, newTaskRecord, type TaskRecord, type TaskRef } from '../../task/task-record.js'
import { withPicture } from '../../task/turn-picture.js'
import type { ReachedState, WebhookEvents } from '../../task/webhook-events.js'
import { type Engine, type FollowUp, type StartOutcome, type TaskReading, taskReading } from '../engine.js'
import { HoldQueue } from '../hold-queue.js'
import { LocalCalls } from '../local-calls.js'
import { MemoryState } from './memory-state.js'
import { MemoryTask } from './memory-task.js'
import type { RunningAttempt } from './memory-turn.js'

export interface MemoryEngineOptions {
  readonly agents: AgentDirectory
  readonly bus: EventBus
  readonly logger: Logger
  /** How long a handler may wait in the process before it is left, in milliseconds. Default 30000. */
  readonly suspendAfterMs?: number
  /** How handlers reach agents at a URL. Default: they do not. */
  readonly remoteCalls?: AgentCalls
  /** Ended tasks that are kept; the oldest go first. Default 10000. */
  readonly maxEndedTasks?: number
  /** How long a handler may go on after a cancel, in milliseconds. Default 2000. */
  readonly graceMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
  /** Makes the ids of messages. Default: random UUIDs. */
  readonly newId?: () => string
  /** Stands between handlers and the agents that they call. */
  readonly wrapCalls?: (calls: AgentCalls) => AgentCalls
  /** Puts what the webhooks of a task are told of a state on its way. Default: there are none. */
  readonly tellWebhooks?: (reached: ReachedState, webhooks: WebhookEvents) => Promise<void>
  /** Told whenever an attempt at a turn has written something down. */
  readonly onWritten?: (attempt: RunningAttempt) => void
}

/** Past places in the order of a list that are kept per task, for walks that began before a change. */
const MAX_PAST_PLACES = 20

/** Tasks in the memory of this process: for tests, and for agents that may forget. */
export class MemoryEngine implements Engine {
  readonly durable = false
  readonly pollMs = 0
  readonly maxPollMs = 0
  readonly bus: EventBus
  private readonly options: MemoryEngineOptions
  private readonly agentCalls: AgentCalls
  private readonly local: LocalCalls
  private readonly clock: Clock
  private readonly state: MemoryState
  private readonly holds = new HoldQueue()
  private readonly tasks = new Map<string, MemoryTask>()
  private readonly places = new Map<string, Place[]>()
  private readonly ended: string[] = []
  private changes = 0
  private closed = false

  constructor(options: MemoryEngineOptions) {
    this.options = options
    this.bus = options.bus
    this.clock = options.clock ?? systemClock
    this.state = new MemoryState(this.clock)
    const { agents, logger, remoteCalls, wrapCalls = (calls) => calls } = options
    const local = new LocalCalls({
      agents,
      logger,
      engine: this,
      clock: this.clock,
      suspendAfterMs: options.suspendAfterMs,
      ...(remoteCalls === undefined ? {} : { remote: remoteCalls }),
    })
    this.local = local
    this.agentCalls = wrapCalls(local)
  }

  async start(input: NewTask, agent: AgentDefinition, webhooks?: WebhookEvents): Promise<StartOutcome> {
    const key = taskKey(input)
    if (this.tasks.has(key)) return 'existing'
    const { newId = () => globalThis.crypto.randomUUID(), onWritten } = this.options
    const task = new MemoryTask(newTaskRecord({ ...input, at: timestamp(this.clock) }), agent, {
      bus: this.bus,
      logger: this.options.logger,
      graceMs: this.options.graceMs ?? GRACE_MS,
      suspendAfterMs: this.options.suspendAfterMs,
      agentCalls: this.agentCalls,
      clock: this.clock,
      state: this.state,
      holds: this.holds,
      newId,
      onWritten,
      tellWebhooks: this.options.tellWebhooks,
      onChange: (record) => this.place(key, record),
      onEnd: (record) => void this.local.ended(record),
    })
    this.tasks.set(key, task)
    task.webhooks = webhooks
    task.begin()
    return 'started'
  }

  async send(ref: TaskRef, followUp: FollowUp): Promise<{ turn: number }> {
    return this.find(ref).accept(followUp)
  }

  async cancel(ref: TaskRef): Promise<void> {
    this.find(ref).cancel()
  }

  async tellWebhooks(ref: TaskRef, since: Cursor, webhooks: WebhookEvents): Promise<void> {
    const task = this.find(ref)
    task.webhooks = webhooks
    const { position } = task.record
    if (position.ended && compareCursors(position, since) > 0) task.tell()
  }

  async read(ref: TaskRef, owner?: string): Promise<TaskReading | undefined> {
    const key = taskKey(ref)
    const record = this.tasks.get(key)?.record
    if (record === undefined || (owner !== undefined && record.owner !== owner)) return undefined
    const picture = await this.bus.request(key)
    const reading = taskReading(withPicture(record, picture))
    const { turn, ended } = record.position
    return picture === undefined && !ended ? { ...reading, reached: { turn, attempt: LAST_ATTEMPT, seq: 1 } } : reading
  }

  async wake(key: string): Promise<void> {
    this.tasks.get(key)?.lookAgain()
  }

  outline(ref: TaskRef, owner?: string): Promise<TaskReading | undefined> {
    return this.read(ref, owner)
  }

  look(ref: TaskRef): Promise<TaskReading | undefined> {
    return this.read(ref)
  }

  async list(query: ListQuery): Promise<TaskPage> {
    return listTasks(this.allPlaces(), query, this.changes)
  }

  ready(): boolean {
    return !this.closed
  }

  async close(): Promise<void> {
    this.closed = true
    await Promise.all([...this.tasks.values()].map((task) => task.stop()))
    await this.bus.close()
  }

  /** The record as it is, without what a running turn has said. */
  peek(ref: TaskRef): TaskRecord | undefined {
    return this.tasks.get(taskKey(ref))?.record
  }

  /** What is kept of a scope. */
  stateOf(ref: StateRef): StateValues {
    return this.state.peek(ref).values
  }

  /** The tasks whose turn runs now. */
  get running(): readonly TaskRecord[] {
    return [...this.tasks.values()].filter((task) => task.isRunning).map(({ record }) => record)
  }

  /** Ends the running attempt at a turn as a crash of its process would; false when none runs. */
  crash(ref: TaskRef): boolean {
    return this.find(ref).crash()
  }

  private find(ref: TaskRef): MemoryTask {
    const task = this.tasks.get(taskKey(ref))
    if (task === undefined) throw taskNotFound(ref.taskId)
    return task
  }

  private place(key: string, record: TaskRecord): void {
    this.changes += 1
    const places = this.places.get(key) ?? []
    const current = places.pop()
    const statusTime = statusTimeOf(record.task)
    if (current !== undefined && current.statusTime !== statusTime) {
      places.push({ ...current, until: this.changes })
      if (places.length > MAX_PAST_PLACES) places.shift()
    }
    const since = current?.statusTime === statusTime ? current.since : this.changes
    places.push({ record, statusTime, since, until: Number.POSITIVE_INFINITY })
    // A past place shows the task as it is now.
    this.places.set(
      key,
      places.map((place) => ({ ...place, record })),
    )
    if (isEnded(record)) this.forgetOldest(key)
  }

  private forgetOldest(key: string): void {
    this.ended.push(key)
    if (this.ended.length <= (this.options.maxEndedTasks ?? 10_000)) return
    const oldest = this.ended.shift()
    if (oldest === undefined) return
    this.tasks.delete(oldest)
    this.places.delete(oldest)
  }

  private *allPlaces(): Generator<Place> {
    for (const places of this.places.values()) yield* places
  }
}
