/**
 * The eleven operations of A2A (section 5.3), wire-neutral: ProtoJSON in, ProtoJSON out. What every operation has in
 * common (agent, extensions, required fields, capabilities) is decided here and nowhere else.
 */
import type { JsonObject } from '@bufbuild/protobuf'
import { A2AService, type SendMessageRequestJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { CURSOR_EXTENSION } from '../a2a/cursor-text.js'
import { A2AError, invalidParams } from '../a2a/errors.js'
import { missingFields } from '../a2a/required-fields.js'
import { cardExtensions } from '../agent/agent-card.js'
import type { AgentDefinition, AgentDirectory } from '../agent/agent-definition.js'
import { namedSkill } from '../agent/skills.js'
import type { Engine } from '../engine/engine.js'
import type { Logger } from '../internal/logger.js'
import { authorize } from './authorize.js'
import type { CallContext } from './call-context.js'
import { type ExtendedCards, getExtendedAgentCard } from './extended-card.js'
import { withCursor } from './frame-cursor.js'
import { listTasks } from './list-tasks.js'
import type { RateLimiter, Secrets, ServiceLimits } from './ports.js'
import { createPushConfig, deletePushConfig, getPushConfig, listPushConfigs, supported } from './push-configs.js'
import { cancelTask, getTask, subscribeToTask } from './read-tasks.js'
import { sendMessage, sendStreamingMessage } from './send-message.js'
import { ClosingStream, type EventStream, MappedStream, OpeningStream } from './stream-step.js'
import type { Webhooks } from './webhooks.js'

type Methods = (typeof A2AService)['method']
type NamesOfKind<Kind> = {
  [Name in keyof Methods]: Methods[Name]['methodKind'] extends Kind ? Name : never
}[keyof Methods]

export type UnaryOperation = NamesOfKind<'unary'>
export type StreamOperation = NamesOfKind<'server_streaming'>

/** The eleven operations over any engine, before any protocol. */
export interface RequestHandler {
  /** @throws A2AError */
  unary(operation: UnaryOperation, ctx: CallContext, request: JsonObject): Promise<JsonObject>
  /**
   * An error before the first frame is the answer; one after it ends the stream.
   *
   * @throws A2AError
   */
  stream(operation: StreamOperation, ctx: CallContext, request: JsonObject): EventStream
  /** The extensions that are active in a call: those asked for that the agent's card declares (A2A section 3.2.6). */
  activeExtensions(ctx: CallContext, request: JsonObject): string[]
}

export interface RequestHandlerOptions {
  readonly engine: Engine
  readonly agents: AgentDirectory
  readonly secrets: Secrets
  readonly limits: ServiceLimits
  readonly extendedCards: ExtendedCards
  readonly rateLimiter: RateLimiter
  readonly logger: Logger
  /** Undefined where agents have none. */
  readonly webhooks: Webhooks | undefined
}

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { engine, secrets, limits } = options

  const unary: Record<UnaryOperation, (ctx: CallContext, request: JsonObject) => Promise<object>> = {
    sendMessage: (ctx, request) => sendMessage(options, ctx, request),
    getTask: (ctx, request) => getTask(engine, ctx, request),
    listTasks: (ctx, request) => listTasks(engine, secrets, limits, ctx, request),
    cancelTask: (ctx, request) => cancelTask(engine, limits, ctx, request),
    createTaskPushNotificationConfig: (ctx, request) => createPushConfig(options, ctx, request),
    getTaskPushNotificationConfig: (ctx, request) => getPushConfig(options, ctx, request),
    listTaskPushNotificationConfigs: (ctx, request) => listPushConfigs(options, ctx, request),
    deleteTaskPushNotificationConfig: (ctx, request) => deletePushConfig(options, ctx, request),
    getExtendedAgentCard: (ctx) => getExtendedAgentCard(options.extendedCards, ctx),
  }
  const stream: Record<StreamOperation, (ctx: CallContext, request: JsonObject) => Promise<EventStream>> = {
    sendStreamingMessage: (ctx, request) => sendStreamingMessage(options, ctx, request),
    subscribeToTask: (ctx, request) => subscribeToTask(engine, ctx, request),
  }

  return {
    async unary(operation, ctx, request) {
      const admitted = admit(options, operation, ctx, request)
      await limitRate(options.rateLimiter, operation, admitted, request)
      return (await unary[operation](admitted, request)) as JsonObject
    },
    stream(operation, ctx, request) {
      return new OpeningStream(async () => {
        const admitted = admit(options, operation, ctx, request)
        await limitRate(options.rateLimiter, operation, admitted, request)
        const steps = await counted(options.rateLimiter, ctx, () => stream[operation](admitted, request))
        if (!activeExtensions(admitted.agent, ctx).includes(CURSOR_EXTENSION)) return steps
        return new MappedStream(steps, withCursor)
      })
    },
    activeExtensions(ctx, request) {
      return ctx.extensions.length === 0 ? [] : activeExtensions(agentOf(options.agents, ctx, request), ctx)
    },
  }
}

