/** The client of one agent. */
import type {
  AgentCardJson,
  CancelTaskRequestJson,
  DeleteTaskPushNotificationConfigRequestJson,
  GetTaskPushNotificationConfigRequestJson,
  GetTaskRequestJson,
  ListTaskPushNotificationConfigsRequestJson,
  ListTaskPushNotificationConfigsResponseJson,
  ListTasksRequestJson,
  ListTasksResponseJson,
  SendMessageRequestJson,
  SendMessageResponseJson,
  StreamResponseJson,
  SubscribeToTaskRequestJson,
  TaskJson,
  TaskPushNotificationConfigJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { withinOneDeadline } from './call-scope.js'
import type { Caller } from './caller.js'
import { withIdempotencyKey } from './idempotency-key.js'
import type { CallOptions, Content, SendOptions } from './options.js'
import { Run } from './run/run.js'
import { openMessage } from './run/send.js'
import { TaskFeed } from './run/task-feed.js'
import type { TransportName } from './transport.js'

/** Where to go on in a task that was begun earlier. */
export interface ResumeOptions {
  /** {@link Run.cursor} of an earlier run: only what came after it is shown. */
  readonly cursor?: string
  /** Sent with every request of the run. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whose task it is, on servers with tenants. Default: as the card says. */
  readonly tenant?: string
}

/** An agent somewhere, ready to be called: runs that survive lost connections, and the eleven operations as they are. */
export class AgentClient {
  /** The agent's card, in the form of A2A 1.0. */
  readonly card: AgentCardJson
  private readonly caller: Caller

  /** @internal Use `connect`. */
  constructor(caller: Caller) {
    this.caller = caller
    this.card = caller.card
  }

  /** The transport in use. */
  get transport(): TransportName {
    return this.caller.transport.name
  }

  /** The A2A version in use. */
  get protocolVersion(): '1.0' | '0.3' {
    return this.caller.transport.protocolVersion
  }

  /** Sends a message and waits until its task has ended or waits for its caller. A lost connection does not lose the task. */
  async send(content: Content, options: SendOptions = {}): Promise<Run> {
    return withinOneDeadline(options, async (within) => {
      const run = await this.stream(content, within)
      await run.settle(within)
      return run
    })
  }

  /** Sends a message; resolves when the agent has taken it. Read on with `run.events()`, `run.text()` or `run.result()`. */
  async stream(content: Content, options: SendOptions = {}): Promise<Run> {
    const feed = new TaskFeed(this.caller, options.taskId)
    feed.attach(await openMessage(this.caller, content, options))
    return new Run(this.caller, feed)
  }

  /** A task that was begun before, here or elsewhere. Asks the server nothing until it is read. */
  resume(taskId: string, { cursor, headers, tenant }: ResumeOptions = {}): Run {
    const caller = this.caller.with({ headers, ...(tenant === undefined ? {} : { tenant }) })
    return new Run(caller, new TaskFeed(caller, taskId, cursor))
  }

  /** Waits for the task unless `configuration.returnImmediately` (A2A section 3.1.1). {@link send} is this and more. */
  sendMessage(request: SendMessageRequestJson, options: CallOptions = {}): Promise<SendMessageResponseJson> {
    return this.caller.unary('sendMessage', request, withKey(options))
  }

  /** Events as they come, over one connection (A2A section 3.1.2). {@link stream} is this and more. */
  async *sendStreamingMessage(
    request: SendMessageRequestJson,
    options: CallOptions = {},
  ): AsyncGenerator<StreamResponseJson, void, undefined> {
    for await (const { event } of this.caller.stream('sendStreamingMessage', request, withKey(options))) yield event
  }

  /** A2A section 3.1.3. */
  getTask(request: GetTaskRequestJson, options?: CallOptions): Promise<TaskJson> {
    return this.caller.unary('getTask', request, options)
  }

  /** One page, the latest change first (A2A section 3.1.4); `nextPageToken` is empty on the last. */
  listTasks(request: ListTasksRequestJson, options?: CallOptions): Promise<ListTasksResponseJson> {
    return this.caller.unary('listTasks', request, options)
  }

  /** A2A section 3.1.5. */
  cancelTask(request: CancelTaskRequestJson, options?: CallOptions): Promise<TaskJson> {
    return this.caller.unary('cancelTask', request, options)
  }

  /** The Task, then its changes, over one connection (A2A section 3.1.6). {@link resume} is this and more. */
  async *subscribeToTask(
    request: SubscribeToTaskRequestJson,
    options: CallOptions = {},
  ): AsyncGenerator<StreamResponseJson, void, undefined> {
    for await (const { event } of this.caller.stream('subscribeToTask', request, options)) yield event
  }

  /** A2A section 3.1.7. */
  createTaskPushNotificationConfig(
    request: TaskPushNotificationConfigJson,
    options?: CallOptions,
  ): Promise<TaskPushNotificationConfigJson> {
    return this.caller.unary('createTaskPushNotificationConfig', request, options)
  }

  /** A2A section 3.1.8. */
  getTaskPushNotificationConfig(
    request: GetTaskPushNotificationConfigRequestJson,
    options?: CallOptions,
  ): Promise<TaskPushNotificationConfigJson> {
    return this.caller.unary('getTaskPushNotificationConfig', request, options)
  }

  /** A2A section 3.1.9. */
  listTaskPushNotificationConfigs(
    request: ListTaskPushNotificationConfigsRequestJson,
    options?: CallOptions,
  ): Promise<ListTaskPushNotificationConfigsResponseJson> {
    return this.caller.unary('listTaskPushNotificationConfigs', request, options)
  }

  /** A2A section 3.1.10; succeeds when there is none. */
  async deleteTaskPushNotificationConfig(
    request: DeleteTaskPushNotificationConfigRequestJson,
    options?: CallOptions,
  ): Promise<void> {
    await this.caller.unary('deleteTaskPushNotificationConfig', request, options)
  }

  /** The card that this caller may see (A2A section 3.1.11). */
  getExtendedAgentCard(options?: CallOptions): Promise<AgentCardJson> {
    return this.caller.unary('getExtendedAgentCard', {}, options)
  }

  /** Closes connections that are kept open; `fetch` keeps its own. */
  close(): void {
    this.caller.transport.close?.()
  }
}

function withKey(options: CallOptions): CallOptions {
  return { ...options, headers: withIdempotencyKey(options.headers) }
}
