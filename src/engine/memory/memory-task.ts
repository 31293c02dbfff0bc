/** One task in memory: its record, its queue of turns, its cancel. */

import type { AgentCalls } from '../../agent/agent-calls.js'
import { TurnStopped } from '../../agent/agent-context.js'
import type { AgentDefinition } from '../../agent/agent-definition.js'
import { cancelCalled } from '../../agent/cancel-called.js'
import { failedTurn, isFinalFailure, leftBehind } from '../../agent/failed-turn.js'
import type { Journal } from '../../agent/journal.js'
import type { EarlierAttempts } from '../../agent/resume.js'
import { runTurn } from '../../agent/run-turn.js'
import { finishedCalls, MAX_CONFLICTS, StateConflictError } from '../../agent/state-conflict.js'
import type { TurnEvents } from '../../agent/turn-events.js'
import type { TurnState } from '../../agent/turn-state.js'
import type { EventBus } from '../../bus/event-bus.js'
import { taskKey } from '../../bus/live-event.js'
import { stateEvent } from '../../bus/state-event.js'
import { onAbort } from '../../internal/abort.js'
import { type Clock, timestamp } from '../../internal/clock.js'
import { type Logger, withFields } from '../../internal/logger.js'
import type { JournalEntry } from '../../task/journal-entry.js'
import { refusal } from '../../task/may-continue.js'
import { lastAcceptedTurn, nextMessage, reduce, type TaskEvent, turnOfKey } from '../../task/reduce.js'
import type { StateHome, StateReads } from '../../task/state-home.js'
import type { StateScope } from '../../task/state-record.js'
import { type Alarm, hasCallsToCancel, nextAlarm, type ResumedHandler, waitsForCall } from '../../task/suspension.js'
import type { QueuedMessage, TaskRecord, TaskRef, TurnResult } from '../../task/task-record.js'
import { type TurnInput, turnInput } from '../../task/turn-input.js'
import { turnFinished, withOpenCalls } from '../../task/turn-outcome.js'
import type { ReachedState, WebhookEvents } from '../../task/webhook-events.js'
import { asWhole } from '../../task/weight.js'
import type { FollowUp } from '../engine.js'
import type { HoldQueue } from '../hold-queue.js'
import { StateAccess } from '../state-access.js'

/** An attempt at a turn that runs now. */
export interface RunningAttempt {
  readonly ref: TaskRef
  readonly turn: number
  readonly attempt: number
  readonly journal: readonly JournalEntry[]
  /** Ends it as a crash of its process would: nothing more of it is heard, and the next attempt begins. */
  crash(): void
}

export interface MemoryTaskHost {
  readonly bus: EventBus
  readonly logger: Logger
  readonly graceMs: number
  readonly suspendAfterMs: number | undefined
  readonly agentCalls: AgentCalls
  readonly clock: Clock
  readonly state: StateHome
  readonly holds: HoldQueue
  newId(): string
  readonly onWritten: ((attempt: RunningAttempt) => void) | undefined
  readonly tellWebhooks: ((reached: ReachedState, webhooks: WebhookEvents) => Promise<void>) | undefined
  onChange(record: TaskRecord): void
  /** A turn has ended. */
  onEnd(record: TaskRecord): void
}

export class MemoryTask {
  record: TaskRecord
  /** What webhooks are told; undefined while there are none. */
  webhooks: WebhookEvents | undefined
  private artifactsBefore: ReachedState['artifactsBefore'] = []
  private telling: Promise<void> = Promise.resolve()
  private readonly agent: AgentDefinition
  private readonly host: MemoryTaskHost
  private readonly key: string
  private running: Promise<void> | undefined
  private stopTurn: ((reason: 'canceled' | 'worker-shutdown') => void) | undefined
  private stopped = false
  private crashAttempt: (() => void) | undefined
  private stopAlarm: () => void = () => {}
  /** An agent that the handler may wait for has answered since the turn began. */
  private answered = false
  /** It is known to be a task, and no Message: only then it is listed. */
  private decided: boolean

  constructor(record: TaskRecord, agent: AgentDefinition, host: MemoryTaskHost) {
    this.record = record
    this.agent = agent
    this.host = host
    this.key = taskKey(record)
    this.decided = agent.answers === 'task'
    if (this.decided) host.onChange(record)
  }

  begin(): void {
    if (this.running !== undefined || this.stopped) return
    this.stopAlarm()
    this.running = this.work().finally(() => {
      this.running = undefined
      this.setAlarm()
    })
  }

  accept({ message, params, idempotencyKey: key, calledBy, webhooks }: FollowUp): { turn: number } {
    this.webhooks = webhooks ?? this.webhooks
    const known = turnOfKey(this.record, key)
    if (known !== undefined) return { turn: known }
    const refused = refusal(this.record, message, asWhole)
    if (refused !== undefined) throw refused
    this.change({
      type: 'accepted',
      message,
      params,
      ...(key === undefined ? {} : { key }),
      ...(calledBy === undefined ? {} : { calledBy }),
    })
    this.begin()
    return { turn: lastAcceptedTurn(this.record) }
  }