/** @throws A2AError RATE_LIMITED the caller has too many streams open */
async function counted(
  rateLimiter: RateLimiter,
  ctx: CallContext,
  open: () => Promise<EventStream>,
): Promise<EventStream> {
  const close = rateLimiter.openStream(ctx)
  if (close === undefined) return open()
  try {
    return new ClosingStream(await open(), ctx.signal, close)
  } catch (error) {
    close()
    throw error
  }
}

function activeExtensions(agent: AgentDefinition, { extensions }: CallContext): string[] {
  const known = new Set(cardExtensions(agent).map(({ uri }) => uri))
  return extensions.filter((uri) => known.has(uri))
}

/** The context with the agent that the call is for, when it may be made at all. */
function admit(
  options: RequestHandlerOptions,
  operation: UnaryOperation | StreamOperation,
  ctx: CallContext,
  request: JsonObject,
): CallContext {
  const agent = agentOf(options.agents, ctx, request)
  authorize(agent, ctx, namedSkill((request as SendMessageRequestJson).message ?? {}))
  requireExtensions(agent.extensions, ctx.extensions)
  if (PUSH_OPERATIONS.has(operation)) supported(options.webhooks, { agent })
  const violations =
    operation === 'getExtendedAgentCard' ? [] : missingFields(A2AService.method[operation].input, request)
  if (violations.length > 0) throw invalidParams(violations)
  if (typeof request.historyLength === 'number' && request.historyLength < 0) throw negative('historyLength')
  const configuration = request.configuration as
    | { historyLength?: number; taskPushNotificationConfig?: object }
    | undefined
  if ((configuration?.historyLength ?? 0) < 0) throw negative('configuration.historyLength')
  if (configuration?.taskPushNotificationConfig !== undefined) supported(options.webhooks, { agent })
  return { ...ctx, agent }
}

/** Only what makes an agent work is counted. */
async function limitRate(
  rateLimiter: RateLimiter,
  operation: UnaryOperation | StreamOperation,
  ctx: CallContext,
  request: JsonObject,
): Promise<void> {
  if (ctx.agent.rateLimits.length === 0) return
  if (operation !== 'sendMessage' && operation !== 'sendStreamingMessage') return
  await rateLimiter.take(ctx.agent, ctx, namedSkill((request as SendMessageRequestJson).message ?? {}))
}

/** On the wire, `tenant` names an agent and nothing else. */
function agentOf(agents: AgentDirectory, ctx: CallContext, request: JsonObject) {
  const tenant = request.tenant
  if (typeof tenant !== 'string' || tenant === '' || tenant === ctx.agent.id) return ctx.agent
  const named = ctx.agentFixed ? undefined : agents.get(tenant)
  if (named === undefined) throw invalidParams([{ field: 'tenant', description: 'names no agent that is served here' }])
  return named
}

function requireExtensions(known: readonly { uri?: string; required?: boolean }[], asked: readonly string[]): void {
  for (const { uri, required } of known) {
    if (required !== true || uri === undefined || asked.includes(uri)) continue
    throw new A2AError('EXTENSION_SUPPORT_REQUIRED', `The extension ${uri} is required; name it in A2A-Extensions`, {
      metadata: { uri },
    })
  }
}

const PUSH_OPERATIONS: ReadonlySet<string> = new Set<UnaryOperation>([
  'createTaskPushNotificationConfig',
  'getTaskPushNotificationConfig',
  'listTaskPushNotificationConfigs',
  'deleteTaskPushNotificationConfig',
])

function negative(field: string): A2AError {
  return invalidParams([{ field, description: 'must not be negative' }])
}
