/** The engine on Temporal: every task a workflow, every turn an activity. */
import { randomUUID } from 'node:crypto'
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { ApplicationFailure, type SearchAttributePair } from '@temporalio/common'
import { failPoint } from '#failpoints'
import type { MessageJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { type Cursor, compareCursors } from '../a2a/cursor.js'
import {
  A2AError,
  type A2AErrorOptions,
  type A2AErrorReason,
  isA2AError,
  taskNotFound,
  unsupportedOperation,
} from '../a2a/errors.js'
import { textOf } from '../a2a/parts.js'
import { stateOf } from '../a2a/state.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import type { EventBus } from '../bus/event-bus.js'
import { taskKey } from '../bus/live-event.js'
import type { Engine, FollowUp, StartOutcome, TaskReading } from '../engine/engine.js'
import { Looks } from '../engine/looks.js'
import type { Logger } from '../internal/logger.js'
import type { TaskStore } from '../store/task-store.js'
import { mapMessage, withoutReferences } from '../task/large-values.js'
import type { ListQuery, TaskPage } from '../task/list-query.js'
import { type NewTask, newTaskRecord, type TaskRef } from '../task/task-record.js'
import type { ReachedState, WebhookEvents } from '../task/webhook-events.js'
import { callTemporal, type Reachability } from './deadline.js'
import { ANSWERED_SIGNAL, MESSAGE_UPDATE, REFUSED, WEBHOOKS_SIGNAL, WORKFLOW_TYPE } from './names.js'
import { TaskReader } from './read-task.js'
import type { WebhooksSignalInput } from './workflow/push-input.js'
import type { MessageUpdateAnswer, MessageUpdateInput, TaskWorkflowInput, TurnPolicy } from './workflow/task-input.js'

export interface TemporalEngineOptions {
  readonly client: Client
  readonly bus: EventBus
  readonly store: TaskStore
  readonly logger: Logger
  readonly reachability: Reachability
  readonly taskQueue: string
  /** The client shares its connection with a worker of this process, so a task can begin without a detour. */
  readonly eagerStart: boolean
  /** The namespace has our search attributes. */
  readonly searchAttributes: boolean
  readonly heartbeatTimeoutMs: number
  /** Puts what the webhooks of a task are told of a state on its way. */
  tellWebhooks(reached: ReachedState, webhooks: WebhookEvents): Promise<void>
  /** When a reader to whom the bus says nothing looks for itself, as things are now. */
  poll(): PollPace
}

/** The first wait of a silent reader, which doubles with each look that shows nothing, and the longest; milliseconds. */
export interface PollPace {
  readonly firstMs: number
  readonly maxMs: number
}

/** Characters of a message that Temporal's own UI shows as the task's summary. */
const SUMMARY_LENGTH = 120

export class TemporalEngine implements Engine {
  readonly durable = true
  readonly bus: EventBus
  readonly reader: TaskReader
  private readonly looks = new Looks((ref) => this.read(ref))
  private readonly options: TemporalEngineOptions

  constructor(options: TemporalEngineOptions) {
    this.options = options
    this.bus = options.bus
    const { client, bus, reachability, store } = options
    this.reader = new TaskReader({ client, bus, reachability, store })
  }

  async start(input: NewTask, agent: AgentDefinition, webhooks?: WebhookEvents): Promise<StartOutcome> {
    const { client, taskQueue, eagerStart, store } = this.options
    if (input.requestHash !== undefined && (await this.hasEnded(input))) return 'existing'
    // Before anything has begun: without the values there is no task.
    const message = await this.kept(input, input.message)
    const record = newTaskRecord({ ...input, message })
    const args: [TaskWorkflowInput] = [
      { record, policy: this.policy(agent), ...(webhooks === undefined ? {} : { webhooks }) },
    ]
    failPoint?.('start.before', taskKey(input))
    try {
      await this.call('starting a task', true, () =>
        client.workflow.start(WORKFLOW_TYPE, {
          workflowId: taskKey(input),
          taskQueue,
          args,
          requestEagerStart: eagerStart,
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
          staticSummary: summary(agent, input),
          ...this.searchAttributes(input),
        }),
      )
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return 'existing'
      throw error
    }
    failPoint?.('start.accepted', taskKey(input))
    // Whether it is a task at all, an agent that may answer with a Message has yet to decide.
    if (agent.answers === 'task') store.project(record)
    return 'started'
  }

  async send(ref: TaskRef, followUp: FollowUp): Promise<{ turn: number }> {
    const { params, owner, idempotencyKey: key, requestHash, calledBy, webhooks } = followUp
    const message = await this.kept(ref, followUp.message)
    const input: MessageUpdateInput = {
      message,
      params,
      owner,
      ...(key === undefined ? {} : { key }),
      ...(requestHash === undefined ? {} : { requestHash }),
      ...(webhooks === undefined ? {} : { webhooks }),
      ...(calledBy === undefined ? {} : { calledBy }),
    }
    try {
      const answer = await this.call('sending a message', true, () =>
        this.handle(ref).executeUpdate<MessageUpdateAnswer, [MessageUpdateInput]>(MESSAGE_UPDATE, {
          args: [input],
          updateId: updateId(followUp),
        }),
      )
      failPoint?.('send.accepted', taskKey(ref))
      return answer
    } catch (error) {
      throw await this.refusal(ref, error)
    }
  }

  async cancel(ref: TaskRef): Promise<void> {
    try {
      await this.call('canceling a task', true, () => this.handle(ref).cancel())
    } catch (error) {
      // It has ended meanwhile: what became of it is read next.
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
    failPoint?.('cancel.accepted', taskKey(ref))
    // After the durable request, so that a handler is never stopped for a cancel that was not accepted.
    this.bus.cancel(taskKey(ref))
  }

  async tellWebhooks(ref: TaskRef, since: Cursor, webhooks: WebhookEvents): Promise<void> {
    const { turn, attempt, seq } = since
    const input: WebhooksSignalInput = { since: { turn, attempt, seq }, events: webhooks }
    try {
      await this.call('registering a webhook', true, () => this.handle(ref).signal(WEBHOOKS_SIGNAL, input))
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
      // It has ended, perhaps meanwhile: then nobody else tells of it.
      const record = await this.reader.record(taskKey(ref))
      if (record === undefined || compareCursors(record.position, since) <= 0) return
      await this.options.tellWebhooks({ record, artifactsBefore: [] }, webhooks)
    }
  }

  async wake(key: string): Promise<void> {
    try {
      await this.call('waking a task', false, () => this.options.client.workflow.getHandle(key).signal(ANSWERED_SIGNAL))
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error
    }
  }

  get pollMs(): number {
    return this.options.poll().firstMs
  }

  get maxPollMs(): number {
    return this.options.poll().maxMs
  }

  read(ref: TaskRef, owner?: string): Promise<TaskReading | undefined> {
    return this.reader.read(ref, owner)
  }

  outline(ref: TaskRef, owner?: string): Promise<TaskReading | undefined> {
    return this.reader.outline(ref, owner)
  }

  look(ref: TaskRef): Promise<TaskReading | undefined | 'later'> {
    return this.looks.look(ref)
  }

  list(query: ListQuery): Promise<TaskPage> {
    return this.options.store.list(query)
  }

  ready(): boolean {
    return this.options.reachability.up
  }

  async close(): Promise<void> {
    await this.bus.close()
  }

  /** The message with references in place of its large values. */
  private kept(ref: TaskRef, message: MessageJson): Promise<MessageJson> {
    return this.options.store.takeOut(taskKey(ref), mapMessage(message, withoutReferences), mapMessage)
  }

  /** Temporal forgets ended tasks in the end; whoever repeats a request under its key finds them all the same. */
  private async hasEnded(ref: TaskRef): Promise<boolean> {
    const ended = await this.options.store.ended(taskKey(ref)).catch(() => undefined)
    return ended !== undefined
  }

  private handle(ref: TaskRef): WorkflowHandle {
    return this.options.client.workflow.getHandle(taskKey(ref))
  }

  private call<T>(what: string, lasting: boolean, call: () => Promise<T>): Promise<T> {
    return callTemporal(this.options.reachability, what, lasting, call)
  }

  private policy({ run, deadlineMs, retry, history }: AgentDefinition): TurnPolicy {
    return {
      inline: run === 'inline',
      deadlineMs,
      heartbeatTimeoutMs: this.options.heartbeatTimeoutMs,
      initialIntervalMs: retry.initialIntervalMs,
      maxIntervalMs: retry.maxIntervalMs,
      ...(history === undefined ? {} : { history }),
      searchAttributes: this.options.searchAttributes,
    }
  }

  private searchAttributes({ agentId, contextId }: NewTask): { typedSearchAttributes?: SearchAttributePair[] } {
    if (!this.options.searchAttributes) return {}
    return {
      typedSearchAttributes: [
        { key: { name: 'A2aAgent', type: 'KEYWORD' }, value: agentId },
        { key: { name: 'A2aContext', type: 'KEYWORD' }, value: contextId.slice(0, 255) },
      ],
    }
  }

  /** What the workflow, or its absence, has to say about a message. */
  private async refusal(ref: TaskRef, error: unknown): Promise<unknown> {
    const failure = error instanceof WorkflowUpdateFailedError ? error.cause : undefined
    const cause = failure instanceof ApplicationFailure ? failure : undefined
    if (cause?.type === REFUSED) {
      const { reason, ...options } = (cause.details?.[0] ?? {}) as A2AErrorOptions & { reason?: A2AErrorReason }
      return new A2AError(reason ?? 'INTERNAL', cause.message, options)
    }
    const gone = error instanceof WorkflowNotFoundError || cause?.type === 'AcceptedUpdateCompletedWorkflow'
    if (!gone || isA2AError(error)) return error
    const reading = await this.read(ref)
    if (reading === undefined) return taskNotFound(ref.taskId)
    const state = stateOf(reading.task)
    return unsupportedOperation(`Task has ended (${state}) and takes no more messages`, { taskId: ref.taskId, state })
  }
}

/** Temporal answers a repeated update as it did the first, so another message under the same key is another one. */
function updateId({ idempotencyKey: key, requestHash }: FollowUp): string {
  if (key === undefined) return randomUUID()
  return requestHash === undefined ? key : `${key}/${requestHash}`
}

function summary(agent: AgentDefinition, { message }: NewTask): string {
  const text = textOf(message.parts).replace(/\s+/g, ' ').trim()
  return `${agent.id}: ${text.slice(0, SUMMARY_LENGTH)}`
}
