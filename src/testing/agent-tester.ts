/** Drives one agent through conversations without a server: the production engine in memory, under a clock of its own. */
import type { JsonObject } from '@bufbuild/protobuf'
import type {
  ArtifactJson,
  MessageJson,
  PartJson,
  StreamResponseJson,
  TaskJson,
  TaskStateJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { LOCAL_PRINCIPAL } from '../a2a/ids.js'
import { textOf } from '../a2a/parts.js'
import { isInterrupted, isTerminal, stateOf } from '../a2a/state.js'
import type { Handler } from '../agent/agent-definition.js'
import type { AgentSource } from '../agent/class/agent-class.js'
import { type Duration, durationMs } from '../internal/duration.js'
import { STATE_SCOPES, type StateScope, type StateValues, stateRef } from '../task/state-record.js'
import { type BegunTask, Bench } from './bench.js'
import type { FakeAgent } from './fake-agents.js'
import type { CrashOptions, SendOptions, TestOptions, TestResult } from './options.js'
import { outline } from './outline.js'
import { sendRequest, testCall } from './request.js'

/** How long nothing may happen before time goes on although a handler still waits for something of its own. */
const QUIET_MS = 100

/**
 * A conversation with one agent. The state machine, the journal and the checks of messages are those of a server; time
 * stands still unless {@link AgentTester.advance} moves it. Nothing has to be closed.
 */
export class AgentTester {
  private readonly bench: Bench
  private readonly contextId: string
  private answer: MessageJson | undefined

  /**
   * @param agent what `agent()` returns, or an instance of a class that extends `Agent`
   * @throws AgentDefinitionError agents that contradict each other
   */
  constructor(agent: AgentSource, options: TestOptions = {}) {
    this.bench = new Bench(agent, options)
    this.contextId = this.bench.ids.newTaskId()
  }

  /**
   * Sends a message that begins a task, or with `taskId` continues one. Resolves when the task has ended, asks for
   * something, or waits for time to pass.
   *
   * @param content text, or parts as ProtoJSON
   * @throws A2AError the message is refused, as a server would
   * @throws Error the handler is still busy after `timeoutMs`, or a planned crash did not come
   */
  async send(content: string | readonly PartJson[], options: SendOptions = {}): Promise<TestResult> {
    const stop = new AbortController()
    const call = testCall(this.bench.agent, stop.signal, options)
    const sent = this.bench.handler.unary('sendMessage', call, this.request(content, options))
    try {
      const first = await Promise.race([sent, this.bench.rest()])
      if (first !== undefined) await this.bench.rest()
    } finally {
      stop.abort()
      sent.catch(() => {})
    }
    const { message } = (await sent) as { message?: MessageJson }
    this.answered(message)
    return this.outcome()
  }

  /**
   * Sends a message as {@link send} does, and gives what the caller reads as it comes: the Task, then its events. Ends when
   * the task has ended, asks for something, or waits for time to pass. The message is sent with the first event that is
   * asked for.
   */
  async *stream(
    content: string | readonly PartJson[],
    options: SendOptions = {},
  ): AsyncGenerator<StreamResponseJson, void, undefined> {
    const stop = new AbortController()
    const call = testCall(this.bench.agent, stop.signal, options)
    const steps = this.bench.handler.stream('sendStreamingMessage', call, this.request(content, options))
    try {
      for (;;) {
        const next = steps.next()
        const first = await Promise.race([next, this.bench.rest()])
        if (first === undefined) stop.abort()
        const { done, value } = await next
        if (done === true) break
        if (value === 'open') continue
        this.answered(value.event.message)
        yield value.event
      }
    } finally {
      stop.abort()
      await steps.return()
    }
    this.outcome()
  }

  /**
   * Answers what the task asks for.
   *
   * @throws Error nothing was asked
   */
  async reply(content: string | readonly PartJson[], options: Omit<SendOptions, 'taskId'> = {}): Promise<TestResult> {
    const task = this.task()
    if (task === undefined) throw new Error('t.reply(): there is no task yet; begin one with t.send()')
    const state = stateOf(task)
    if (!isInterrupted(state)) {
      const hint = isTerminal(state) ? '' : `; to send it all the same, t.send(…, { taskId: t.task()?.id })`
      throw new Error(`t.reply(): the task is ${short(state)} and asks nothing${hint}`)
    }
    const { ref } = this.begun('t.reply()')
    return this.send(content, { principal: this.bench.ownerOf(ref), ...options, taskId: ref.taskId })
  }

  /**
   * Cancels the task. Resolves when its handler has stopped.
   *
   * @throws A2AError TASK_NOT_CANCELABLE it has ended
   */
  async cancel(): Promise<TestResult> {
    await this.bench.taken()
    const { ref } = this.begun('t.cancel()')
    const call = testCall(this.bench.agent, new AbortController().signal, { principal: this.bench.ownerOf(ref) })
    await this.bench.handler.unary('cancelTask', call, { id: ref.taskId })
    this.bench.steps.takePlanned()
    await this.bench.rest()
    return this.outcome()
  }

  /**
   * Kills the attempt that handles the message, as the crash of its process would: nothing more of it is heard, and the next
   * attempt runs the handler from its beginning, with the outcomes that were written down. With `afterStep`, the next time
   * that this step has been written down; without, now. Several crashes may be planned.
   *
   * @throws Error without `afterStep`: no handler runs now; with it: the agent can have no steps
   */
  crash(options?: CrashOptions): void {
    if (options === undefined) {
      const { ref } = this.begun('t.crash()')
      if (this.bench.engine.crash(ref)) return
      throw new Error(
        `t.crash(): no handler runs, the task is ${short(this.state())}; name a step that is to come: t.crash({ afterStep })`,
      )
    }
    const { afterStep, time = 1 } = options
    if (this.bench.agent.run !== 'durable') {
      throw new Error(
        `t.crash(): agent ${this.bench.agent.id} has no steps, it declares run: '${this.bench.agent.run}'`,
      )
    }
    if (typeof afterStep !== 'string' || !Number.isInteger(time) || time < 1) {
      throw new TypeError('t.crash() takes { afterStep: the name of a step, time?: a number from 1 }')
    }
    this.bench.steps.crashAfter(afterStep, time)
  }

  /**
   * Lets time pass: everything that is due meanwhile happens, in order, with all that follows from it. Takes no real time.
   *
   * @param duration milliseconds, or a number with a unit such as `'3 days'`
   * @throws TypeError it is no duration, or negative
   */
  async advance(duration: Duration): Promise<TestResult | undefined> {
    if (typeof duration === 'number' && duration < 0) {
      throw new TypeError(`t.advance(${duration}): time only goes forward`)
    }
    const end = this.bench.clock.now() + durationMs(duration, 'the duration of t.advance')
    await this.bench.rest(QUIET_MS)
    while (this.bench.clock.next(end)) await this.bench.rest(QUIET_MS)
    this.bench.clock.set(end)
    return this.bench.current === undefined ? undefined : this.outcome()
  }

  /**
   * Stands in for another agent that the handler reaches with `ctx.call`. A second one for the same target takes its place.
   *
   * @param target what `ctx.call` names: an id or a URL
   * @param answer what it answers, or a handler as for `agent()`
   */
  fake(target: string | URL, answer: string | Handler): FakeAgent {
    return this.bench.fakes.add(String(target), answer)
  }

  /** The task as it is now, the latest when there are several; undefined before the first and after a Message. */
  task(): TaskJson | undefined {
    const { current } = this.bench
    return current === undefined ? undefined : this.bench.taskNow(current)
  }

  /**
   * The state of the task.
   *
   * @throws Error there is no task
   */
  state(): TaskStateJson
  /**
   * What the agent remembers, as it is kept: without what the schema adds, and without what a running turn has made of it.
   *
   * @param scope of `ctx.state`
   * @param of whose; default: the tester's own context and caller
   */
  state(scope: StateScope, of?: Pick<SendOptions, 'contextId' | 'principal'>): StateValues
  state(scope?: StateScope, of: Pick<SendOptions, 'contextId' | 'principal'> = {}): TaskStateJson | StateValues {
    if (scope !== undefined) {
      if (!STATE_SCOPES.includes(scope)) throw new TypeError(`t.state(): a scope is one of ${STATE_SCOPES.join(', ')}`)
      const { contextId = this.contextId, principal = LOCAL_PRINCIPAL } = of
      const agentId = this.bench.agent.id
      return this.bench.engine.stateOf(stateRef(scope, { tenant: '', agentId, owner: principal, contextId }))
    }
    this.begun('t.state()')
    return stateOf(this.task() ?? {})
  }

  /** The text of all artifacts of the task, or of the Message that was the answer. */
  text(): string {
    return this.answer === undefined
      ? textOf(this.artifacts().flatMap(({ parts }) => parts ?? []))
      : textOf(this.answer.parts)
  }

  /** What the agent says with the state of the task: a question, a reason. Empty when nothing. */
  statusText(): string {
    return textOf(this.task()?.status?.message?.parts)
  }

  /** The artifacts of the task, whole; empty without a task. */
  artifacts(): readonly ArtifactJson[] {
    return this.task()?.artifacts ?? []
  }

  /** All events of the task, oldest first: the Task as it was accepted, then what a reader of its stream sees. */
  events(): readonly StreamResponseJson[] {
    if (this.answer !== undefined) return [{ message: this.answer }]
    const { current } = this.bench
    return current === undefined ? [] : this.bench.eventsOf(current)
  }

  /** {@link events} as short lines without ids and times, see {@link outline}. */
  outline(): string[] {
    return outline(this.events())
  }

  /** How often the work of each step of the task has run, by name. */
  steps(): Readonly<Record<string, number>> {
    const { current } = this.bench
    return current === undefined ? {} : this.bench.steps.of(current.ref.taskId)
  }

  /** The time of the clock. */
  now(): Date {
    return new Date(this.bench.clock.now())
  }

  /** What a handler that ran again did not repeat, in words; empty when all is well. */
  warnings(): readonly string[] {
    return this.bench.warnings
  }

  private outcome(): TestResult {
    const missed = this.hasEnded() ? this.bench.steps.takePlanned() : undefined
    if (missed !== undefined) {
      const ran = Object.entries(this.steps()).map(([name, times]) => `${JSON.stringify(name)} (${times})`)
      const list = ran.length === 0 ? 'none' : ran.join(', ')
      throw new Error(
        `t.crash({ afterStep: ${JSON.stringify(missed)} }): no such step ran before the end; steps that ran: ${list}`,
      )
    }
    const task = this.task()
    return {
      state: task === undefined ? 'TASK_STATE_COMPLETED' : stateOf(task),
      text: this.text(),
      statusText: this.statusText(),
      artifacts: this.artifacts(),
      task,
      message: this.answer,
    }
  }

  private hasEnded(): boolean {
    const task = this.task()
    return task === undefined || isTerminal(stateOf(task))
  }

  private answered(message: MessageJson | undefined): void {
    this.answer = message
    if (message !== undefined) this.bench.current = undefined
  }

  private begun(what: string): BegunTask {
    const { current } = this.bench
    if (current === undefined) throw new Error(`${what}: there is no task; begin one with t.send()`)
    return current
  }

  private request(content: string | readonly PartJson[], options: SendOptions): JsonObject {
    this.answer = undefined
    if (options.taskId !== undefined) this.bench.goTo(options.taskId)
    return sendRequest(content, options, { messageId: this.bench.newSentId(), contextId: this.contextId })
  }
}

function short(state: TaskStateJson): string {
  return state.replace('TASK_STATE_', '')
}
