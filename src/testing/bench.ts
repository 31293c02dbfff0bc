/** What a tester works with: the memory engine and the service above it, wired so that it can be watched and steered. */
import type { StreamResponseJson, TaskJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../a2a/apply-event.js'
import { LOCAL_PRINCIPAL } from '../a2a/ids.js'
import { type AgentDefinition, agentDirectory } from '../agent/agent-definition.js'
import { type AgentSource, agentDefinition } from '../agent/class/agent-class.js'
import { withMiddleware } from '../agent/middleware.js'
import { taskKey } from '../bus/live-event.js'
import type { StartOutcome } from '../engine/engine.js'
import { MemoryEngine } from '../engine/memory/memory-engine.js'
import { timestamp } from '../internal/clock.js'
import { silentLogger } from '../internal/logger.js'
import { DEFAULT_LIMITS } from '../server/limits.js'
import { createRateLimiter } from '../server/rate-limiter.js'
import { createRequestHandler, type RequestHandler } from '../service/request-handler.js'
import { type NewTask, newTaskRecord, type TaskRef } from '../task/task-record.js'
import { StepRuns } from './crash-plan.js'
import { FakeAgents } from './fake-agents.js'
import { MadeIds } from './made-ids.js'
import type { TestOptions } from './options.js'
import { RecordingBus } from './recording-bus.js'
import { nextRound, VirtualClock } from './virtual-clock.js'
import { watchedAgent } from './watched-handler.js'

export interface BegunTask {
  readonly ref: TaskRef
  /** As it was accepted. */
  readonly accepted: TaskJson
}

const START = '2026-01-01T00:00:00.000Z'
/** How long a handler that ignores `ctx.signal` may go on after a cancel, in real milliseconds. */
const GRACE_MS = 50
const TIMEOUT_MS = 4_000
/** For how many rounds of the event loop nothing may run before the agents count as at rest. */
const QUIET_ROUNDS = 3
/** Rounds without a pause, and then the pause between two, in milliseconds. */
const PROMPT_ROUNDS = 50
const PAUSE_MS = 1
/** The real one, whatever a test runner puts in its place. */
const pause = globalThis.setTimeout

export class Bench {
  readonly agent: AgentDefinition
  readonly clock: VirtualClock
  readonly engine: MemoryEngine
  readonly handler: RequestHandler
  readonly fakes: FakeAgents
  readonly steps = new StepRuns()
  readonly ids = new MadeIds()
  readonly warnings: string[] = []
  /** The task that the tester speaks of. */
  current: BegunTask | undefined
  private readonly begun = new Map<string, BegunTask>()
  private readonly bus = new RecordingBus()
  private readonly timeoutMs: number
  private sentId = ''
  private resting: Promise<void> | undefined

  constructor(agent: AgentSource, options: TestOptions) {
    const { use = [], logger = silentLogger, now = START, timeoutMs = TIMEOUT_MS } = options
    const start = new Date(now).getTime()
    if (Number.isNaN(start)) throw new TypeError(`now (${String(now)}) is no time`)
    this.timeoutMs = timeoutMs
    this.clock = new VirtualClock(start)
    const sources = [agent, ...(options.agents ?? [])].map(agentDefinition)
    const agents = new Map([...agentDirectory(sources)].map(([id, each]) => [id, withMiddleware(each, use)]))
    const { onWarning = (message: string) => process.emitWarning(message, 'TemporalA2AWarning') } = options
    this.agent = watchedAgent(withMiddleware(agentDefinition(agent), use), {
      stepBegan: (taskId, name) => this.steps.began(taskId, name),
      stepEnded: (taskId, name) => this.steps.ended(taskId, name),
      differs: (message) => {
        if (this.warnings.includes(message)) return
        this.warnings.push(message)
        onWarning(message)
      },
    })
    agents.set(this.agent.id, this.agent)
    this.fakes = new FakeAgents(agents)
    this.engine = new ObservedEngine(
      {
        agents,
        bus: this.bus,
        logger,
        graceMs: GRACE_MS,
        clock: this.clock,
        newId: () => this.ids.newMessageId(),
        wrapCalls: (calls) => this.fakes.wrap(calls),
        onWritten: (attempt) => this.steps.written(attempt),
      },
      (input) => this.began(input),
    )
    this.handler = createRequestHandler({
      webhooks: undefined,
      engine: this.engine,
      agents,
      logger,
      limits: DEFAULT_LIMITS,
      secrets: this.ids,
      extendedCards: () => Promise.resolve(undefined),
      rateLimiter: createRateLimiter(agents, DEFAULT_LIMITS),
    })
  }

  /** Id for the next message of the tester. */
  newSentId(): string {
    this.sentId = this.ids.newMessageId()
    return this.sentId
  }

  /** From here on the tester speaks of this task, when it is one of its own. */
  goTo(taskId: string): void {
    this.current = this.begun.get(taskId) ?? this.current
  }

  /** The principal whose task it is. */
  ownerOf(ref: TaskRef): string {
    return this.engine.peek(ref)?.owner ?? LOCAL_PRINCIPAL
  }

  /** The task with what its running turn has said so far. */
  taskNow(task: BegunTask): TaskJson | undefined {
    const record = this.engine.peek(task.ref)
    if (record === undefined || record.position.ended || record.position.turn === 0) return record?.task
    const builder = new TaskBuilder(task.accepted)
    for (const event of this.bus.eventsOf(taskKey(task.ref))) builder.apply(event)
    const { history = [] } = record.task
    return { ...builder.build(), history }
  }

  eventsOf({ ref, accepted }: BegunTask): StreamResponseJson[] {
    return [{ task: accepted }, ...this.bus.eventsOf(taskKey(ref))]
  }

  /** Resolves when a message that is on its way has reached its task. */
  taken(): Promise<unknown> {
    return new Promise((resolve) => nextRound(resolve))
  }

  /**
   * Resolves when every task has ended, asks for something, or waits for time to pass.
   *
   * @param quietMs resolves also when nothing has happened for so long, and no step runs
   * @throws Error they do not come to rest in time
   */
  rest(quietMs?: number): Promise<void> {
    if (quietMs !== undefined) return this.untilRest(quietMs)
    this.resting ??= this.untilRest(Number.POSITIVE_INFINITY).finally(() => {
      this.resting = undefined
    })
    return this.resting
  }

  private async untilRest(quietMs: number): Promise<void> {
    const began = performance.now()
    let quietSince = { at: began, round: 0 }
    let events = this.bus.count
    let quietRounds = 0
    for (let round = 0; quietRounds < QUIET_ROUNDS; round += 1) {
      await new Promise<void>((resolve) => {
        if (round < PROMPT_ROUNDS) nextRound(resolve)
        else pause(resolve, PAUSE_MS)
      })
      quietRounds = this.isAtRest ? quietRounds + 1 : 0
      if (quietRounds > 0) continue
      const at = performance.now()
      if (events !== this.bus.count || this.steps.open.length > 0) {
        events = this.bus.count
        quietSince = { at, round }
      }
      // On a machine that is slow the rounds count, not the time.
      if (at - quietSince.at > quietMs && round - quietSince.round > PROMPT_ROUNDS) return
      if (at - began > this.timeoutMs) throw this.tooLong()
    }
  }

  private get isAtRest(): boolean {
    if (this.steps.open.length > 0) return false
    return this.engine.running.every((record) => this.fakes.isAwaitedBy(record))
  }

  private tooLong(): Error {
    const { open } = this.steps
    const agents = [...new Set(this.engine.running.map(({ agentId }) => agentId))].join(', ')
    const what =
      open.length > 0
        ? `step ${[...new Set(open)].map((name) => JSON.stringify(name)).join(', ')} still runs`
        : 'it awaits something that is no durable call; stop it with t.cancel(), or pass it by with t.advance(), without awaiting the message first'
    return new Error(`agent ${agents} is still busy after ${this.timeoutMs} ms (timeoutMs): ${what}`)
  }

  private began(input: NewTask): void {
    if (input.message.messageId !== this.sentId) return
    const { tenant, agentId, taskId } = input
    const at = timestamp(this.clock)
    this.current = { ref: { tenant, agentId, taskId }, accepted: newTaskRecord({ ...input, at }).task }
    this.begun.set(taskId, this.current)
  }
}

/** Tells of every task that is begun. */
class ObservedEngine extends MemoryEngine {
  private readonly onStart: (input: NewTask) => void

  constructor(options: ConstructorParameters<typeof MemoryEngine>[0], onStart: (input: NewTask) => void) {
    super(options)
    this.onStart = onStart
  }

  override start(input: NewTask, agent: AgentDefinition): Promise<StartOutcome> {
    this.onStart(input)
    return super.start(input, agent)
  }
}
