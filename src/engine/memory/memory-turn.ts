/** A turn in memory: one attempt after the other, until it has a result. */
import type { AgentCalls } from '../../agent/agent-calls.js'
import { TurnStopped } from '../../agent/agent-context.js'
import type { AgentDefinition } from '../../agent/agent-definition.js'
import { failedTurn, isFinalFailure, leftBehind } from '../../agent/failed-turn.js'
import type { Journal } from '../../agent/journal.js'
import type { EarlierAttempts } from '../../agent/resume.js'
import { retryDelayMs } from '../../agent/retry-policy.js'
import { runTurn } from '../../agent/run-turn.js'
import { finishedCalls, MAX_CONFLICTS, StateConflictError } from '../../agent/state-conflict.js'
import type { TurnEvents } from '../../agent/turn-events.js'
import type { TurnHost } from '../../agent/turn-host.js'
import { turnLogger } from '../../agent/turn-logger.js'
import type { TurnState } from '../../agent/turn-state.js'
import type { EventBus } from '../../bus/event-bus.js'
import { taskKey } from '../../bus/live-event.js'
import { onAbort } from '../../internal/abort.js'
import { type Clock, timestamp } from '../../internal/clock.js'
import type { Logger } from '../../internal/logger.js'
import type { JournalEntry } from '../../task/journal-entry.js'
import type { StateHome, StateReads } from '../../task/state-home.js'
import type { ScopeChange, StateScope } from '../../task/state-record.js'
import type { TaskRef, TurnResult } from '../../task/task-record.js'
import type { TurnInput } from '../../task/turn-input.js'
import { callsOf, withOpenCalls } from '../../task/turn-outcome.js'
import type { TurnStanding } from '../../task/turn-picture.js'
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

export interface MemoryTurnHost {
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
}

export interface MemoryTurnOptions {
  /** It is known to be a task, and no Message. */
  isShown(): boolean
  onBegin(): void
  onStanding(standing: TurnStanding): void
}

interface Attempt {
  readonly number: number
  readonly log: Logger
  /** Aborts when the turn is to end, or this attempt at it. */
  readonly life: AbortController
  readonly access: StateAccess
  events?: TurnEvents
  journal?: Journal
  state?: TurnState
  close(): Promise<void>
}

const AGAIN = Symbol('the next attempt begins')

export class MemoryTurn {
  private readonly agent: AgentDefinition
  private readonly input: TurnInput
  private readonly host: MemoryTurnHost
  private readonly options: MemoryTurnOptions
  private readonly stop = new AbortController()
  private running: Attempt | undefined
  private failures = 0
  private conflicts = 0
  // What the next attempt goes on from.
  private before: EarlierAttempts | undefined
  private journal: readonly JournalEntry[] | undefined
  private finished: readonly JournalEntry[] | undefined
  private contended: readonly StateScope[] = []
  private reads: StateReads | undefined

  constructor(agent: AgentDefinition, input: TurnInput, host: MemoryTurnHost, options: MemoryTurnOptions) {
    this.agent = agent
    this.input = input
    this.host = host
    this.options = options
  }

  /** The result, whatever the handler does; undefined when the process stops. */
  async run(): Promise<TurnResult | undefined> {
    const stopDeadline = this.host.clock.timer(() => this.end('deadline'), this.agent.deadlineMs)
    try {
      for (let number = 1; ; number += 1) {
        const outcome = await this.attempt(number)
        if (outcome !== AGAIN) return outcome
      }
    } finally {
      stopDeadline()
    }
  }

  end(reason: 'canceled' | 'worker-shutdown' | 'deadline'): void {
    this.stop.abort(new TurnStopped(reason))
  }

  /** Ends the running attempt as a crash would; false when none runs. */
  crash(): boolean {
    this.running?.life.abort(new TurnStopped('suspended'))
    return this.running !== undefined
  }

  private async attempt(number: number): Promise<TurnResult | undefined | typeof AGAIN> {
    const attempt = this.open(number)
    this.running = attempt
    try {
      const { changes, ...result } = await this.runHandler(attempt)
      if (changes === undefined) return withOpenCalls(result, this.input.turn, this.called(attempt))
      if ((await attempt.access.commit(changes, false)) === 'committed') return { ...result, committed: true }
      return this.afterConflict(changes, attempt)
    } catch (error) {
      return await this.afterFailure(error, attempt)
    } finally {
      this.running = undefined
      await attempt.close()
    }
  }

