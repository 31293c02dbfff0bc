/** One attempt at a turn: events to the bus, checkpoints, and the result as the commit. */
import type { Context, Info } from '@temporalio/activity'
import { failPoint } from '#failpoints'
import type { AgentCalls } from '../../agent/agent-calls.js'
import { TurnStopped } from '../../agent/agent-context.js'
import type { AgentDefinition } from '../../agent/agent-definition.js'
import { failedTurn, isFinalFailure, leftBehind } from '../../agent/failed-turn.js'
import { type Journal, stopReason } from '../../agent/journal.js'
import type { EarlierAttempts } from '../../agent/resume.js'
import { retryDelayMs } from '../../agent/retry-policy.js'
import { runTurn } from '../../agent/run-turn.js'
import { StateConflictError } from '../../agent/state-conflict.js'
import { madeArtifactId, TurnEvents } from '../../agent/turn-events.js'
import type { EventBus } from '../../bus/event-bus.js'
import { type LiveEvent, taskKey } from '../../bus/live-event.js'
import type { HoldQueue } from '../../engine/hold-queue.js'
import { sleep } from '../../internal/abort.js'
import type { Logger } from '../../internal/logger.js'
import type { JournalEntry } from '../../task/journal-entry.js'
import type { LargeValueStore } from '../../task/large-values.js'
import type { StateHome } from '../../task/state-home.js'
import type { TurnResult } from '../../task/task-record.js'
import type { TurnInput } from '../../task/turn-input.js'
import { type Checkpoint, callsOf, withOpenCalls } from '../../task/turn-outcome.js'
import type { TurnPicture, TurnStanding } from '../../task/turn-picture.js'
import { CancelCheck } from './cancel-check.js'
import { CheckpointWriter, type HeartbeatService } from './checkpoint-writer.js'
import { type DescribeService, isCancelRequested, type TurnExecution } from './describe-turn.js'
import { Fence } from './fence.js'
import { SignsOfLife } from './signs-of-life.js'
import { StateCommit, StateForgottenError } from './state-commit.js'
import { handlerFailed, stateHasChanged, storeUnavailable, workerStops } from './turn-failures.js'
import { TurnStop } from './turn-stop.js'
import { TurnValues } from './turn-values.js'

export interface TurnAttemptOptions {
  readonly bus: EventBus
  readonly service: HeartbeatService & DescribeService
  readonly namespace: string
  readonly identity: string
  /** Aborts when the worker begins to stop: running turns are given back. */
  readonly shutdown: AbortSignal
  /** Milliseconds between two checkpoints. */
  readonly checkpointMs: number
  /** How long a handler may go on after it was told to stop, in milliseconds. */
  readonly graceMs: number
  /** How long a handler may wait in the process before it is left, in milliseconds. */
  readonly suspendAfterMs: number
  /** How handlers reach other agents. */
  readonly agentCalls: AgentCalls
  /** Where the state of agents is kept. */
  readonly state: StateHome
  readonly holds: HoldQueue
  readonly largeValues: LargeValueStore
  /** A turn has begun here: the task is WORKING. Its large values are not in it. */
  onBegin(input: TurnInput): void
  /** The task has come to wait for its caller while the handler goes on, or works again. */
  onStanding(input: TurnInput, standing: TurnStanding): void
}

/** Attempts that may vanish with their worker before the turn is given up: a handler that kills its process. */
const MAX_LOST_ATTEMPTS = 20
/** Pause between two tries to write down that an artifact is about to be shown. */
const WRITE_AHEAD_RETRY_MS = 500

export class TurnAttempt {
  private readonly options: TurnAttemptOptions
  private readonly agent: AgentDefinition
  /** As it came, without large values. */
  private readonly given: TurnInput
  private readonly lastCheckpoint: Checkpoint | undefined
  private readonly context: Context
  private readonly info: Info
  private readonly log: Logger
  private readonly values: TurnValues
  private input: TurnInput
  private before: EarlierAttempts | undefined
  private journalBefore: Checkpoint['journal']
  private readonly decidedBefore: boolean
  private readonly bounces: number
  /** Attempts that ended without a word. */
  private readonly lost: number
  private readonly stop: TurnStop
  private fence: Fence | undefined
  private events: TurnEvents | undefined
  private journal: Journal | undefined
  private failures: number
  private handovers: number
  private readonly state: StateCommit

