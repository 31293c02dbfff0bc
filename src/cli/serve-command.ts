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

interface ServeFlags extends ProcessFlags, TemporalFlags, ListenFlags, AuthFlags, WebhookFlags {
  readonly engine: 'temporal' | 'memory'
  readonly keepTasksDays?: number
  readonly secretFile?: string
}

type OwnOptions = Pick<ServeOptions, 'engine' | 'keepTasksDays' | 'authenticate' | 'allowUnauthenticated' | 'secret'>

export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Serve the agents that a module exports. A task survives the crash of every process.')
    .argument('<file>', 'a JavaScript or TypeScript module that exports agents')
    .addHelpText('after', '\nExample:\n  temporal-a2a serve agents.ts --port 4242')
    .action(run)
  const engine = flag('--engine <engine>', 'what executes tasks; memory keeps them in this process only', 'ENGINE')
    .choices(['temporal', 'memory'])
    .default('temporal')
  const options = [
    ...[...listenFlags(), ...authFlags(), engine],
    ...[...temporalFlags(), secretFlag(), keepTasksFlag(), webhookAllowFlag(), ...processFlags()],
  ]
  for (const option of options) command.addOption(option)
  return command
}

async function run(file: string, flags: ServeFlags, command: Command): Promise<void> {
  await runProcess(command, flags, async (context) => {
    const agents = await loadAgents([file])
    const authenticate = await readAuthentication(flags)
    const { givenSecret } = await import('../process/installation-secret.js')
    const { engine, keepTasksDays, allowUnauthenticated } = flags
    const secret = givenSecret(flags.secretFile, process.env)
    const served = await serve({
      ...context,
      ...temporalOptions(flags),
      ...(await listenOptions(flags)),
      ...given<OwnOptions>({ engine, keepTasksDays, authenticate, allowUnauthenticated, secret }),
      agents,
      webhooks: webhookSettings(flags),
    })
    const { url, port, temporal, store, warnings } = served
    const cards = agents.map(({ id }) => cardUrl(url, id))
    return {
      json: { url, port, temporal: temporal ?? null, agents: cards, warnings },
      banner: [
        ...agentLines(url, agents),
        temporal === undefined
          ? 'engine  memory: NOT durable, tasks are gone when this process ends'
          : engineLine(temporal),
        ...(store === undefined ? [] : [`tasks   ${store}`]),
        callersLine(url, authenticate),
        ...warnings.map((warning) => `WARNING ${warning}`),
      ],
      stop: () => served.stop(),
    }
  })
}
