/** `temporal-a2a worker FILE…`: runs the turns of tasks that gateways have accepted. */
import { Command, Option } from 'commander'
import type { WorkerVersion } from '../worker/create-worker.js'
import { DEFAULT_MAX_TURNS } from '../worker/max-turns.js'
import type { WorkerProcessOptions } from '../worker/worker-process.js'
import {
  flag,
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
import { wholeNumber } from './parsers.js'
import { engineLine, runProcess } from './run-process.js'
import { drainFlag, eventsLine, natsOptions, type SplitFlags, splitFlags } from './split-flags.js'

interface WorkerFlags extends ProcessFlags, TemporalFlags, SplitFlags, WebhookFlags {
  readonly secretFile?: string
  readonly maxTurns: number
  readonly drain: number
  readonly deployment?: string
  readonly buildId?: string
  readonly versioning: WorkerVersion['behavior']
}

type OwnOptions = Pick<WorkerProcessOptions, 'nats' | 'taskQueue' | 'maxTurns' | 'version' | 'secret'>

export function workerCommand(): Command {
  const command = new Command('worker')
    .description('Run the agents that modules export, for the tasks that `temporal-a2a gateway` processes accept.')
    .argument('<files...>', 'JavaScript or TypeScript modules that export agents')
    .addHelpText('after', '\nExample:\n  temporal-a2a worker agents.ts')
    .action(run)
  const maxTurns = flag('--max-turns <number>', 'turns that run at once', 'MAX_TURNS')
    .argParser(wholeNumber(1))
    .default(DEFAULT_MAX_TURNS)
  const drain = drainFlag('seconds that running turns may go on at a stop, before they are handed over')
  // The variables that Temporal's worker controller sets.
  const version = [
    new Option('--deployment <name>', 'Worker Deployment that this worker is a version of').env(
      'TEMPORAL_DEPLOYMENT_NAME',
    ),
    new Option('--build-id <id>', 'version of the agents in that deployment').env('TEMPORAL_WORKER_BUILD_ID'),
    flag('--versioning <behavior>', 'whether a task ends on the version it began on', 'VERSIONING')
      .choices(['pinned', 'auto-upgrade'])
      .default('pinned'),
  ]
  const webhooks = [secretFlag(), webhookAllowFlag()]
  const options = [...temporalFlags(), ...splitFlags(), ...webhooks, maxTurns, drain, ...version, ...processFlags()]
  for (const option of options) command.addOption(option)
  return command
}

async function run(files: string[], flags: WorkerFlags, command: Command): Promise<void> {
  await runProcess(command, flags, async (context) => {
    const nats = natsOptions(flags)
    const version = workerVersion(flags)
    const agents = await loadAgents(files)
    const [{ startWorkerProcess }, { givenSecret }] = await Promise.all([
      import('../worker/worker-process.js'),
      import('../process/installation-secret.js'),
    ])
    const { taskQueue, maxTurns } = flags
    const secret = givenSecret(flags.secretFile, process.env)
    const worker = await startWorkerProcess({
      ...context,
      ...temporalOptions(flags),
      ...given<OwnOptions>({ nats, taskQueue, maxTurns, version, secret }),
      agents,
      drainMs: Math.round(flags.drain * 1_000),
      webhooks: webhookSettings(flags),
    })
    const { temporal } = worker
    const ids = agents.map(({ id }) => id)
    return {
      json: {
        role: 'worker',
        pid: process.pid,
        temporal,
        nats: nats !== undefined,
        agents: ids,
        version: version ?? null,
      },
      banner: [
        `worker  ${ids.join(', ')}${versionText(version)}`,
        engineLine(temporal),
        eventsLine(nats),
        `tasks   ${worker.store}`,
      ],
      stop: () => worker.stop(),
    }
  })
}

/** @throws Error one of the two is missing */
function workerVersion({ deployment, buildId, versioning: behavior }: WorkerFlags): WorkerVersion | undefined {
  if (deployment === undefined && buildId === undefined) return undefined
  if (deployment === undefined || buildId === undefined) throw new Error('--deployment and --build-id go together')
  return { deployment, buildId, behavior }
}

function versionText(version: WorkerVersion | undefined): string {
  return version === undefined ? '' : `, version ${version.buildId} of ${version.deployment}, ${version.behavior}`
}