  cancel(): void {
    if (this.record.cancelRequested) return
    this.change({ type: 'cancelRequested' })
    this.stopAlarm()
    if (this.stopTurn !== undefined) this.stopTurn('canceled')
    else if (hasCallsToCancel(this.record)) this.wake()
    else this.endWith({ type: 'canceled', at: this.now() })
  }

  /** An agent that the handler may wait for has answered. */
  lookAgain(): void {
    this.answered = true
    this.setAlarm()
  }

  /** Ends the running turn without ending the task; for the end of the process. */
  async stop(): Promise<void> {
    this.stopped = true
    this.stopAlarm()
    this.stopTurn?.('worker-shutdown')
    await this.running
  }

  /** Webhooks are told of the state it has come to: one state after the other, beside the turns. */
  tell(): void {
    const { webhooks, artifactsBefore, record } = this
    const { tellWebhooks, logger } = this.host
    if (webhooks === undefined || tellWebhooks === undefined) return
    this.telling = this.telling
      .then(() => tellWebhooks({ record, artifactsBefore }, webhooks))
      .catch((error: unknown) => logger.error({ err: error }, 'webhooks were not told of a state'))
  }

  private async work(): Promise<void> {
    // The first step is not part of the caller's: accepting a message never waits for the handler.
    await Promise.resolve()
    for (let taken = nextMessage(this.record); taken !== undefined && !this.stopped; taken = nextMessage(this.record)) {
      this.change({ type: 'turnStarted', at: this.now() })
      if (!(await this.handle(taken))) return
    }
  }

  /** The turn that has just begun; false when the process stops. */
  private async handle(taken: QueuedMessage | undefined): Promise<boolean> {
    this.artifactsBefore = this.record.task.artifacts ?? []
    if (taken !== undefined && this.webhooks === 'all') this.tell()
    this.answered = false
    const input = turnInput(this.record, taken, { messages: this.agent.history, look: asWhole })
    const result = input.resumed?.by === 'canceled' ? await this.cancelCalls(input.resumed) : await this.turn(input)
    if (result === undefined) return false
    this.endWith(turnFinished(this.record, result, this.now(), asWhole))
    return true
  }

  /** Undefined when the process stops. */
  private async cancelCalls({ suspension }: ResumedHandler): Promise<TurnResult | undefined> {
    const { agentCalls, logger: log } = this.host
    const stop = new AbortController()
    this.stopTurn = () => stop.abort()
    // What could not be told is logged: there is no later time to try it again.
    await cancelCalled(suspension.called ?? [], { agentCalls, log, signal: stop.signal }).catch(() => {})
    this.stopTurn = undefined
    return stop.signal.aborted ? undefined : { attempt: 1, seq: 0, state: 'TASK_STATE_CANCELED', artifacts: [] }
  }

  /** What happens next to a waiting task by time alone. */
  private setAlarm(): void {
    this.stopAlarm()
    if (this.stopped || this.running !== undefined) return
    if (hasCallsToCancel(this.record)) {
      this.wake()
      return
    }
    const alarm = nextAlarm(this.record)
    if (alarm === undefined) return
    if (this.answered && waitsForCall(this.record)) {
      this.wake()
      return
    }
    const ms = Date.parse(alarm.at) - this.host.clock.now()
    this.stopAlarm = this.host.clock.timer(() => this.ring(alarm), Math.max(ms, 1))
  }

  private ring({ type }: Alarm): void {
    if (type === 'remind') {
      this.endWith({ type: 'reminded', at: this.now() })
      this.setAlarm()
      return
    }
    this.wake()
  }

  private wake(): void {
    this.change({ type: 'turnWoken', at: this.now() })
    this.running = this.handle(undefined)
      .then((ended) => (ended ? this.work() : undefined))
      .finally(() => {
        this.running = undefined
        this.setAlarm()
      })
  }