  constructor(options: TurnAttemptOptions, agent: AgentDefinition, input: TurnInput, context: Context, log: Logger) {
    const { info } = context
    this.options = options
    this.agent = agent
    this.given = input
    this.input = input
    this.context = context
    this.info = info
    this.log = log
    const last = info.heartbeatDetails as Checkpoint | undefined
    this.lastCheckpoint = last
    this.journalBefore = last?.journal
    this.decidedBefore = last?.decided ?? false
    this.failures = last?.failures ?? 0
    this.handovers = last?.handovers ?? 0
    this.bounces = last?.bounces ?? 0
    this.lost = info.attempt - 1 - this.failures - this.handovers - this.bounces - (last?.conflicts ?? 0)
    this.before = earlierAttempts(input, last, last?.result === undefined ? this.lost : 0)
    const { state: home, holds: queue, largeValues: store, shutdown, graceMs } = options
    this.stop = new TurnStop({ context, shutdown, deadlineMs: agent.deadlineMs, graceMs })
    this.state = new StateCommit({ home, queue, input, log, signal: this.stop.left }, last)
    this.values = new TurnValues({ store, key: taskKey(input), signal: this.stop.signal, graceMs, log })
  }

  async run(): Promise<TurnResult> {
    const { lost } = this
    const { ended } = this.state
    if (!this.info.isLocal && ended === undefined && lost > MAX_LOST_ATTEMPTS)
      return this.failed(new Error(`${lost} attempts were lost`))
    const writer = this.info.isLocal ? undefined : this.checkpointWriter()
    this.fence = writer === undefined ? undefined : this.makeFence(writer)
    const key = taskKey(this.input)
    failPoint?.('turn.begin', key)
    const cancelCheck = this.cancelCheck()
    const disown = this.options.bus.own(key, {
      picture: () => (this.fence?.holds() === false ? undefined : this.said()),
      cancelHint: () => cancelCheck.hint(),
    })
    const endStop = this.stop.listen()
    try {
      const result = withOpenCalls(await this.outcome(writer), this.input.turn, this.called())
      return await this.stored(result, writer)
    } finally {
      await this.state.release()
      writer?.stop()
      endStop()
      disown()
    }
  }

  private async outcome(writer: CheckpointWriter | undefined): Promise<TurnResult> {
    try {
      await this.fetch()
      // A cancel that came while no worker had the turn is heard at once, and not at the first checkpoint's time.
      if (this.info.attempt > 1) void writer?.save().catch(() => {})
      const { ended } = this.state
      if (ended !== undefined) return await this.keep(this.shownAgain(ended))
      const result = await this.runHandler(writer)
      failPoint?.('turn.result', taskKey(this.input))
      return result.changes === undefined ? result : await this.settle(result, writer)
    } catch (error) {
      return await this.afterFailure(error, writer)
    }
  }

  /** The handler and the checkpoint before it are given whole. */
  private async fetch(): Promise<void> {
    const { input, last } = await this.values.fetch(this.given, this.lastCheckpoint)
    this.input = input
    this.state.restore(last)
    this.before = earlierAttempts(input, last, last?.result === undefined ? this.lost : 0)
    this.journalBefore = last?.journal
  }

  private async stored(result: TurnResult, writer: CheckpointWriter | undefined): Promise<TurnResult> {
    try {
      return await this.values.takeOut(result)
    } catch (error) {
      this.log.warn({ err: error }, 'large values could not be written before the turn had to end')
      if (stopReason(this.stop.signal) === 'worker-shutdown') return this.handOver(writer)
      throw storeUnavailable()
    }
  }

  /** Everything that the handler is known to have called, whichever attempt has written it down. */
  private called(): readonly JournalEntry[] {
    const { journal, journalBefore, input, state } = this
    const calls = journal?.snapshot ?? journalBefore ?? input.resumed?.suspension.journal
    return callsOf({ ...state.checkpoint, ...(calls === undefined ? {} : { journal: calls }) })
  }

