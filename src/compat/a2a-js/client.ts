/** A client with the methods and shapes of `@a2a-js/sdk`, on top of ours. */
import type {
  AgentCard,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  ListTaskPushNotificationConfigsRequest,
  ListTaskPushNotificationConfigsResponse,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
  TaskPushNotificationConfig,
} from '@a2a-js/sdk'
import {
  type AgentCardJson,
  AgentCardSchema,
  CancelTaskRequestSchema,
  DeleteTaskPushNotificationConfigRequestSchema,
  GetTaskPushNotificationConfigRequestSchema,
  GetTaskRequestSchema,
  ListTaskPushNotificationConfigsRequestSchema,
  ListTaskPushNotificationConfigsResponseSchema,
  ListTasksRequestSchema,
  ListTasksResponseSchema,
  MessageSchema,
  SendMessageRequestSchema,
  StreamResponseSchema,
  type SubscribeToTaskRequestJson,
  SubscribeToTaskRequestSchema,
  TaskPushNotificationConfigSchema,
  TaskSchema,
} from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../../a2a/errors.js'
import type { AgentClient } from '../../client/agent-client.js'
import { connect } from '../../client/connect.js'
import type { CallOptions, ConnectOptions } from '../../client/options.js'
import { fromShape, toShape } from './shapes.js'

/** What a single call can be told. Interceptors and their contexts have no counterpart here. */
export interface RequestOptions {
  readonly signal?: AbortSignal
  /** Sent as headers. */
  readonly serviceParameters?: Readonly<Record<string, string>>
}

/** Makes clients. What the SDK's options say is said in ours: transports, auth, headers, deadlines, retries. */
export class ClientFactory {
  readonly options: ConnectOptions

  constructor(options: ConnectOptions = {}) {
    this.options = options
  }

  /**
   * Reads the card, then connects.
   *
   * @param path of the card below the URL; by default all places where cards are found
   */
  async createFromUrl(baseUrl: string, path?: string): Promise<Client> {
    const url = path === undefined || path === '' ? baseUrl : new URL(path, baseUrl).href
    return new Client(await connect(url, this.options))
  }

  /** Connects by a card that is there already. */
  async createFromAgentCard(card: AgentCard): Promise<Client> {
    return new Client(await connect(fromShape<AgentCardJson>(AgentCardSchema, card), this.options))
  }
}

/** The client of `@a2a-js/sdk` by its methods, on this package’s client. */
export class Client {
  /** The client below, with what the SDK's does not have: runs that come back after a lost connection. */
  readonly agent: AgentClient

  constructor(agent: AgentClient) {
    this.agent = agent
  }

  get protocolVersion(): string {
    return this.agent.protocolVersion
  }

  /** The extended card where the agent has one, else the public one. */
  async getAgentCard(options?: RequestOptions): Promise<AgentCard> {
    const { card } = this.agent
    const extended = card.capabilities?.extendedAgentCard === true
    return toShape(AgentCardSchema, extended ? await this.agent.getExtendedAgentCard(callOptions(options)) : card)
  }

  /** Sends, and waits for the answer or, when the request says so, only for the task. */
  async sendMessage(request: SendMessageRequest, options?: RequestOptions): Promise<Message | Task> {
    const answer = await this.agent.sendMessage(fromShape(SendMessageRequestSchema, request), callOptions(options))
    if (answer.message !== undefined) return toShape<Message>(MessageSchema, answer.message)
    if (answer.task !== undefined) return toShape<Task>(TaskSchema, answer.task)
    throw new A2AError('INVALID_AGENT_RESPONSE', 'The agent answered with neither a Task nor a Message')
  }

  /** One event, the whole answer, where the agent does not stream. */
  async *sendMessageStream(
    request: SendMessageRequest,
    options?: RequestOptions,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const json = fromShape<object>(SendMessageRequestSchema, request)
    if (this.agent.card.capabilities?.streaming !== true) {
      yield toShape(StreamResponseSchema, await this.agent.sendMessage(json, callOptions(options)))
      return
    }
    for await (const event of this.agent.sendStreamingMessage(json, callOptions(options))) {
      yield toShape(StreamResponseSchema, event)
    }
  }

  /** The task as it is now. */
  async getTask(request: GetTaskRequest, options?: RequestOptions): Promise<Task> {
    return toShape(TaskSchema, await this.agent.getTask(fromShape(GetTaskRequestSchema, request), callOptions(options)))
  }

  /** Cancels; the task as it is then. */
  async cancelTask(request: CancelTaskRequest, options?: RequestOptions): Promise<Task> {
    const json = fromShape<object>(CancelTaskRequestSchema, request)
    return toShape(TaskSchema, await this.agent.cancelTask(json, callOptions(options)))
  }

  /** One page of the caller’s tasks. */
  async listTasks(request: ListTasksRequest, options?: RequestOptions): Promise<ListTasksResponse> {
    const json = fromShape<object>(ListTasksRequestSchema, request)
    return toShape(ListTasksResponseSchema, await this.agent.listTasks(json, callOptions(options)))
  }

  /** The task, then its events until it has ended or waits for input. A lost connection is taken up again. */
  async *resubscribeTask(
    request: SubscribeToTaskRequest,
    options?: RequestOptions,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const { id = '', tenant } = fromShape<SubscribeToTaskRequestJson>(SubscribeToTaskRequestSchema, request)
    const { headers = {}, signal } = callOptions(options)
    const run = this.agent.resume(id, { headers, ...(tenant === undefined ? {} : { tenant }) })
    for await (const event of run.events(signal === undefined ? {} : { signal })) {
      yield toShape(StreamResponseSchema, event)
    }
  }

  /** Registers a webhook for a task. */
  async createTaskPushNotificationConfig(
    config: TaskPushNotificationConfig,
    options?: RequestOptions,
  ): Promise<TaskPushNotificationConfig> {
    const json = fromShape<object>(TaskPushNotificationConfigSchema, config)
    const made = await this.agent.createTaskPushNotificationConfig(json, callOptions(options))
    return toShape(TaskPushNotificationConfigSchema, made)
  }

  /** A webhook of a task. */
  async getTaskPushNotificationConfig(
    request: GetTaskPushNotificationConfigRequest,
    options?: RequestOptions,
  ): Promise<TaskPushNotificationConfig> {
    const json = fromShape<object>(GetTaskPushNotificationConfigRequestSchema, request)
    const found = await this.agent.getTaskPushNotificationConfig(json, callOptions(options))
    return toShape(TaskPushNotificationConfigSchema, found)
  }

  /** The webhooks of a task. */
  async listTaskPushNotificationConfig(
    request: ListTaskPushNotificationConfigsRequest,
    options?: RequestOptions,
  ): Promise<ListTaskPushNotificationConfigsResponse> {
    const json = fromShape<object>(ListTaskPushNotificationConfigsRequestSchema, request)
    const found = await this.agent.listTaskPushNotificationConfigs(json, callOptions(options))
    return toShape(ListTaskPushNotificationConfigsResponseSchema, found)
  }

  /** Removes a webhook of a task. */
  async deleteTaskPushNotificationConfig(
    request: DeleteTaskPushNotificationConfigRequest,
    options?: RequestOptions,
  ): Promise<void> {
    const json = fromShape<object>(DeleteTaskPushNotificationConfigRequestSchema, request)
    await this.agent.deleteTaskPushNotificationConfig(json, callOptions(options))
  }
}

function callOptions({ signal, serviceParameters }: RequestOptions = {}): CallOptions {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(serviceParameters === undefined ? {} : { headers: serviceParameters }),
  }
}
