/** The results of one attempt at a turn: shown as they come, or kept for the turn's end. */
import type { MessageJson, PartJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import type { A2AError } from '../a2a/errors.js'
import { isInterrupted, isTerminal } from '../a2a/state.js'
import { assertNever } from '../internal/assert-never.js'
import { wellFormed } from '../internal/well-formed.js'
import type { TurnEndState, TurnResult } from '../task/task-record.js'
import type { TurnInput } from '../task/turn-input.js'
import { fits, tooLarge } from '../task/weight.js'
import type { AgentDefinition } from './agent-definition.js'
import { AnswerCollector } from './answer.js'
import { eventProblem } from './check-result.js'
import { asHandlerFault } from './handler-fault.js'
import { describe, illegal, readResult, type TakeResult } from './handler-results.js'
import type { IdleTimeout } from './idle-timeout.js'
import { AWAIT_IT } from './open-calls.js'
import {
  complete,
  type EmittedEvent,
  type EndResult,
  type MessageResult,
  type Result,
  TAG,
  type TaggedResult,
} from './result.js'
import type { TurnEvents } from './turn-events.js'
import type { TurnHost } from './turn-host.js'

export class TurnResults {
  private readonly agent: AgentDefinition
  private readonly input: TurnInput
  private readonly host: TurnHost
  private readonly events: TurnEvents
  private readonly idle: IdleTimeout
  /** The handler is back where it was when it began to wait: what it says is new. */
  private readonly isNew: () => boolean
  /** The turn has ended, whatever the handler has left running. */
  private readonly isOver: () => boolean
  private begun = false
  private end: EndResult | undefined
  private emittedEnd: { state: TurnEndState; message?: MessageJson; metadata?: TaskJson['metadata'] } | undefined
  private answer: MessageJson | undefined

  constructor(
    agent: AgentDefinition,
    input: TurnInput,
    host: TurnHost,
    {
      events,
      idle,
      isNew,
      isOver,
    }: { events: TurnEvents; idle: IdleTimeout } & Record<'isNew' | 'isOver', () => boolean>,
  ) {
    this.agent = agent
    this.input = input
    this.host = host
    this.events = events
    this.idle = idle
    this.isNew = isNew
    this.isOver = isOver
  }

  /** What takes the handler's results, one by one; for an agent that answers with a Message, `done` makes it out of them. */
  taker(): { take: TakeResult; done: () => void } {
    if (this.agent.answers !== 'message') return { take: (given, last) => this.take(given, last), done: () => {} }
    const collector = new AnswerCollector(this.agent)
    const take: TakeResult = (given, last) => {
      this.idle.progress()
      collector.take(given, last)
    }
    const done = () => {
      this.answer = this.answerMessage(collector.content.parts, collector.content.metadata)
    }
    return { take, done }
  }

  endWith(end: EndResult): void {
    this.end = end
  }

  /** From here on it is a task that callers see. */
  async begin(): Promise<void> {
    if (this.begun) return
    this.begun = true
    this.events.decided = true
    // That it is a task, and no Message, must not be forgotten once it was shown.
    if (this.agent.answers === 'either' && !this.host.taskShown) await this.host.writeAhead()
    this.host.onBegin?.()
    this.events.begin()
  }

  /** One result, shown or kept for the end. */
  private take(given: Result | undefined, last: boolean): Promise<void> | void {
    this.idle.progress()
    const result = readResult(this.agent.id, given, last)
    if (result === undefined) return
    // It was said in an earlier turn.
    if (!this.isNew()) return
    if (this.end !== undefined || this.emittedEnd !== undefined || this.answer !== undefined) {
      throw this.illegal(`gave ${describe(given)} after its final result`)
    }
    if (result[TAG] !== 'text' || !this.begun || this.events.textArtifact === undefined)
      return this.takeOther(result, last)
    // A further chunk of the turn's text, which most results are, waits for nothing.
    this.events.text(result.text, last)
    this.checkSize()
  }

  private async takeOther(result: TaggedResult, last: boolean): Promise<void> {
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
    const { weight } = this.events
    if (!fits(weight)) throw asHandlerFault(tooLarge(`What agent ${this.agent.id} said in this turn`, weight))
  }

  private async show(result: Exclude<TaggedResult, MessageResult>, last: boolean): Promise<void> {
    switch (result[TAG]) {
      case 'text':
        if (this.events.textArtifact === undefined) await this.writeAhead(undefined)
        return this.events.text(result.text, last)
      case 'status':
        return this.events.status(result.text, result.metadata)
      case 'artifact':
        if (result.append === true && this.events.hasEnded(result.artifactId ?? '')) {
          throw this.illegal(`gave a chunk of the artifact ${JSON.stringify(result.artifactId)} after its lastChunk`)
        }
        await this.writeAhead(result.artifactId)
        return this.events.artifact(result, last)
      case 'end':
        if (result.state !== 'auth-required' || last || result.last) {
          this.end = result
          return
        }
        // An interrupted state is shown only when it is durable, also this one.
        await this.host.writeAhead()
        this.idle.pause()
        return this.events.authRequired(result.parts, result.metadata)
      default:
        return assertNever(result)
    }
  }

  private async writeAhead(artifactId: string | undefined): Promise<void> {
    if (this.events.announce(artifactId)) await this.host.writeAhead()
  }

  async finish(): Promise<TurnResult> {
    if (this.answer !== undefined) {
      return { attempt: this.host.attempt, seq: 0, state: 'TASK_STATE_COMPLETED', artifacts: [], answer: this.answer }
    }
    await this.begin()
    const end = this.endStatus()
    this.events.closeOpen(isTerminal(end.state))
    this.events.supersede(this.host.before?.shown ?? [])
    const { attempt, seq } = this.events.position
    return { attempt, seq, artifacts: this.events.artifacts(), ...end }
  }

  private endStatus(): Pick<TurnResult, 'state' | 'message' | 'metadata'> {
    if (this.emittedEnd !== undefined) return this.emittedEnd
    if (this.end === undefined) return { state: 'TASK_STATE_COMPLETED' }
    const { state, parts, metadata } = this.end
    return {
      state: endState(state),
      ...(parts === undefined ? {} : { message: this.events.agentMessage(parts) }),
      ...(metadata === undefined ? {} : { metadata: wellFormed(metadata) }),
    }
  }

  /** A Message that stands alone: of the context, of no task. */
  private answerMessage(parts: readonly PartJson[], metadata: MessageJson['metadata']): MessageJson {
    const { taskId: _, ...message } = this.events.agentMessage(parts, metadata)
    return message
  }

  async emit(event: EmittedEvent): Promise<void> {
    if (this.isOver()) throw this.illegal(`emitted an event after its turn had ended; ${AWAIT_IT}`)
    this.idle.progress()
    if (!this.isNew()) return
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
        ...(event.statusUpdate?.metadata === undefined ? {} : { metadata: wellFormed(event.statusUpdate.metadata) }),
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