  private runHandler(writer: CheckpointWriter | undefined): Promise<TurnResult> {
    return runTurn(this.agent, this.input, {
      attempt: this.info.attempt,
      signal: this.stop.signal,
      log: this.log,
      graceMs: this.options.graceMs,
      taskShown: this.decidedBefore,
      onBegin: () => this.options.onBegin(this.given),
      before: this.before,
      ...this.eventsHost(),
      onEvents: (events) => {
        this.events = events
      },
      checkpoint: async () => writer?.save(),
      writeAhead: () => this.writeAhead(writer),
      holds: () => this.fence?.holds() !== false,
      suspendAfterMs: this.options.suspendAfterMs,
      agentCalls: this.options.agentCalls,
      journalBefore: this.journalBefore,
      ...this.state.handlerHost,
      onJournal: (journal) => {
        this.journal = journal
      },
      drained: () => new Promise((resolve) => process.nextTick(resolve)),
      breathe: () => new Promise((resolve) => setImmediate(resolve)),
    })
  }

  /** Once it is written down that the handler has ended, every attempt goes on from there. */
  private async settle(result: TurnResult, writer: CheckpointWriter | undefined): Promise<TurnResult> {
    this.state.ended = result
    await this.writeAhead(writer)
    this.stop.signal.throwIfAborted()
    failPoint?.('state.before', taskKey(this.input))
    return this.keep(result)
  }

  private async keep(result: TurnResult): Promise<TurnResult> {
    const kept = await this.state.keep(result, this.journal?.snapshot ?? this.journalBefore)
    failPoint?.('state.kept', taskKey(this.input))
    return kept
  }

  /** The handler had ended in an earlier attempt: readers get what it had shown once more. */
  private shownAgain(result: TurnResult): TurnResult {
    const { attempt } = this.info
    if (result.answer !== undefined) return { ...result, attempt }
    const events = new TurnEvents(this.input, { ...this.eventsHost(), attempt })
    this.events = events
    events.decided = true
    this.options.onBegin(this.given)
    events.begin()
    events.supersede(this.before?.shown ?? [], this.before?.artifacts)
    return { ...result, attempt, seq: events.position.seq, artifacts: events.artifacts() }
  }

  private eventsHost() {
    return {
      publish: (event: LiveEvent) => this.publish(event),
      now: () => new Date().toISOString(),
      newId: () => globalThis.crypto.randomUUID(),
      onStanding: (standing: TurnStanding) => this.options.onStanding(this.given, standing),
    }
  }

  private async afterFailure(error: unknown, writer: CheckpointWriter | undefined): Promise<TurnResult> {
    if (error instanceof TurnStopped && error.reason === 'superseded') throw error
    if (error instanceof TurnStopped && error.reason === 'worker-shutdown') return this.handOver(writer)
    if (error instanceof TurnStopped) return this.failed(error)
    if (error instanceof StateForgottenError) return this.failed(error)
    if (error instanceof StateConflictError) {
      this.journal = undefined
      this.journalBefore = undefined
      if (this.state.mayRunAgain()) {
        await this.saveForNext(writer)
        throw stateHasChanged(error)
      }
    }
    this.failures += 1
    const failures = this.info.isLocal ? this.info.attempt : this.failures
    if (isFinalFailure(error, failures, this.agent)) {
      if (await this.isCanceled()) return this.failed(new TurnStopped('canceled'))
      this.log.warn({ err: error, failures }, 'turn failed')
      return this.failed(error)
    }
    this.log.warn({ err: error, failures }, 'turn failed, will be tried again')
    this.journal?.forgetLastFailures()
    await this.saveForNext(writer)
    throw handlerFailed(error, retryDelayMs(this.agent.retry, failures))
  }

  private async handOver(writer: CheckpointWriter | undefined): Promise<never> {
    this.handovers += 1
    await this.saveForNext(writer)
    throw workerStops()
  }

  /** What the next attempt has to know; without it, it would count wrong and forget what was shown. */
  private async saveForNext(writer: CheckpointWriter | undefined): Promise<void> {
    await writer?.save().catch((error: unknown) => this.log.warn({ err: error }, 'checkpoint could not be written'))
  }

  private failed(error: unknown): TurnResult {
    return failedTurn(this.input, error, leftBehind(this.info.attempt, this.events, this.before))
  }

