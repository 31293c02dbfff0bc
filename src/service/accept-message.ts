/**
 * Accepts a message: a new task, or a further message of one (A2A section 3.4). What SendMessage and
 * SendStreamingMessage have in common.
 */
import type { MessageJson, SendMessageRequestJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { START } from '../a2a/cursor.js'
import { A2AError, type FieldViolation, invalidParams, taskNotFound } from '../a2a/errors.js'
import { idProblem, mayBeTaskId } from '../a2a/ids.js'
import { MAX_PARTS } from '../a2a/json-limits.js'
import type { AgentDefinition } from '../agent/agent-definition.js'
import { checkSkill } from '../agent/skills.js'
import type { Engine, TaskReading } from '../engine/engine.js'
import { keyReused } from '../task/may-continue.js'
import { type NewTask, newTaskRecord, type TaskRef, type TurnParams } from '../task/task-record.js'
import type { WebhookEvents } from '../task/webhook-events.js'
import { asWhole, fits, tooLarge, weighRecord } from '../task/weight.js'
import type { CallContext } from './call-context.js'
import { findSettledTask, taskRef } from './find-task.js'
import { unsupportedMediaType } from './media-types.js'
import type { Secrets } from './ports.js'
import { inlineWebhook, type PushParts } from './push-configs.js'

/** A message on its way to a task whose id is known. */
export interface Delivery {
  readonly ref: TaskRef
  /**
   * Hands it to the engine.
   *
   * @param webhooks what webhooks are told from now on; default: what they are told already
   */
  deliver(webhooks?: WebhookEvents): Promise<Delivered>
}

export interface Delivered {
  /** The turn that handles, or has handled, the message. */
  readonly turn: number
  /** The task as it is now, when it is known without asking. */
  readonly reading: Pick<TaskReading, 'task' | 'position' | 'answer'> | undefined
}

/**
 * Checks the message and says which task it goes to. Nothing has happened yet, so that the caller can listen to the task
 * before anything does.
 *
 * @throws A2AError INVALID_PARAMS, CONTENT_TYPE_NOT_SUPPORTED, TASK_NOT_FOUND, PAYLOAD_TOO_LARGE
 */
export async function prepareMessage(
  parts: PushParts,
  ctx: CallContext,
  request: SendMessageRequestJson,
  { streamed }: { readonly streamed: boolean },
): Promise<Delivery> {
  const message = request.message ?? {}
  checkMessage(ctx.agent, message)
  const params = turnParams(ctx, request, streamed)
  const prepared = await prepareDelivery(parts, ctx, message, params)
  const webhook = await inlineWebhook(parts, ctx, request)
  if (webhook === undefined) return prepared
  const { ref } = prepared
  return { ref, deliver: () => webhook.with(ref, () => prepared.deliver(webhook.events)) }
}

async function prepareDelivery(
  { engine, secrets }: PushParts,
  ctx: CallContext,
  message: MessageJson,
  params: TurnParams,
): Promise<Delivery> {
  const taskId = message.taskId ?? ''
  if (taskId === '') return prepareNewTask(engine, secrets, ctx, message, params, newTaskId(secrets, ctx))
  // Until 0.3 callers made the ids of new tasks as well.
  const made = ctx.version === '0.2' && mayBeTaskId(taskId) && (await engine.read(taskRef(ctx, taskId))) === undefined
  return made
    ? prepareNewTask(engine, secrets, ctx, message, params, taskId)
    : prepareFollowUp(engine, secrets, ctx, taskId, message, params)
}

function newTaskId(secrets: Secrets, { idempotencyKey: key, tenant, principal, agent }: CallContext): string {
  return key === undefined ? secrets.newTaskId() : secrets.taskIdFor([tenant, principal, agent.id, key])
}

function prepareNewTask(
  engine: Engine,
  secrets: Secrets,
  ctx: CallContext,
  message: MessageJson,
  params: TurnParams,
  taskId: string,
): Delivery {
  const key = ctx.idempotencyKey
  const requestHash = key === undefined ? undefined : hashOf(secrets, message, params)
  const contextId = message.contextId || secrets.newTaskId()
  const ref = taskRef(ctx, taskId)
  const task: NewTask = {
    ...ref,
    owner: ctx.principal,
    contextId,
    message: { ...message, taskId, contextId },
    params,
    at: new Date().toISOString(),
    ...(requestHash === undefined ? {} : { requestHash }),
  }
  const weight = weighRecord(newTaskRecord(task), asWhole)
  if (!fits(weight)) throw tooLarge('Message', weight)
  return {
    ref,
    async deliver(webhooks) {
      if ((await engine.start(task, ctx.agent, webhooks)) === 'started') {
        return { turn: 1, reading: { task: newTaskRecord(task).task, position: START } }
      }
      // Somebody else was faster with an id that callers make: a task like any other now.
      if (key === undefined)
        return (await prepareFollowUp(engine, secrets, ctx, taskId, message, params)).deliver(webhooks)
      const reading = await engine.read(ref)
      if (reading === undefined || reading.requestHash !== requestHash) throw keyReused()
      return { turn: 1, reading }
    },
  }
}

/** A request may be repeated with the other method: its answer is the same task. */
function hashOf(secrets: Secrets, message: MessageJson, params: TurnParams): string {
  const { streamed: _, roles: __, ...compared } = params
  return secrets.fingerprint(JSON.stringify([message, compared]))
}

async function prepareFollowUp(
  engine: Engine,
  secrets: Secrets,
  ctx: CallContext,
  taskId: string,
  message: MessageJson,
  params: TurnParams,
): Promise<Delivery> {
  if (!mayBeTaskId(taskId)) throw taskNotFound(taskId)
  const { task } = await findSettledTask(engine, ctx, taskId)
  const contextId = task.contextId ?? ''
  if ((message.contextId ?? '') !== '' && message.contextId !== contextId) {
    throw invalidParams([{ field: 'message.contextId', description: 'is not the context of the task' }])
  }
  const ref = taskRef(ctx, taskId)
  const { idempotencyKey: key } = ctx
  return {
    ref,
    async deliver(webhooks) {
      const { turn } = await engine.send(ref, {
        message: { ...message, contextId },
        params,
        owner: ctx.principal,
        ...(key === undefined ? {} : { idempotencyKey: key, requestHash: hashOf(secrets, message, params) }),
        ...(webhooks === undefined ? {} : { webhooks }),
      })
      // Under a key the message may have been handled long ago: then there is nothing to wait for.
      return { turn, reading: key === undefined ? undefined : await engine.read(ref) }
    },
  }
}

export function checkMessage(agent: AgentDefinition, message: MessageJson): void {
  const violations: FieldViolation[] = []
  for (const field of ['messageId', 'contextId'] as const) {
    const problem = idProblem(message[field] ?? '')
    if (problem !== undefined) violations.push({ field: `message.${field}`, description: problem })
  }
  if (message.role !== 'ROLE_USER') {
    violations.push({ field: 'message.role', description: 'must be ROLE_USER: a caller does not speak for the agent' })
  }
  if ((message.parts ?? []).length > MAX_PARTS) {
    violations.push({ field: 'message.parts', description: `must not be more than ${MAX_PARTS}` })
  }
  if (violations.length > 0) throw invalidParams(violations)
  checkSkill(agent, message)
  const mediaType = unsupportedMediaType(message.parts ?? [], agent.inputModes)
  if (mediaType !== undefined) {
    throw new A2AError('CONTENT_TYPE_NOT_SUPPORTED', `Agent ${agent.id} does not take ${mediaType}`, {
      metadata: { mediaType, supported: agent.inputModes.join(',') },
    })
  }
}

export function turnParams(
  ctx: CallContext,
  { metadata, configuration }: SendMessageRequestJson,
  streamed: boolean,
): TurnParams {
  const known = new Set(ctx.agent.extensions.map(({ uri }) => uri))
  const extensions = ctx.extensions.filter((uri) => known.has(uri))
  const acceptedOutputModes = configuration?.acceptedOutputModes ?? []
  return {
    ...(metadata === undefined ? {} : { metadata }),
    ...(acceptedOutputModes.length === 0 ? {} : { acceptedOutputModes }),
    ...(extensions.length === 0 ? {} : { extensions }),
    ...(streamed ? { streamed } : {}),
    ...(ctx.roles === undefined || ctx.roles.length === 0 ? {} : { roles: ctx.roles }),
  }
}
