/**
 * Runs an `AgentExecutor` of `@a2a-js/sdk` as an agent: what it publishes becomes what a handler gives. It is called again
 * after a crash, like every handler, and told of a cancel by its own `cancelTask`.
 */
import type { AgentCard } from '@a2a-js/sdk'
import type { AgentExecutionEvent, AgentExecutor } from '@a2a-js/sdk/server'
import {
  type AgentCardJson,
  AgentCardSchema,
  type ArtifactJson,
  type MessageJson,
  MessageSchema,
  type TaskArtifactUpdateEventJson,
  TaskArtifactUpdateEventSchema,
  type TaskJson,
  TaskSchema,
  type TaskStatusJson,
  type TaskStatusUpdateEventJson,
  TaskStatusUpdateEventSchema,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../a2a/apply-event.js'
import { isInterrupted, isTerminal } from '../../a2a/state.js'
import type { TurnContext } from '../../agent/agent-context.js'
import { type AgentDefinition, type AgentMeta, agent } from '../../agent/agent-definition.js'
import type { IncomingMessage } from '../../agent/incoming-message.js'
import { authRequired, complete, type EmittedEvent, message, type Result } from '../../agent/result.js'
import { onAbort } from '../../internal/abort.js'
import { TurnEventBus } from './event-bus.js'
import { requestContext } from './request-context.js'
import { fromShape } from './shapes.js'

/** All of {@link AgentMeta} but handlers, which the executor is. */
export interface ExecutorOptions extends Omit<AgentMeta, 'skills' | 'run'> {
  /** The card the SDK's server was given. What is said beside it wins. */
  readonly card?: AgentCard
}

/**
 * An agent out of an executor.
 *
 * An executor decides with its first event whether it answers with a Task or a Message, so `answers` is `either` unless it is
 * said otherwise. It has no results of its own to wait with, so what it does between two events runs again after a crash.
 *
 * @throws AgentDefinitionError what `agent()` refuses
 */
export function fromExecutor(executor: AgentExecutor, { card, ...options }: ExecutorOptions): AgentDefinition {
  const meta: AgentMeta = { answers: 'either', ...(card === undefined ? {} : metaOf(card)), ...options }
  const definition = agent(meta, (incoming, ctx) => execute(executor, incoming, ctx, meta.answers !== 'task'))
  // An executor reads the metadata of a message itself: naming a skill routes nothing and refuses nothing.
  return Object.freeze({ ...definition, skillIds: [] })
}

async function* execute(
  executor: AgentExecutor,
  incoming: IncomingMessage,
  ctx: TurnContext,
  mayAnswer: boolean,
): AsyncGenerator<Result, Result | undefined, undefined> {
  const bus = new TurnEventBus()
  const report = (error: unknown) => ctx.log.warn({ err: error }, 'executor failed after its last event')
  const release = onAbort(ctx.signal, () => {
    // Whatever stops the turn, this is the executor's only way to learn of it.
    void settled(() => executor.cancelTask(ctx.taskId, bus)).catch(report)
  })
  const published = new Published(ctx.task, mayAnswer)
  const running = settled(() => executor.execute(requestContext(incoming, ctx), bus))
  running.then(
    () => bus.finished(),
    (error: unknown) => (bus.isFinished ? report(error) : bus.fail(error)),
  )
  try {
    for await (const event of bus.events()) {
      for (const given of published.read(event)) {
        if ('event' in given) await ctx.emit(given.event)
        else if (given.last) return given.result
        else yield given.result
      }
      if (published.ended) return undefined
    }
    return published.waitsForCredentials
  } finally {
    release()
    bus.finished()
  }
}

type Given = { readonly event: EmittedEvent } | { readonly result: Result; readonly last: boolean }

/** What an executor has published in this turn, and what each event is to us. */
class Published {
  /** A state that ends the turn was emitted; what comes after it is not heard. */
  ended = false
  /** AUTH_REQUIRED, as long as nothing has come after it: what the turn ends with. */
  waitsForCredentials: Result | undefined
  private readonly picture: TaskBuilder
  private readonly mayAnswer: boolean
  private working = false

  constructor(task: TaskJson, mayAnswer: boolean) {
    this.mayAnswer = mayAnswer
    this.picture = new TaskBuilder(task)
    this.working = !mayAnswer
  }

  *read({ kind, data }: AgentExecutionEvent): Generator<Given> {
    this.waitsForCredentials = undefined
    switch (kind) {
      case 'message':
        yield this.answer(fromShape<MessageJson>(MessageSchema, data))
        return
      case 'task':
        yield* this.task(fromShape<TaskJson>(TaskSchema, data))
        return
      case 'statusUpdate': {
        const { status = {}, metadata } = fromShape<TaskStatusUpdateEventJson>(TaskStatusUpdateEventSchema, data)
        yield* this.status(status, metadata)
        return
      }
      case 'artifactUpdate':
        yield this.artifact(fromShape<TaskArtifactUpdateEventJson>(TaskArtifactUpdateEventSchema, data))
    }
  }

  /** A Message in place of a task; once there is a task, what it ends with. */
  private answer({ parts = [], metadata }: MessageJson): Given {
    const options = metadata === undefined ? {} : { metadata }
    const alone = this.mayAnswer && !this.working
    return { result: alone ? message(parts, options) : complete(parts, options), last: true }
  }

  /** A whole task says what is new in it. */
  private *task({ artifacts = [], status = {} }: TaskJson): Generator<Given> {
    const known = new Map((this.picture.build().artifacts ?? []).map((each) => [each.artifactId, JSON.stringify(each)]))
    for (const artifact of artifacts) {
      if (known.get(artifact.artifactId) !== JSON.stringify(artifact))
        yield this.artifact({ artifact, lastChunk: true })
    }
    yield* this.status(status, undefined)
  }

  private *status(status: TaskStatusJson, metadata: TaskStatusUpdateEventJson['metadata']): Generator<Given> {
    const { state, message } = status
    const more = metadata === undefined ? {} : { metadata }
    if (state === 'TASK_STATE_AUTH_REQUIRED') {
      // Shown at once, for the credentials may come while the executor waits for them.
      const result = authRequired(message?.parts, more)
      yield { result, last: false }
      this.waitsForCredentials = result
      return
    }
    const submitted = state === 'TASK_STATE_SUBMITTED'
    const repeated = message === undefined && metadata === undefined && this.working
    if ((submitted || state === 'TASK_STATE_WORKING') && repeated) return
    this.ended = isTerminal(state) || isInterrupted(state)
    yield this.emit({
      statusUpdate: { status: { ...status, ...(submitted ? { state: 'TASK_STATE_WORKING' } : {}) }, ...more },
    })
  }

  private artifact(update: TaskArtifactUpdateEventJson & { artifact?: ArtifactJson }): Given {
    return this.emit({ artifactUpdate: update })
  }

  private emit(event: EmittedEvent): Given {
    this.working = true
    this.picture.apply(event)
    return { event }
  }
}

/** The promise of a function that may also throw. */
async function settled(work: () => Promise<void>): Promise<void> {
  await work()
}

function metaOf(card: AgentCard): Partial<AgentMeta> {
  const json = fromShape<AgentCardJson>(AgentCardSchema, card)
  const { name, description, version, provider, documentationUrl, iconUrl, capabilities, skills } = json
  const modes = (given: readonly string[] | undefined) => given?.map((mode) => (mode === 'text' ? 'text/plain' : mode))
  return defined<AgentMeta>({
    name,
    description,
    version,
    documentationUrl,
    iconUrl,
    provider: provider && { organization: provider.organization ?? '', url: provider.url ?? '' },
    inputModes: modes(json.defaultInputModes),
    outputModes: modes(json.defaultOutputModes),
    capabilities: { streaming: capabilities?.streaming ?? false },
    extensions: capabilities?.extensions,
    securitySchemes: json.securitySchemes,
    securityRequirements: json.securityRequirements,
    skills: skills?.map((skill) => ({ ...skill, id: skill.id ?? '' })),
  })
}

function defined<T extends object>(object: { [Key in keyof T]?: T[Key] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>
}
