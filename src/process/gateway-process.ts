/**
 * A gateway: answers requests, executes nothing but direct agents, holds no state. Any number of them serve the same tasks;
 * what they share is Temporal, the store, the bus and the secret.
 */
import { Connection } from '@temporalio/client'
import { type AgentDefinition, agentDirectory } from '../agent/agent-definition.js'
import { startOrTakeDown } from '../internal/teardown.js'
import type { WebhookLog } from '../push/webhook-log.js'
import type { WebhookSettings } from '../push/webhook-settings.js'
import { createServer, type Server, type ServerOptions } from '../server/create-server.js'
import { requireSafeExposure } from '../server/exposure.js'
import { requireFreePort } from '../server/port.js'
import { DEFAULT_TASK_QUEUE } from '../temporal/names.js'
import { checkSettings } from './check-settings.js'
import { missingSecret } from './installation-secret.js'
import { startTaskService } from './task-service.js'
import { openTemporalParts, type TemporalPartsOptions } from './temporal-parts.js'
import { placeOf, type TemporalPlace } from './temporal-place.js'
import { DEFAULT_TURN, type TurnTimes } from './turn-times.js'
import { gatewayWebhooks } from './webhooks.js'

export interface GatewayProcessOptions
  extends TemporalPartsOptions,
    Omit<ServerOptions, 'agents' | 'engine' | 'secret' | 'logger' | 'webhooks'> {
  /** Their cards are served and their policies are given to new tasks; their handlers run in workers, direct ones here. */
  readonly agents: readonly AgentDefinition[]
  /** At least 32 bytes, the same on every gateway. Default: the one of the Temporal server that was started for `db`. */
  readonly secret?: Uint8Array
  /** Where the workers take their work from. Default `a2a`. */
  readonly taskQueue?: string
  readonly turn?: Partial<Pick<TurnTimes, 'heartbeatTimeoutMs'>>
  /** Days after its end that a task is kept, at least 1; then it is removed from the store and from Temporal. Default: for ever. */
  readonly keepTasksDays?: number
  /** What callers may register; workers deliver by their own. */
  readonly webhooks?: WebhookSettings
}

/** A running gateway, as `temporal-a2a gateway` runs it. */
export interface GatewayProcess {
  readonly server: Server
  readonly temporal: TemporalPlace
  /** The store's database as people may see it. */
  readonly store: string
  /** What operators see of webhooks, and may do about them. */
  readonly webhooks: WebhookLog
  /** Ends streams so that they can be resumed, answers what is running, closes. */
  stop(): Promise<void>
}

/**
 * @throws SecretError the Temporal server is not one of our own and no secret was given
 * @throws TypeError a limit or a setting that is none
 */
export function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  return startOrTakeDown(async (teardown) => {
    requireSafeExposure(options)
    checkSettings(options)
    await requireFreePort(options.port, options.host)
    const agents = agentDirectory(options.agents)
    const parts = await openTemporalParts(options, (to) => Connection.connect(to), teardown)
    const secret = options.secret ?? parts.temporal.secret
    if (secret === undefined) throw missingSecret(parts.temporal.address)
    const taskQueue = options.taskQueue ?? DEFAULT_TASK_QUEUE
    const { webhooks, log } = gatewayWebhooks(parts, { taskQueue, settings: options.webhooks }, secret)
    const engine = await startTaskService(
      parts,
      {
        agents,
        logger: options.logger,
        taskQueue,
        keepLogDays: options.webhooks?.keepLogDays,
        keepTasksDays: options.keepTasksDays,
        // Without a worker in the process there is nobody to hand the first workflow task to.
        eagerStart: false,
        runsTurns: false,
        heartbeatTimeoutMs: options.turn?.heartbeatTimeoutMs ?? DEFAULT_TURN.heartbeatTimeoutMs,
      },
      teardown,
    )
    const server = await createServer({ ...options, engine, secret, webhooks })
    teardown.add(() => server.stop())
    const temporal = placeOf(parts.temporal)
    return { server, temporal, store: parts.storeName, webhooks: log, stop: () => teardown.run() }
  })
}
