/** The four operations on webhooks (A2A sections 3.1.7 to 3.1.10), and the webhook that comes with a message (3.2.2). */
import type {
  DeleteTaskPushNotificationConfigRequestJson,
  GetTaskPushNotificationConfigRequestJson,
  ListTaskPushNotificationConfigsRequestJson,
  ListTaskPushNotificationConfigsResponseJson,
  SendMessageRequestJson,
  TaskPushNotificationConfigJson,
} from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, invalidParams, isA2AError, taskNotFound } from '../a2a/errors.js'
import type { Engine } from '../engine/engine.js'
import type { TaskRef } from '../task/task-record.js'
import type { WebhookEvents } from '../task/webhook-events.js'
import type { CallContext } from './call-context.js'
import { findTask, taskRef } from './find-task.js'
import type { Secrets } from './ports.js'
import type { Webhooks } from './webhooks.js'

export interface PushParts {
  readonly engine: Engine
  readonly secrets: Secrets
  /** Undefined where there are none. */
  readonly webhooks: Webhooks | undefined
}

/** Webhooks in one page of a list, by default and at most. */
const MAX_PAGE_SIZE = 100
/** Ids that callers choose: they become part of paths, file names and log lines. */
const CONFIG_ID = /^[A-Za-z0-9._:~-]{1,128}$/

/** A webhook of an id that is there already is replaced, and works again if it was disabled. */
export async function createPushConfig(
  { engine, secrets, webhooks: given }: PushParts,
  ctx: CallContext,
  request: TaskPushNotificationConfigJson,
): Promise<TaskPushNotificationConfigJson> {
  const webhooks = supported(given, ctx)
  const { taskId = '' } = request
  const { position } = await findTask(engine, ctx, taskId)
  checkId(request.id, 'id')
  await webhooks.check(request, ctx.signal)
  const config = { ...request, id: request.id || secrets.newTaskId(), taskId }
  const ref = taskRef(ctx, taskId)
  const { shown } = await webhooks.put(ref, { config, owner: ctx.principal, version: ctx.version })
  await engine.tellWebhooks(ref, position, webhooks.events)
  return shown
}

/** @throws A2AError TASK_NOT_FOUND also for a webhook that is not there */
export async function getPushConfig(
  { engine, webhooks: given }: PushParts,
  ctx: CallContext,
  { taskId = '', id = '' }: GetTaskPushNotificationConfigRequestJson,
): Promise<TaskPushNotificationConfigJson> {
  const webhooks = supported(given, ctx)
  await findTask(engine, ctx, taskId)
  const config = CONFIG_ID.test(id) ? await webhooks.get(taskRef(ctx, taskId), id) : undefined
  if (config === undefined) throw taskNotFound(taskId)
  return config
}

export async function listPushConfigs(
  { engine, secrets, webhooks: given }: PushParts,
  ctx: CallContext,
  { taskId = '', pageSize: asked = 0, pageToken = '' }: ListTaskPushNotificationConfigsRequestJson,
): Promise<ListTaskPushNotificationConfigsResponseJson> {
  const webhooks = supported(given, ctx)
  if (asked < 0 || asked > MAX_PAGE_SIZE) {
    throw invalidParams([{ field: 'pageSize', description: `must be between 1 and ${MAX_PAGE_SIZE}` }])
  }
  await findTask(engine, ctx, taskId)
  const ref = taskRef(ctx, taskId)
  const purpose = `webhooks:${JSON.stringify([ref.tenant, ref.agentId, ref.taskId, ctx.principal])}`
  const after = pageToken === '' ? undefined : secrets.open(pageToken, purpose)
  if (pageToken !== '' && after === undefined) {
    throw invalidParams([{ field: 'pageToken', description: 'is not a token of this list; start again without one' }])
  }
  const pageSize = asked || MAX_PAGE_SIZE
  const found = await webhooks.list(ref, { ...(after === undefined ? {} : { after }), limit: pageSize + 1 })
  const configs = found.slice(0, pageSize)
  const last = configs.at(-1)?.id
  return {
    configs,
    nextPageToken: found.length > pageSize && last !== undefined ? secrets.seal(last, purpose) : '',
  }
}

/** Deleting again changes nothing. */
export async function deletePushConfig(
  { engine, webhooks: given }: PushParts,
  ctx: CallContext,
  { taskId = '', id = '' }: DeleteTaskPushNotificationConfigRequestJson,
): Promise<object> {
  const webhooks = supported(given, ctx)
  await findTask(engine, ctx, taskId)
  if (CONFIG_ID.test(id)) await webhooks.remove(taskRef(ctx, taskId), id)
  return {}
}

/** The webhook that comes with a message, checked and not yet registered. */
export interface InlineWebhook {
  readonly events: WebhookEvents
  /**
   * Registers it and then hands the message over, so that no state goes untold. A message that is refused takes it along.
   */
  with<T>(ref: TaskRef, handOver: () => Promise<T>): Promise<T>
}

/**
 * @returns undefined when none comes with it
 * @throws A2AError INVALID_PARAMS, PUSH_NOTIFICATION_NOT_SUPPORTED
 */
export async function inlineWebhook(
  { secrets, webhooks: given }: PushParts,
  ctx: CallContext,
  { configuration }: SendMessageRequestJson,
): Promise<InlineWebhook | undefined> {
  const inline = configuration?.taskPushNotificationConfig
  if (inline === undefined) return undefined
  const webhooks = supported(given, ctx)
  checkId(inline.id, 'configuration.taskPushNotificationConfig.id')
  await webhooks.check(inline, ctx.signal)
  const { principal: owner, version, tenant, agent, idempotencyKey: key } = ctx
  // A message that is sent again under its key brings the same webhook again.
  const made = () => (key === undefined ? secrets.newTaskId() : secrets.taskIdFor([tenant, owner, agent.id, key, 'w']))
  const id = inline.id || made()
  return {
    events: webhooks.events,
    async with(ref, handOver) {
      const config = { ...inline, id, taskId: ref.taskId }
      const { isNew } = await webhooks.put(ref, { config, owner, version })
      try {
        return await handOver()
      } catch (error) {
        // Where the message may still be accepted, its webhook stays.
        const refused = isA2AError(error) && error.reason !== 'UNAVAILABLE' && error.reason !== 'INTERNAL'
        if (refused && isNew) await webhooks.remove(ref, id).catch(() => {})
        throw error
      }
    },
  }
}

/** @throws A2AError PUSH_NOTIFICATION_NOT_SUPPORTED */
export function supported(webhooks: Webhooks | undefined, { agent }: Pick<CallContext, 'agent'>): Webhooks {
  if (webhooks !== undefined && agent.pushNotifications) return webhooks
  throw new A2AError('PUSH_NOTIFICATION_NOT_SUPPORTED', `Agent ${agent.id} does not support push notifications`)
}

function checkId(id: string | undefined, field: string): void {
  if (id === undefined || id === '' || CONFIG_ID.test(id)) return
  throw invalidParams([{ field, description: 'must be 1 to 128 of A-Z, a-z, 0-9, ".", "_", ":", "~" and "-"' }])
}
