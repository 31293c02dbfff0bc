/** `temporal-a2a worker FILE…`: runs the turns of tasks that gateways have accepted. */
import { Command } from 'commander'
import { flag, type ProcessFlags, processFlags, type TemporalFlags, temporalFlags, wholeNumber } from './flags.js'
import { loadAgents } from './load-agents.js'
import { engineLine, runProcess } from './run-process.js'
import { eventsLine, natsOptions, type SplitFlags, splitFlags } from './split-flags.js'

interface WorkerFlags extends ProcessFlags, TemporalFlags, SplitFlags {
  readonly maxTurns?: number
}

export function workerCommand(): Command {
  const command = new Command('worker')
    .description('Run the agents that modules export, for the tasks that `temporal-a2a gateway` processes accept.')
    .argument('<files...>', 'JavaScript or TypeScript modules that export agents')
    .addHelpText('after', '\nExample:\n  temporal-a2a worker agents.ts')
    .action(run)
  const maxTurns = flag('--max-turns <number>', 'turns that run at once', 'MAX_TURNS').argParser(wholeNumber(1))
  for (const option of [...temporalFlags(), ...splitFlags(), maxTurns, ...processFlags()]) command.addOption(option)
  return command
}

async function run(files: string[], flags: WorkerFlags, command: Command): Promise<void> {
  await runProcess(command, flags, async (context) => {
    const nats = natsOptions(flags)
    const agents = await loadAgents(files)
    const { startWorkerProcess } = await import('../worker/worker-process.js')
    const worker = await startWorkerProcess({
      ...flags,
      ...context,
      agents,
      nats,
    } as Parameters<typeof startWorkerProcess>[0])
    const { address, namespace, source } = worker.temporal
    const temporal = { address, namespace, source: source.detail }
    const ids = agents.map(({ id }) => id)
    return {
      json: { role: 'worker', pid: process.pid, temporal, nats: nats !== undefined, agents: ids },
      banner: [`worker  ${ids.join(', ')}`, engineLine(temporal), eventsLine(nats), `tasks   ${worker.store}`],
      stop: () => worker.stop(),
    }
  })
}