  /** The turn's result, whatever the handler does; undefined when the process stops. */
  private async turn(input: TurnInput): Promise<TurnResult | undefined> {
    const stop = new AbortController()
    this.stopTurn = (reason) => stop.abort(new TurnStopped(reason))
    const { clock } = this.host
    const stopDeadline = clock.timer(() => stop.abort(new TurnStopped('deadline')), this.agent.deadlineMs)
    let failures = 0
    let before: EarlierAttempts | undefined
    const { agentId, taskId } = input
    let journalled: readonly JournalEntry[] | undefined
    let conflicts = 0
    let contended: readonly StateScope[] = []
    let finished: readonly JournalEntry[] | undefined
    let reads: StateReads | undefined
    try {
      for (let attempt = 1; ; attempt += 1) {
        const fields = { agentId, taskId, contextId: input.task.contextId, turn: input.turn, attempt }
        const log = withFields(this.host.logger, fields)
        let events: TurnEvents | undefined
        let journal: Journal | undefined
        let state: TurnState | undefined
        const called = () => {
          const calls = journal?.snapshot ?? journalled ?? input.resumed?.suspension.journal ?? []
          return [...calls, ...(finished ?? [])]
        }
        // Nothing of a handler that is left runs on, as of one that is suspended.
        const life = new AbortController()
        const unlink = onAbort(stop.signal, () => life.abort(stop.signal.reason))
        const crash = () => life.abort(new TurnStopped('suspended'))
        this.crashAttempt = crash
        const disown = this.host.bus.own(this.key, {
          picture: () => events?.said ?? { turn: input.turn, attempt, seq: 0, artifacts: [] },
          // A cancel is a call of this engine, which needs no hint.
          cancelHint: () => {},
        })
        const { signal } = life
        const { state: home, holds: queue } = this.host
        const access = new StateAccess({ home, queue, input, log, signal, contended })
        try {
          const { changes, ...result } = await runTurn(this.agent, input, {
            attempt,
            signal: life.signal,
            log,
            graceMs: this.host.graceMs,
            taskShown: this.decided,
            onBegin: () => this.decide(),
            before,
            publish: (event) => this.host.bus.publish(event),
            now: () => this.now(),
            clock,
            newId: () => this.host.newId(),
            onEvents: (made) => {
              events = made
            },
            checkpoint: async () => {
              journalled = journal?.snapshot
              this.host.onWritten?.({ ref: this.record, turn: input.turn, attempt, journal: journalled ?? [], crash })
            },
            writeAhead: async () => {},
            suspendAfterMs: this.host.suspendAfterMs,
            agentCalls: this.host.agentCalls,
            journalBefore: journalled,
            onJournal: (made) => {
              journal = made
            },
            drained: () => new Promise((resolve) => process.nextTick(resolve)),
            breathe: () => new Promise((resolve) => setTimeout(resolve, 0)),
            readState: access.read,
            stateBefore: reads,
            finished,
            onState: (made) => {
              state = made
            },
          })
          if (changes === undefined) return withOpenCalls(result, input.turn, called())
          if ((await access.commit(changes, false)) === 'committed') return { ...result, committed: true }
          conflicts += 1
          contended = changes.map(({ scope }) => scope)
          finished = finishedCalls(input, journal?.snapshot, finished)
          journalled = undefined
          reads = undefined
          before = events?.earlier(before) ?? before
          if (conflicts > MAX_CONFLICTS) throw new StateConflictError(this.agent.id, conflicts)
          log.debug({ conflicts }, 'state has changed meanwhile, the turn runs again')
        } catch (error) {
          if (error instanceof TurnStopped && error.reason === 'worker-shutdown') return undefined
          const crashed = error instanceof TurnStopped && error.reason === 'suspended'
          reads = error instanceof StateConflictError ? undefined : (state?.reads ?? reads)
          if (!crashed) failures += 1
          if (!crashed && isFinalFailure(error, failures, this.agent)) {
            if (error instanceof TurnStopped && error.reason === 'canceled') log.debug({}, 'turn canceled')
            else log.warn({ err: error }, 'turn failed')
            const ended = failedTurn(input, error, leftBehind(attempt, events, before))
            return withOpenCalls(ended, input.turn, called())
          }
          before = events?.earlier(before) ?? before
          if (crashed) {
            log.warn({}, 'attempt was lost, the next one begins')
            continue
          }
          log.warn({ err: error }, 'turn failed, will be tried again')
          journal?.forgetLastFailures()
          if (!(error instanceof StateConflictError)) journalled = journal?.snapshot ?? journalled
          await clock.pause(retryDelayMs(this.agent, failures), stop.signal)
        } finally {
          this.crashAttempt = undefined
          await access.release()
          unlink()
          disown()
        }
      }
    } finally {
      stopDeadline()
      this.stopTurn = undefined
    }
  }

  get isRunning(): boolean {
    return this.running !== undefined
  }

  /** Ends the running attempt as a crash would; false when none runs. */
  crash(): boolean {
    this.crashAttempt?.()
    return this.crashAttempt !== undefined
  }

  private now(): string {
    return timestamp(this.host.clock)
  }

  private decide(): void {
    if (this.decided) return
    this.decided = true
    this.host.onChange(this.record)
  }

  private endWith(event: TaskEvent): void {
    this.change(event)
    this.host.bus.publish(stateEvent(this.record))
    this.tell()
    this.host.onEnd(this.record)
  }

  private change(event: TaskEvent): void {
    this.record = reduce(this.record, event)
    if (this.decided || event.type === 'turnEnded') this.host.onChange(this.record)
  }
}

function retryDelayMs({ retry }: AgentDefinition, failures: number): number {
  return Math.min(retry.initialIntervalMs * 2 ** (failures - 1), retry.maxIntervalMs)
}
