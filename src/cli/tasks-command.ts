/** `temporal-a2a tasks`: removing tasks that have ended. */
import { Command } from 'commander'
import { createLogger } from '../observe/logger.js'
import { fail } from './fail.js'
import { type TemporalFlags, temporalFlags, temporalOptions, tenantFlag } from './flags.js'
import { type TaskName, taskName } from './task-name.js'

interface DeleteFlags extends TemporalFlags {
  readonly tenant: string
}

const OUTCOMES = { removed: 'deleted', running: 'goes on: cancel it first', absent: 'no such task' } as const

export function tasksCommand(): Command {
  return new Command('tasks').description('Removing tasks that have ended.').addCommand(deleteCommand())
}

function deleteCommand(): Command {
  const command = new Command('delete')
    .description(
      'Remove tasks with all they hold, from the database and from Temporal. One that goes on is left alone. ' +
        'One that has just ended takes Temporal half a minute.',
    )
    .argument('<tasks...>', 'AGENT/TASK-ID', (text: string, before: readonly TaskName[] = []) => [
      ...before,
      taskName(text),
    ])
    .addOption(tenantFlag())
    .addHelpText('after', '\nExample:\n  temporal-a2a tasks delete travel/0b9d4c1e-…')
    .action(run)
  for (const option of temporalFlags()) command.addOption(option)
  return command
}

async function run(tasks: readonly TaskName[], flags: DeleteFlags, command: Command): Promise<void> {
  const [{ Connection }, { openTemporalParts }, { removeTask }, { Teardown }] = await Promise.all([
    import('@temporalio/client'),
    import('../process/temporal-parts.js'),
    import('../process/remove-task.js'),
    import('../internal/teardown.js'),
  ])
  const teardown = new Teardown()
  try {
    const options = { ...temporalOptions(flags), logger: createLogger('warn') }
    const parts = await openTemporalParts(options, (to) => Connection.connect(to), teardown)
    const outcomes = await Promise.all(
      tasks.map(async (task) => {
        const outcome = await removeTask(parts, { ...task, tenant: flags.tenant })
        process.stdout.write(`${task.agentId}/${task.taskId}  ${OUTCOMES[outcome]}\n`)
        return outcome
      }),
    )
    if (outcomes.some((outcome) => outcome !== 'removed')) process.exitCode = 1
  } catch (error) {
    // Before the process ends: a Temporal server that was started for this would stay.
    await teardown.run()
    fail(command, error)
  }
  await teardown.run()
}
