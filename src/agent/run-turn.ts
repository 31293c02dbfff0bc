/**
 * Runs an agent's handler for one attempt at one turn: results in, events and a turn result out. Every engine calls this
 * and nothing else of an agent.
 */
import type { MessageJson, PartJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { A2AError } from '../a2a/errors.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'
import { onAbort } from '../internal/abort.js'
import { assertNever } from '../internal/assert-never.js'
import { type Clock, systemClock } from '../internal/clock.js'
import type { Logger } from '../internal/logger.js'
import type { JournalEntry } from '../task/journal-entry.js'
import { MAX_RECORD_BYTES, tooLarge } from '../task/may-continue.js'
import { messageNumber } from '../task/message-number.js'
import type { HandlerOrigin, SuspendedHandler } from '../task/suspension.js'
import type { TurnEndState, TurnResult } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import type { AgentCalls } from './agent-calls.js'
import { type AgentContext, TurnStopped } from './agent-context.js'
import type { AgentDefinition } from './agent-definition.js'
import { AnswerCollector } from './answer.js'
import { eventProblem } from './check-result.js'
import { ApprovalDenied } from './durable-call-errors.js'
import { DurableCalls, refusedCalls, SUSPEND_AFTER_MS } from './durable-calls.js'
import { describe, eachResult, type HandlerHost, illegal, readResult } from './handler-results.js'
import { IdleTimeout } from './idle-timeout.js'
import { incomingMessage } from './incoming-message.js'
import { Journal } from './journal.js'
import {
  complete,
  type EmittedEvent,
  type EndResult,
  type MessageResult,
  type Result,
  reject,
  TAG,
  type TaggedResult,
} from './result.js'
import { type EarlierAttempts, resumeFrom } from './resume.js'
import { skillOf } from './skills.js'
import { TurnEvents, type TurnEventsHost } from './turn-events.js'

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
  private suspended: { handler: SuspendedHandler; question: readonly PartJson[] | undefined } | undefined
  private begun = false
  private end: EndResult | undefined
  private emittedEnd: { state: TurnEndState; message?: MessageJson; metadata?: TaskJson['metadata'] } | undefined
  private answer: MessageJson | undefined

  constructor(agent: AgentDefinition, input: TurnInput, host: TurnHost, events: TurnEvents) {
    this.agent = agent
    this.input = input
    this.host = host
    this.events = events
    this.idle = new IdleTimeout(host.signal, agent.idleTimeoutMs, host.clock)
    const { turn, place, params } = input
    this.origin = input.resumed?.suspension.origin ?? { turn, place, params }
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
    if (answers === 'task') await this.begin()
    // Before the handler, which may be called in the middle of what it has done before.
    if (this.input.resumed !== undefined || this.host.journalBefore !== undefined) this.journal()
    try {
      await this.run(handler(incomingMessage(this.message()), this.context()))
      this.journalMade?.assertComplete()
    } catch (error) {
      if (this.suspended !== undefined) return this.suspendedResult(this.suspended)
      if (!(error instanceof ApprovalDenied)) throw error
      this.journalMade?.assertComplete()
      this.end = reject('The approval was denied.')
    }
    return this.finish()
  }

  private async run(returned: ReturnType<AgentDefinition['handler']>): Promise<void> {
    const handlerHost: HandlerHost = {
      signal: this.stop.signal,
      graceMs: this.host.graceMs,
      breathe: () => this.host.breathe(),
    }
    if (this.agent.answers !== 'message') {
      return eachResult(returned, handlerHost, (given, last) => this.take(given, last))
    }
    const answer = new AnswerCollector(this.agent)
    await eachResult(returned, handlerHost, (given, last) => {
      this.idle.progress()
      answer.take(given, last)
    })
    this.answer = this.answerMessage(answer.content.parts, answer.content.metadata)
  }

  private message(): MessageJson {
    const { input, origin } = this
    return input.resumed === undefined ? input.message : (input.task.history?.[origin.place] ?? input.message)
  }

  private journal(): Journal {
    if (this.journalMade !== undefined) return this.journalMade
    const { host, input } = this
    const { resumed } = input
    const made = new Journal(host.journalBefore ?? resumed?.suspension.journal ?? [], resumed?.suspension.at, {
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
    })
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
    await this.begin()
    this.events.closeText()
    this.events.supersede(this.host.before?.shown ?? [])
    const { attempt, seq } = this.events.position
    const message = question === undefined ? this.events.said.status?.message : this.events.agentMessage(question)
    return {
      attempt,
      seq,
      artifacts: this.events.artifacts(),
      state: handler.until === 'answer' ? 'TASK_STATE_INPUT_REQUIRED' : 'TASK_STATE_WORKING',
      ...(message === undefined ? {} : { message }),
      suspended: handler,
    }
  }

  /** From here on it is a task that callers see. */
  private async begin(): Promise<void> {
    if (this.begun) return
    this.begun = true
    this.events.decided = true
    // That it is a task, and no Message, must not be forgotten once it was shown.
    if (this.agent.answers === 'either' && !this.host.taskShown) await this.host.checkpoint()
    this.host.onBegin?.()
    this.events.begin()
  }

  /** One result, shown or kept for the end. */
  private async take(given: Result | undefined, last: boolean): Promise<void> {
    this.idle.progress()
    const result = readResult(this.agent.id, given, last)
    if (result === undefined) return
    // It was said in an earlier turn.
    if (this.journalMade?.caughtUp === false) return
    if (this.end !== undefined || this.emittedEnd !== undefined || this.answer !== undefined) {
      throw this.illegal(`gave ${describe(given)} after its final result`)
    }
    if (result[TAG] === 'message') {
      if (this.agent.answers === 'task') throw this.illegal(`gave message(), but it declares answers: 'task'`)
      if (this.begun) throw this.illegal('gave message() after another result')
      // A task that callers may have seen cannot become a Message any more: then it is what the task ends with.
      if (this.input.turn > 1 || this.host.taskShown) {
        await this.begin()
        this.end = complete(result.parts, result.metadata === undefined ? {} : { metadata: result.metadata })
        return
      }
      this.answer = this.answerMessage(result.parts, result.metadata)
      return
    }
    await this.begin()
    await this.show(result, last)
    this.checkSize()
  }

  private checkSize(): void {
    if (this.events.bytes > MAX_RECORD_BYTES) throw tooLarge(`What agent ${this.agent.id} said in this turn`)
  }

  private async show(result: Exclude<TaggedResult, MessageResult>, last: boolean): Promise<void> {
    switch (result[TAG]) {
      case 'text':
        if (this.events.textArtifact === undefined) await this.writeAhead(undefined)
        return this.events.text(result.text, last)
      case 'status':
        return this.events.status(result.text, result.metadata)
      case 'artifact':
        await this.writeAhead(result.artifactId)
        return this.events.artifact(result)
      case 'end':
        if (result.state !== 'auth-required' || last || result.last) {
          this.end = result
          return
        }
        // An interrupted state is shown only when it is durable, also this one.
        await this.host.checkpoint()
        this.idle.pause()
        return this.events.authRequired(result.parts, result.metadata)
      default:
        return assertNever(result)
    }
  }

  private async writeAhead(artifactId: string | undefined): Promise<void> {
    if (this.events.announce(artifactId)) await this.host.writeAhead()
  }

  private async finish(): Promise<TurnResult> {
    if (this.answer !== undefined) {
      return { attempt: this.host.attempt, seq: 0, state: 'TASK_STATE_COMPLETED', artifacts: [], answer: this.answer }
    }
    await this.begin()
    this.events.closeText()
    this.events.supersede(this.host.before?.shown ?? [])
    const { attempt, seq } = this.events.position
    return { attempt, seq, artifacts: this.events.artifacts(), ...this.endStatus() }
  }

  private endStatus(): Pick<TurnResult, 'state' | 'message' | 'metadata'> {
    if (this.emittedEnd !== undefined) return this.emittedEnd
    if (this.end === undefined) return { state: 'TASK_STATE_COMPLETED' }
    const { state, parts, metadata } = this.end
    return {
      state: endState(state),
      ...(parts === undefined ? {} : { message: this.events.agentMessage(parts) }),
      ...(metadata === undefined ? {} : { metadata }),
    }
  }

  /** A Message that stands alone: of the context, of no task. */
  private answerMessage(parts: readonly PartJson[], metadata: MessageJson['metadata']): MessageJson {
    const { taskId: _, ...message } = this.events.agentMessage(parts, metadata)
    return message
  }

  private context(): AgentContext {
    const { input, host, origin } = this
    const history = input.task.history ?? []
    const calls = this.agent.run === 'durable' ? this.calls() : refusedCalls(this.agent)
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
      emit: (event) => this.emit(event),
      step: calls.step,
      ask: calls.ask,
      approve: calls.approve,
      sleep: calls.sleep,
      call: calls.call,
    }
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

  private async emit(event: EmittedEvent): Promise<void> {
    this.idle.progress()
    if (this.journalMade?.caughtUp === false) return
    if (this.agent.answers === 'message') throw this.illegal(`emitted an event, but it declares answers: 'message'`)
    if (this.end !== undefined || this.emittedEnd !== undefined)
      throw this.illegal('emitted an event after its final result')
    const problem = eventProblem(event)
    if (problem !== undefined) throw this.illegal(`emitted an event ${problem}`)
    const status = event.statusUpdate?.status
    await this.begin()
    if (isTerminal(status?.state) || isInterrupted(status?.state)) {
      // Shown by the engine once it is durable, like any other end.
      const message = status.message
      this.emittedEnd = {
        state: status.state,
        ...(message === undefined ? {} : { message: this.emittedMessage(message) }),
        ...(event.statusUpdate?.metadata === undefined ? {} : { metadata: event.statusUpdate.metadata }),
      }
      return
    }
    if (event.artifactUpdate?.artifact !== undefined) await this.writeAhead(event.artifactUpdate.artifact.artifactId)
    const message = status?.message
    this.events.emit(
      message === undefined
        ? event
        : { statusUpdate: { ...event.statusUpdate, status: { ...status, message: this.emittedMessage(message) } } },
    )
    this.checkSize()
  }

  private emittedMessage(message: MessageJson): MessageJson {
    const made = this.events.agentMessage(message.parts ?? [], message.metadata)
    return message.messageId === undefined || message.messageId === ''
      ? made
      : { ...made, messageId: message.messageId }
  }

  private illegal(what: string): A2AError {
    return illegal(this.agent.id, what)
  }
}

function endState(state: EndResult['state']): TurnEndState {
  switch (state) {
    case 'completed':
      return 'TASK_STATE_COMPLETED'
    case 'input-required':
      return 'TASK_STATE_INPUT_REQUIRED'
    case 'auth-required':
      return 'TASK_STATE_AUTH_REQUIRED'
    case 'rejected':
      return 'TASK_STATE_REJECTED'
    case 'failed':
      return 'TASK_STATE_FAILED'
    default:
      return assertNever(state)
  }
}
