/** `temporal-a2a webhooks`: what was delivered to the webhooks of tasks, and delivering again. */
import { Command } from 'commander'
import { createLogger } from '../observe/logger.js'
import type { LoggedDelivery, RegisteredWebhook, WebhookLog } from '../push/webhook-log.js'
import { fail } from './fail.js'
import {
  databaseFlag,
  flag,
  type TemporalFlags,
  taskQueueFlag,
  temporalFlags,
  temporalOptions,
  tenantFlag,
} from './flags.js'
import { wholeNumber } from './parsers.js'
import { type TaskName, taskName } from './task-name.js'

interface ListFlags {
  readonly db: string
  readonly json?: boolean
  readonly tenant: string
  readonly limit: number
}

export function webhooksCommand(): Command {
  return new Command('webhooks')
    .description('What was delivered to the webhooks of tasks, and delivering again.')
    .addCommand(listCommand())
    .addCommand(logCommand())
    .addCommand(redeliverCommand())
}

function listCommand(): Command {
  return shown(new Command('list'), 'webhooks')
    .description('The webhooks of a task, or those of all tasks that were registered last.')
    .argument('[task]', 'AGENT/TASK-ID', taskName)
    .option('--disabled', 'only those that nothing is sent to any more')
    .action(async (task: TaskName | undefined, flags: ListFlags & { disabled?: boolean }, command: Command) => {
      await withLog(command, flags, async (log) => {
        const { limit, tenant, disabled: disabledOnly = false } = flags
        const found = await log.list({
          limit,
          disabledOnly,
          ...(task === undefined ? {} : { task: { ...task, tenant } }),
        })
        print(flags, found, found.map(webhookLine))
      })
    })
}

function logCommand(): Command {
  return shown(new Command('log'), 'deliveries')
    .description('What was delivered to a webhook, with every attempt; the latest first.')
    .argument('<task>', 'AGENT/TASK-ID', taskName)
    .argument('<webhook>', 'id of the webhook')
    .action(async (task: TaskName, webhook: string, flags: ListFlags, command: Command) => {
      await withLog(command, flags, async (log) => {
        const found = await log.log({ ...task, tenant: flags.tenant }, webhook, { limit: flags.limit })
        print(flags, found, found.flatMap(deliveryLines))
      })
    })
}

interface RedeliverFlags extends TemporalFlags {
  readonly delivery?: string
  readonly taskQueue: string
  readonly tenant: string
}

function redeliverCommand(): Command {
  const command = new Command('redeliver')
    .description('Deliver again, in order: what has failed, or one delivery. A disabled webhook works again.')
    .argument('<task>', 'AGENT/TASK-ID', taskName)
    .argument('<webhook>', 'id of the webhook')
    .option('--delivery <id>', 'one delivery, whatever became of it')
    .addOption(tenantFlag())
    .addOption(taskQueueFlag('where workers take their work from'))
    .addHelpText('after', '\nExample:\n  temporal-a2a webhooks redeliver travel/0b9d4c1e-… hook-1')
    .action(redeliver)
  for (const option of temporalFlags()) command.addOption(option)
  return command
}

async function redeliver(task: TaskName, webhook: string, flags: RedeliverFlags, command: Command): Promise<void> {
  const [{ Connection }, { openTemporalParts }, { webhookRecording }, { createWebhookLog }, { Teardown }] =
    await Promise.all([
      import('@temporalio/client'),
      import('../process/temporal-parts.js'),
      import('../process/webhooks.js'),
      import('../push/webhook-log.js'),
      import('../internal/teardown.js'),
    ])
  const teardown = new Teardown()
  try {
    const { taskQueue, tenant, delivery: deliveryId } = flags
    const options = { ...temporalOptions(flags), logger: createLogger('warn') }
    const parts = await openTemporalParts(options, (to) => Connection.connect(to), teardown)
    const log = createWebhookLog(webhookRecording(parts, taskQueue))
    const one = deliveryId === undefined ? {} : { deliveryId }
    const count = await log.redeliver({ ...task, tenant }, webhook, one)
    process.stdout.write(`${count} on their way\n`)
  } catch (error) {
    // Before the process ends: a Temporal server that was started for this would stay.
    await teardown.run()
    fail(command, withTenant(error, flags.tenant))
  }
  await teardown.run()
}

/** Reads the database alone: Temporal is not asked. */
async function withLog(
  command: Command,
  { db, tenant }: ListFlags,
  use: (log: WebhookLog) => Promise<void>,
): Promise<void> {
  const [{ openDatabase }, { openTaskStore }, { createWebhookLog }] = await Promise.all([
    import('../store/database.js'),
    import('../store/sql-task-store.js'),
    import('../push/webhook-log.js'),
  ])
  const logger = createLogger('warn')
  try {
    const store = await openTaskStore(openDatabase(db, logger), logger)
    try {
      const queue = { add: async () => {}, wake: async () => {} }
      await use(createWebhookLog({ store: store.push, queue }))
    } finally {
      await store.close()
    }
  } catch (error) {
    fail(command, withTenant(error, tenant))
  }
}

/** A task is found in its own tenant only, so what is not there may be in another. */
function withTenant(error: unknown, tenant: string): unknown {
  const { reason, message } = error as { readonly reason?: unknown; readonly message?: unknown }
  if (reason !== 'TASK_NOT_FOUND') return error
  return `${message} in ${tenant === '' ? 'the tenant without a name' : `tenant ${tenant}`}; --tenant names another`
}

function shown(command: Command, what: string): Command {
  return command
    .addOption(databaseFlag())
    .addOption(flag('--json', 'print JSON', 'JSON'))
    .addOption(tenantFlag())
    .option('--limit <number>', `${what} that are shown`, wholeNumber(1), 100)
}

function print({ json }: ListFlags, found: object, lines: readonly string[]): void {
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : `${lines.length === 0 ? 'none' : lines.join('\n')}\n`)
}

function webhookLine({ agentId, taskId, tenant, config, disabled }: RegisteredWebhook): string {
  const state = disabled === undefined ? 'on' : `disabled ${disabled.at}: ${disabled.because}`
  const of = tenant === '' ? '' : `  tenant ${tenant}`
  return `${agentId}/${taskId}${of}  ${config.id}  ${config.url}  ${state}`
}

function deliveryLines({ id, state, createdAt, tries }: LoggedDelivery): string[] {
  return [
    `${createdAt}  ${id}  ${state}`,
    ...tries.map(
      ({ attempt, at, took, status, cause }) =>
        `  ${attempt}  ${at}  ${took} ms  ${[status, cause].filter((each) => each !== undefined).join('  ')}`,
    ),
  ]
}
