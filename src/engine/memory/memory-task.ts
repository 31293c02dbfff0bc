/** One task in memory: its record, its queue of turns, its cancel. */
import type { AgentDefinition } from '../../agent/agent-definition.js'
import { cancelCalled } from '../../agent/cancel-called.js'
import { stateEvent } from '../../bus/state-event.js'
import { timestamp } from '../../internal/clock.js'
import { keyReused, refusal } from '../../task/may-continue.js'
import { isKeyReused, lastAcceptedTurn, nextMessage, reduce, type TaskEvent, turnOfKey } from '../../task/reduce.js'
import { type Alarm, hasCallsToCancel, nextAlarm, type ResumedHandler, waitsForCall } from '../../task/suspension.js'
import type { QueuedMessage, TaskRecord, TurnResult } from '../../task/task-record.js'
import { type TurnInput, turnInput } from '../../task/turn-input.js'
import { turnFinished } from '../../task/turn-outcome.js'
import { type TurnStanding, withPicture, withStanding } from '../../task/turn-picture.js'
import type { ReachedState, WebhookEvents } from '../../task/webhook-events.js'
import { asWhole } from '../../task/weight.js'
import type { FollowUp } from '../engine.js'
import { MemoryTurn, type MemoryTurnHost } from './memory-turn.js'

export interface MemoryTaskHost extends MemoryTurnHost {
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
  private running: Promise<void> | undefined
  private turn: MemoryTurn | undefined
  private stopTurn: ((reason: 'canceled' | 'worker-shutdown') => void) | undefined
  private stopped = false
  private stopAlarm: () => void = () => {}
  /** An agent that the handler may wait for has answered since the turn began. */
  private answered = false
  /** It is known to be a task, and no Message: only then it is listed. */
  private decided: boolean
  /** How the running turn stands, when it stands otherwise than its record says. */
  private standing: TurnStanding | undefined

  constructor(record: TaskRecord, agent: AgentDefinition, host: MemoryTaskHost) {
    this.record = record
    this.agent = agent
    this.host = host
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

  accept({ message, params, idempotencyKey: key, requestHash, calledBy, webhooks }: FollowUp): { turn: number } {
    if (isKeyReused(this.record, key, requestHash)) throw keyReused()
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
      ...(requestHash === undefined ? {} : { requestHash }),
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
  tell(record = this.record): void {
    const { webhooks, artifactsBefore } = this
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
    const result = input.resumed?.by === 'canceled' ? await this.cancelCalls(input.resumed) : await this.take(input)
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

  /** Undefined when the process stops. */
  private async take(input: TurnInput): Promise<TurnResult | undefined> {
    const turn = new MemoryTurn(this.agent, input, this.host, {
      isShown: () => this.decided,
      onBegin: () => this.decide(),
      onStanding: (standing) => this.stand(standing),
    })
    this.turn = turn
    this.stopTurn = (reason) => turn.end(reason)
    try {
      return await turn.run()
    } finally {
      this.turn = undefined
      this.stopTurn = undefined
    }
  }

  get isRunning(): boolean {
    return this.running !== undefined
  }

  /** Ends the running attempt as a crash would; false when none runs. */
  crash(): boolean {
    return this.turn?.crash() ?? false
  }

  private now(): string {
    return timestamp(this.host.clock)
  }

  private decide(): void {
    if (this.decided) return
    this.decided = true
    this.host.onChange(this.record)
  }

  private stand(standing: TurnStanding): void {
    this.standing = standing
    if (!this.decided) return
    this.host.onChange(withStanding(this.record, standing))
    const { eventMetadata } = standing
    this.tell({ ...withPicture(this.record, standing), ...(eventMetadata === undefined ? {} : { eventMetadata }) })
  }

  private endWith(event: TaskEvent): void {
    this.change(event)
    this.host.bus.publish(stateEvent(this.record))
    this.tell()
    this.host.onEnd(this.record)
  }

  private change(event: TaskEvent): void {
    this.record = reduce(this.record, event)
    if (this.decided || event.type === 'turnEnded') this.host.onChange(withStanding(this.record, this.standing))
  }
}
