/**
 * Runs an agent's handler for one attempt at one turn: results in, events and a turn result out. Every engine calls this
 * and nothing else of an agent.
 */
import type { MessageJson, PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { onAbort } from '../internal/abort.js'
import { type Clock, systemClock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import type { JournalEntry } from '../task/journal-entry.js'
import { MAX_RECORD_BYTES } from '../task/may-continue.js'
import { messageNumber } from '../task/message-number.js'
import type { StateReads } from '../task/state-home.js'
import type { StateRef, StateSnapshot } from '../task/state-record.js'
import type { HandlerOrigin, SuspendedHandler } from '../task/suspension.js'
import type { TurnResult } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import type { AgentCalls } from './agent-calls.js'
import { type AgentContext, TurnStopped } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import type { AgentState } from './agent-state.js'
import { ApprovalDenied } from './durable-call-errors.js'
import { DurableCalls, SUSPEND_AFTER_MS } from './durable-calls.js'
import { eachResult, type HandlerHost } from './handler-results.js'
import { IdleTimeout } from './idle-timeout.js'
import { incomingMessage } from './incoming-message.js'
import { Journal } from './journal.js'
import { refusedCalls } from './refused-calls.js'
import { reject } from './result.js'
import { type EarlierAttempts, resumeFrom } from './resume.js'
import { skillOf } from './skills.js'
import { TurnEvents, type TurnEventsHost } from './turn-events.js'
import { TurnResults } from './turn-results.js'
import { TurnState } from './turn-state.js'

export interface TurnHost extends TurnEventsHost, HandlerHost {
  readonly log: Logger
  /** What waits here goes by. Default: the system's. */
  readonly clock?: Clock
  /** An earlier attempt has shown that this is a task. */
  readonly taskShown: boolean
  /** What earlier attempts at this turn have shown; undefined for the first. */
  readonly before: EarlierAttempts | undefined
  /** The events of the attempt, as soon as there are any: for snapshots. */
  onEvents?(events: TurnEvents): void
  /** The turn is about to be shown as a task that is WORKING. */
  onBegin?(): void
  /** Makes what was said and journalled so far durable. Rejects when it could not be written. */
  checkpoint(): Promise<void>
  /** The same, tried until it succeeds or the turn is stopped: before an artifact is shown that the next attempt could not know of. */
  writeAhead(): Promise<void>
  /** How other agents are reached; undefined where they cannot be. */
  readonly agentCalls?: AgentCalls | undefined
  /** How long a handler may wait in the process before it is left, in milliseconds. Default 30000. */
  readonly suspendAfterMs?: number | undefined
  /** The journal as earlier attempts at this turn have left it. */
  readonly journalBefore: readonly JournalEntry[] | undefined
  /** The journal of the attempt, as soon as there is one: for checkpoints. */
  onJournal?(journal: Journal): void
  /** What the handler of an attempt has called whose state another turn had changed meanwhile. */
  readonly finished?: readonly JournalEntry[] | undefined
  /** Reads the agent's state; undefined where none is kept. */
  readonly readState?: ((ref: StateRef) => Promise<StateSnapshot>) | undefined
  /** What earlier attempts at this turn have read of it. */
  readonly stateBefore?: StateReads | undefined
  /** The state of the attempt, as soon as the handler uses it: for checkpoints. */
  onState?(state: TurnState): void
  /** Resolves when everything has run that can run without waiting for something outside of this process. */
  drained(): Promise<void>
}

/**
 * @throws TurnStopped the signal aborted before the handler had a result
 * @throws A2AError INVALID_AGENT_RESPONSE the handler gave what it must not; retrying will not help
 * @throws IdleTimeoutError the handler made no progress in time
 * @throws whatever the handler throws
 */
export async function runTurn(agent: AgentDefinition, input: TurnInput, host: TurnHost): Promise<TurnResult> {
  const events = new TurnEvents(input, host)
  host.onEvents?.(events)
  const run = new TurnRun(agent, input, host, events)
  try {
    return await run.result()
  } catch (error) {
    throw run.idle.failure(agent.id) ?? error
  } finally {
    events.close()
    run.close()
  }
}

class TurnRun {
  readonly idle: IdleTimeout
  private readonly agent: AgentDefinition
  private readonly input: TurnInput
  private readonly host: TurnHost
  private readonly events: TurnEvents
  /** With which message the handler is called; it may have been called with it in an earlier turn. */
  private readonly origin: HandlerOrigin
  private readonly stop = new AbortController()
  private readonly release: () => void
  private journalMade: Journal | undefined
  private taskBytes: number | undefined
  private stateMade: TurnState | undefined
  private suspended: { handler: SuspendedHandler; question: readonly PartJson[] | undefined } | undefined
  private readonly results: TurnResults

  constructor(agent: AgentDefinition, input: TurnInput, host: TurnHost, events: TurnEvents) {
    this.agent = agent
    this.input = input
    this.host = host
    this.events = events
    this.idle = new IdleTimeout(host.signal, agent.idleTimeoutMs, host.clock)
    const { turn, place, params } = input
    this.origin = input.resumed?.suspension.origin ?? { turn, place, params }
    const isNew = () => this.journalMade?.caughtUp !== false
    this.results = new TurnResults(agent, input, host, { events, idle: this.idle, isNew })
    this.release = onAbort(this.idle.signal, () => this.stop.abort(this.idle.signal.reason))
  }

  /** Whatever of the handler still runs is not heard any more. */
  close(): void {
    this.idle.release()
    this.release()
  }

  async result(): Promise<TurnResult> {
    this.host.signal.throwIfAborted()
    const { handler, answers } = this.agent
    if (answers === 'task') await this.results.begin()
    // Before the handler, which may be called in the middle of what it has done before.
    if (this.input.resumed !== undefined || this.host.journalBefore !== undefined) this.journal()
    try {
      await this.run(handler(incomingMessage(this.message()), this.context()))
      this.journalMade?.assertComplete()
    } catch (error) {
      if (this.suspended !== undefined) return this.suspendedResult(this.suspended)
      if (!(error instanceof ApprovalDenied)) throw error
      this.journalMade?.assertComplete()
      this.results.endWith(reject('The approval was denied.'))
    }
    const result = await this.results.finish()
    return commits(result) ? this.withChanges(result) : result
  }

  private async run(returned: ReturnType<AgentDefinition['handler']>): Promise<void> {
    const handlerHost: HandlerHost = {
      signal: this.stop.signal,
      graceMs: this.host.graceMs,
      breathe: () => this.host.breathe(),
    }
    const { take, done } = this.results.taker()
    await eachResult(returned, handlerHost, take)
    done()
  }

  private message(): MessageJson {
    const { input, origin } = this
    return input.resumed === undefined ? input.message : (input.task.history?.[origin.place] ?? input.message)
  }

  private journal(): Journal {
    if (this.journalMade !== undefined) return this.journalMade
    const { host, input } = this
    const { resumed } = input
    const journalHost = {
      signal: this.stop.signal,
      log: host.log,
      save: () => {
        this.idle.progress()
        return host.checkpoint()
      },
      drained: () => {
        // The handler is given something, which is progress.
        this.idle.progress()
        return host.drained()
      },
    }
    const before = host.journalBefore ?? resumed?.suspension.journal ?? []
    const made = new Journal(before, resumed?.suspension.at, journalHost, host.finished)
    this.journalMade = made
    host.onJournal?.(made)
    return made
  }

  private fits(bytes: number): boolean {
    this.taskBytes ??= JSON.stringify(this.input.task).length
    return this.taskBytes + this.events.bytes + this.journal().bytes + bytes <= MAX_RECORD_BYTES
  }

  /** The handler waits: what it has said so far, the question it waits with, and how it goes on. */
  private async suspendedResult({
    handler,
    question,
  }: {
    handler: SuspendedHandler
    question: readonly PartJson[] | undefined
  }): Promise<TurnResult> {
    await this.results.begin()
    this.events.closeText()
    this.events.supersede(this.host.before?.shown ?? [])
    const { attempt, seq } = this.events.position
    const message = question === undefined ? this.events.said.status?.message : this.events.agentMessage(question)
    const state = this.stateMade?.stagesUntil(handler.at) ?? this.input.resumed?.suspension.state
    return this.withChanges({
      attempt,
      seq,
      artifacts: this.events.artifacts(),
      state: handler.until === 'answer' ? 'TASK_STATE_INPUT_REQUIRED' : 'TASK_STATE_WORKING',
      ...(message === undefined ? {} : { message }),
      suspended: state === undefined ? handler : { ...handler, state },
    })
  }

  private withChanges(result: TurnResult): TurnResult {
    const changes = this.stateMade?.changes
    return changes === undefined ? result : { ...result, changes }
  }

  private context(): AgentContext {
    const { input, host, origin } = this
    const history = input.task.history ?? []
    const durable = this.agent.run === 'durable' ? this.calls() : undefined
    const calls = durable ?? refusedCalls(this.agent)
    const state = () => (durable === undefined ? refusedCalls(this.agent).state : this.state(durable))
    const before = history.slice(0, origin.place)
    return {
      signal: this.stop.signal,
      taskId: input.taskId,
      contextId: input.task.contextId ?? '',
      task: input.task,
      skill: skillOf(this.agent, this.message(), before),
      history: before,
      metadata: origin.params.metadata ?? {},
      acceptedOutputModes: origin.params.acceptedOutputModes ?? [],
      streamed: origin.params.streamed ?? false,
      extensions: origin.params.extensions ?? [],
      attempt: host.attempt,
      resume: resumeFrom(host.before),
      turn: messageNumber(history, origin.place),
      caller: { principal: input.owner, tenant: input.tenant, roles: origin.params.roles ?? [] },
      log: host.log,
      emit: (event) => this.results.emit(event),
      get state() {
        return state()
      },
      step: calls.step,
      ask: calls.ask,
      approve: calls.approve,
      sleep: calls.sleep,
      call: calls.call,
    }
  }

  private state(calls: DurableCalls): AgentState {
    if (this.stateMade !== undefined) return this.stateMade.api
    const { agent, input, host } = this
    const made = new TurnState({
      agent,
      input,
      read: host.readState,
      signal: this.stop.signal,
      before: host.stateBefore,
      isGiven: (call) => this.journal().isGiven(call),
      busy: (work) => calls.besides(work),
    })
    this.stateMade = made
    host.onState?.(made)
    return made.api
  }

  private calls(): DurableCalls {
    const run = this
    return new DurableCalls({
      agent: this.agent,
      input: this.input,
      origin: this.origin,
      signal: this.stop.signal,
      log: this.host.log,
      clock: this.host.clock ?? systemClock,
      get journal() {
        return run.journal()
      },
      agentCalls: this.host.agentCalls,
      suspendAfterMs: this.host.suspendAfterMs ?? SUSPEND_AFTER_MS,
      fits: (bytes) => this.fits(bytes),
      pause: () => {
        this.idle.pause()
        return () => this.idle.progress()
      },
      suspend: (handler, question) => {
        this.suspended = { handler, question }
        this.stop.abort(new TurnStopped('suspended'))
      },
    })
  }
}

/** A turn that fails or is rejected leaves the agent's state as it was. */
function commits({ state }: TurnResult): boolean {
  return state !== 'TASK_STATE_FAILED' && state !== 'TASK_STATE_REJECTED' && state !== 'TASK_STATE_CANCELED'
}
