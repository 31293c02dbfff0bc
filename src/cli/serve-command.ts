/** `temporal-a2a serve FILE`: gateway, worker and, when none is there, a Temporal server, in one process. */
import { Command } from 'commander'
import { type ServeOptions, serve } from '../serve.js'
import { type AuthFlags, authFlags, callersLine, readAuthentication } from './auth-flags.js'
import {
  flag,
  keepTasksFlag,
  type ListenFlags,
  listenFlags,
  listenOptions,
  type ProcessFlags,
  processFlags,
  type TemporalFlags,
  temporalFlags,
  temporalOptions,
  type WebhookFlags,
  webhookAllowFlag,
  webhookSettings,
} from './flags.js'
import { given } from './given.js'
import { loadAgents } from './load-agents.js'
import { cardUrl, engineLine, runProcess } from './run-process.js'

interface ServeFlags extends ProcessFlags, TemporalFlags, ListenFlags, AuthFlags, WebhookFlags {
  readonly engine: 'temporal' | 'memory'
  readonly keepTasksDays?: number
}

type OwnOptions = Pick<ServeOptions, 'engine' | 'keepTasksDays' | 'authenticate' | 'allowUnauthenticated'>

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Serve the agents that a module exports. Tasks survive everything but the loss of the database file.')
    .argument('<file>', 'a JavaScript or TypeScript module that exports agents')
    .addHelpText('after', '\nExample:\n  temporal-a2a serve agents.ts --port 4242')
    .action(run)
  const engine = flag('--engine <engine>', 'what executes tasks; memory keeps them in this process only', 'ENGINE')
    .choices(['temporal', 'memory'])
    .default('temporal')
  const options = [
    ...[...listenFlags(), ...authFlags(), engine],
    ...[...temporalFlags(), keepTasksFlag(), webhookAllowFlag(), ...processFlags()],
  ]
  for (const option of options) command.addOption(option)
  return command
}

async function run(file: string, flags: ServeFlags, command: Command): Promise<void> {
  await runProcess(command, flags, async (context) => {
    const agents = await loadAgents([file])
    const authenticate = await readAuthentication(flags)
    const { engine, keepTasksDays, allowUnauthenticated } = flags
    const served = await serve({
      ...context,
      ...temporalOptions(flags),
      ...(await listenOptions(flags)),
      ...given<OwnOptions>({ engine, keepTasksDays, authenticate, allowUnauthenticated }),
      agents,
      webhooks: webhookSettings(flags),
    })
    const { url, port, temporal, store } = served
    const cards = agents.map(({ id }) => cardUrl(url, id))
    return {
      json: { url, port, temporal: temporal ?? null, agents: cards },
      banner: [
        ...cards.map((card) => `agent   ${card}`),
        temporal === undefined
          ? 'engine  memory: NOT durable, tasks are gone when this process ends'
          : engineLine(temporal),
        ...(store === undefined ? [] : [`tasks   ${store}`]),
        callersLine(url, authenticate),
      ],
      stop: () => served.stop(),
    }
  })
}
