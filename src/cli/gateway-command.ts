/** `temporal-a2a gateway FILE…`: answers requests; the turns of tasks run in workers. */
import { Command } from 'commander'
import type { GatewayProcessOptions } from '../process/gateway-process.js'
import { type AuthFlags, authFlags, callersLine, readAuthentication } from './auth-flags.js'
import {
  keepTasksFlag,
  type ListenFlags,
  listenFlags,
  listenOptions,
  type ProcessFlags,
  processFlags,
  secretFlag,
  type TemporalFlags,
  temporalFlags,
  temporalOptions,
  type WebhookFlags,
  webhookAllowFlag,
  webhookSettings,
} from './flags.js'
import { given } from './given.js'
import { loadAgents } from './load-agents.js'
import { agentLines, cardUrl, engineLine, runProcess } from './run-process.js'
import { drainFlag, eventsLine, natsOptions, type SplitFlags, splitFlags } from './split-flags.js'

interface GatewayFlags extends ProcessFlags, TemporalFlags, ListenFlags, AuthFlags, SplitFlags, WebhookFlags {
  readonly secretFile?: string
  readonly drain: number
  readonly keepTasksDays?: number
}

type OwnOptions = Pick<
  GatewayProcessOptions,
  'nats' | 'taskQueue' | 'keepTasksDays' | 'authenticate' | 'allowUnauthenticated' | 'secret'
>

export function gatewayCommand(): Command {
  const command = new Command('gateway')
    .description(
      'Answer requests for the agents that modules export. Their turns run in `temporal-a2a worker` processes.',
    )
    .argument('<files...>', 'JavaScript or TypeScript modules that export agents')
    .addHelpText(
      'after',
      '\nThe secret of gateways and workers on one Temporal cluster: TEMPORAL_A2A_SECRET, or --secret-file.' +
        '\n\nExample:\n  temporal-a2a gateway agents.ts --port 4242',
    )
    .action(run)
  const drain = drainFlag('seconds to go on serving at a stop, while balancers see that it is no longer ready')
  for (const option of [
    ...listenFlags(),
    ...authFlags(),
    ...temporalFlags(),
    ...splitFlags(),
    secretFlag(),
    keepTasksFlag(),
    webhookAllowFlag(),
    drain,
    ...processFlags(),
  ]) {
    command.addOption(option)
  }
  return command
}

async function run(files: string[], flags: GatewayFlags, command: Command): Promise<void> {
  await runProcess(command, flags, async (context) => {
    const nats = natsOptions(flags)
    const agents = await loadAgents(files)
    const authenticate = await readAuthentication(flags)
    const [{ startGatewayProcess }, { givenSecret }] = await Promise.all([
      import('../process/gateway-process.js'),
      import('../process/installation-secret.js'),
    ])
    const { taskQueue, keepTasksDays, allowUnauthenticated } = flags
    const secret = givenSecret(flags.secretFile, process.env)
    const gateway = await startGatewayProcess({
      ...context,
      ...temporalOptions(flags),
      ...(await listenOptions(flags)),
      ...given<OwnOptions>({ nats, taskQueue, keepTasksDays, authenticate, allowUnauthenticated, secret }),
      agents,
      limits: { lameDuckMs: Math.round(flags.drain * 1_000) },
      webhooks: webhookSettings(flags),
    })
    const { server, temporal } = gateway
    const { url, port } = server
    const cards = agents.map(({ id }) => cardUrl(url, id))
    return {
      json: { role: 'gateway', url, port, temporal, nats: nats !== undefined, agents: cards },
      banner: [
        ...agentLines(url, agents),
        engineLine(temporal),
        eventsLine(nats),
        `tasks   ${gateway.store}`,
        callersLine(url, authenticate),
      ],
      stop: () => gateway.stop(),
    }
  })
}