  private open(number: number): Attempt {
    const { input, contended, stop } = this
    const { bus, logger, state: home, holds: queue } = this.host
    const { turn } = input
    const log = turnLogger(logger, input, number)
    // Nothing of a handler that is left runs on, as of one that is suspended.
    const life = new AbortController()
    const unlink = onAbort(stop.signal, () => life.abort(stop.signal.reason))
    const disown = bus.own(taskKey(input), {
      picture: () => attempt.events?.said ?? { turn, attempt: number, seq: 0, artifacts: [] },
      // A cancel is a call of this engine, which needs no hint.
      cancelHint: () => {},
    })
    const access = new StateAccess({ home, queue, input, log, signal: life.signal, contended })
    const attempt: Attempt = {
      number,
      log,
      life,
      access,
      async close() {
        await access.release()
        unlink()
        disown()
      },
    }
    return attempt
  }

  private runHandler(attempt: Attempt): Promise<TurnResult> {
    const { host, options } = this
    const handlerHost: TurnHost = {
      attempt: attempt.number,
      signal: attempt.life.signal,
      log: attempt.log,
      graceMs: host.graceMs,
      taskShown: options.isShown(),
      onBegin: () => options.onBegin(),
      onStanding: (standing) => options.onStanding(standing),
      before: this.before,
      publish: (event) => host.bus.publish(event),
      now: () => timestamp(host.clock),
      clock: host.clock,
      newId: () => host.newId(),
      onEvents: (events) => {
        attempt.events = events
      },
      checkpoint: async () => this.written(attempt),
      writeAhead: async () => {},
      suspendAfterMs: host.suspendAfterMs,
      agentCalls: host.agentCalls,
      journalBefore: this.journal,
      onJournal: (journal) => {
        attempt.journal = journal
      },
      drained: () => new Promise((resolve) => process.nextTick(resolve)),
      breathe: () => new Promise((resolve) => setTimeout(resolve, 0)),
      readState: attempt.access.read,
      stateBefore: this.reads,
      finished: this.finished,
      onState: (state) => {
        attempt.state = state
      },
    }
    return runTurn(this.agent, this.input, handlerHost)
  }

  private written({ number, life, journal }: Attempt): void {
    this.journal = journal?.snapshot
    this.host.onWritten?.({
      ref: this.input,
      turn: this.input.turn,
      attempt: number,
      journal: this.journal ?? [],
      crash: () => life.abort(new TurnStopped('suspended')),
    })
  }

  /** Another turn has changed the same state meanwhile. */
  private afterConflict(changes: readonly ScopeChange[], { log, events, journal }: Attempt): typeof AGAIN {
    this.conflicts += 1
    this.contended = changes.map(({ scope }) => scope)
    this.finished = finishedCalls(this.input, journal?.snapshot, this.finished)
    this.journal = undefined
    this.reads = undefined
    this.before = events?.earlier(this.before) ?? this.before
    if (this.conflicts > MAX_CONFLICTS) throw new StateConflictError(this.agent.id, this.conflicts)
    log.debug({ conflicts: this.conflicts }, 'state has changed meanwhile, the turn runs again')
    return AGAIN
  }

  private async afterFailure(error: unknown, attempt: Attempt): Promise<TurnResult | undefined | typeof AGAIN> {
    const { log, events, journal, state } = attempt
    const reason = error instanceof TurnStopped ? error.reason : undefined
    if (reason === 'worker-shutdown') return undefined
    this.reads = error instanceof StateConflictError ? undefined : (state?.reads ?? this.reads)
    const crashed = reason === 'suspended'
    if (!crashed) {
      this.failures += 1
      if (isFinalFailure(error, this.failures, this.agent)) return this.failed(error, attempt)
    }
    this.before = events?.earlier(this.before) ?? this.before
    if (crashed) {
      log.warn({}, 'attempt was lost, the next one begins')
      return AGAIN
    }
    log.warn({ err: error }, 'turn failed, will be tried again')
    journal?.forgetLastFailures()
    if (!(error instanceof StateConflictError)) this.journal = journal?.snapshot ?? this.journal
    await this.host.clock.pause(retryDelayMs(this.agent.retry, this.failures), this.stop.signal)
    return AGAIN
  }

  private failed(error: unknown, attempt: Attempt): TurnResult {
    const { number, log, events } = attempt
    if (error instanceof TurnStopped && error.reason === 'canceled') log.debug({}, 'turn canceled')
    else log.warn({ err: error }, 'turn failed')
    const ended = failedTurn(this.input, error, leftBehind(number, events, this.before))
    return withOpenCalls(ended, this.input.turn, this.called(attempt))
  }

  /** Everything that the handler is known to have called, whichever attempt has written it down. */
  private called({ journal }: Attempt): readonly JournalEntry[] {
    const calls = journal?.snapshot ?? this.journal ?? this.input.resumed?.suspension.journal ?? []
    return callsOf({ journal: calls, finished: this.finished ?? [] })
  }
}
