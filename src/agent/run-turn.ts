/**
 * Runs an agent's handler for one attempt at one turn: results in, events and a turn result out. Every engine calls this
 * and nothing else of an agent.
 */
import type { MessageJson, PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { onAbort } from '../internal/abort.js'
import { systemClock } from '../internal/clock.js'
import { mapTask } from '../task/large-values.js'
import type { HandlerOrigin, SuspendedHandler } from '../task/suspension.js'
import type { TurnResult } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import { asWhole, NOTHING, plus, type Weight, weigh, weightOf } from '../task/weight.js'
import { type AgentContext, TurnStopped } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import type { AgentState } from './agent-state.js'
import { ApprovalDenied } from './durable-call-errors.js'
import { DurableCalls } from './durable-calls.js'
import { eachResult, type HandlerHost } from './handler-results.js'
import { IdleTimeout } from './idle-timeout.js'
import { incomingMessage } from './incoming-message.js'
import { Journal } from './journal.js'
import { refusedCalls } from './refused-calls.js'
import { reject } from './result.js'
import { turnContext } from './turn-context.js'
import { TurnEvents } from './turn-events.js'
import type { TurnHost } from './turn-host.js'
import { TurnResults } from './turn-results.js'
import { TurnState } from './turn-state.js'
import { SUSPEND_AFTER_MS } from './turn-times.js'

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
  private taskWeight: Weight | undefined
  private stateMade: TurnState | undefined
  private over = false
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
    const isOver = () => this.isOver()
    this.results = new TurnResults(agent, input, host, { events, idle: this.idle, isNew, isOver })
    this.release = onAbort(this.idle.signal, () => this.stop.abort(this.idle.signal.reason))
  }

  /** Whatever of the handler still runs is not heard any more. */
  close(): void {
    this.over = true
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

  /** A handler that was stopped is told so in other ways. */
  private isOver(): boolean {
    return this.over && !this.stop.signal.aborted
  }

  /** What the task would come to with a value of so many bytes more. */
  private weightWith(bytes: number): Weight {
    this.taskWeight ??= weigh(this.input.task, mapTask, asWhole)
    const journal = this.journalMade?.weight ?? NOTHING
    const unseen = this.input.unseen?.weight ?? NOTHING
    return plus(this.taskWeight, unseen, this.events.weight, journal, weightOf(bytes))
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
    this.events.closeOpen(false)
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
    const { agent, input, host, origin, results } = this
    const durable = agent.run === 'durable' ? this.calls() : undefined
    return turnContext({
      agent,
      input,
      host,
      origin,
      message: this.message(),
      signal: this.stop.signal,
      emit: (event) => results.emit(event),
      calls: durable ?? refusedCalls(agent),
      state: () => (durable === undefined ? refusedCalls(agent).state : this.state(durable)),
    })
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
      isOver: () => this.isOver(),
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
      owned: () => (this.host.holds?.() === false ? this.host.writeAhead() : undefined),
      isOver: () => this.isOver(),
      weightWith: (bytes) => this.weightWith(bytes),
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