  private publish(event: LiveEvent): void {
    if (this.fence === undefined) this.options.bus.publish(event)
    else this.fence.publish(event)
  }

  private makeFence(writer: CheckpointWriter): Fence {
    const { heartbeatTimeoutMs = 0, currentAttemptScheduledTimestampMs: since } = this.info
    return new Fence({
      timeoutMs: heartbeatTimeoutMs,
      sinceMs: Date.now() - since,
      publish: (event) => this.options.bus.publish(event),
      prove: () => void writer.save().catch(() => {}),
    })
  }

  /**
   * Resolves when a checkpoint is durable. In the grace time of a stop it is tried once.
   *
   * @throws TurnStopped it could not be written before the turn was stopped
   */
  private async writeAhead(writer: CheckpointWriter | undefined): Promise<void> {
    const { signal } = this.stop
    while (writer !== undefined) {
      try {
        return await writer.save()
      } catch (error) {
        signal.throwIfAborted()
        this.log.debug({ err: error }, 'checkpoint could not be written, will be tried again')
        await sleep(WRITE_AHEAD_RETRY_MS, signal)
      }
    }
  }

  /** What fails while the task is being canceled may have failed for that, such as a call whose agent was called off before. */
  private async isCanceled(): Promise<boolean> {
    return isCancelRequested(this.execution()).catch(() => false)
  }

  private execution(): TurnExecution {
    const { service, namespace } = this.options
    const execution = this.info.workflowExecution ?? { workflowId: taskKey(this.input), runId: '' }
    return { service, namespace, execution }
  }

  private cancelCheck(): CancelCheck {
    return new CancelCheck({
      ...this.execution(),
      signal: this.stop.signal,
      onConfirmed: () => this.stop.end('canceled'),
      onFailure: (error) => this.log.debug({ err: error }, 'a cancel could not be confirmed yet'),
    })
  }

  private said(): TurnPicture {
    return this.events?.said ?? { turn: this.input.turn, attempt: this.info.attempt, seq: 0, artifacts: [] }
  }

  private checkpointWriter(): CheckpointWriter {
    const { service, namespace, identity, checkpointMs } = this.options
    const life = new SignsOfLife({
      context: this.context,
      heartbeatTimeoutMs: this.info.heartbeatTimeoutMs ?? 0,
      turn: this.execution(),
      rewrite: () => void writer.save().catch(() => {}),
    })
    const writer: CheckpointWriter = new CheckpointWriter({
      service,
      namespace,
      identity,
      key: taskKey(this.input),
      taskToken: this.info.taskToken,
      intervalMs: checkpointMs,
      before: this.lastCheckpoint,
      content: () => this.values.content(this.checkpoint()),
      onCancel: () => this.stop.end('canceled'),
      onWritten: (checkpoint) => life.show(checkpoint),
      onStop: () => life.stop(),
      onSuperseded: () => {
        this.fence?.revoke()
        this.stop.end('superseded')
      },
      onSending: () => this.fence?.sending(),
      onFailure: (error) => this.log.debug({ err: error }, 'checkpoint could not be written'),
    })
    return writer
  }

  private checkpoint(): Checkpoint {
    const journal = this.journal?.snapshot ?? this.journalBefore
    return {
      format: 1,
      ...this.said(),
      ...(this.events?.earlier(this.before) ?? this.before ?? { shown: [] }),
      decided: this.decidedBefore || this.events?.decided === true,
      failures: this.failures,
      handovers: this.handovers,
      ...(this.bounces === 0 ? {} : { bounces: this.bounces }),
      ...(journal === undefined ? {} : { journal }),
      ...this.state.checkpoint,
    }
  }
}

/**
 * What is known of those who tried before. What a lost attempt has shown is written down, but for an artifact that every
 * attempt begins with: that one is taken for shown.
 */
function earlierAttempts(input: TurnInput, last: Checkpoint | undefined, lost: number): EarlierAttempts | undefined {
  if (last === undefined && lost === 0) return undefined
  const { shown = [], artifacts = [], textArtifactId } = last ?? {}
  return {
    shown: lost > 0 && shown.length === 0 ? [madeArtifactId(input, 1)] : shown,
    artifacts,
    ...(textArtifactId === undefined ? {} : { textArtifactId }),
  }
}
