/** All commands of `temporal-a2a`. */
import { Command } from 'commander'
import { apiKeyCommand } from './api-key-command.js'
import { readSwitches } from './flags.js'
import { gatewayCommand } from './gateway-command.js'
import { migrateCommand } from './migrate-command.js'
import { serveCommand } from './serve-command.js'
import { tasksCommand } from './tasks-command.js'
import { webhooksCommand } from './webhooks-command.js'
import { workerCommand } from './worker-command.js'

export function createProgram(version: string): Command {
  return new Command('temporal-a2a')
    .description('A2A agents whose tasks cannot be lost.')
    .version(version)
    .showHelpAfterError()
    .hook('preAction', (_, command) => readSwitches(command, process.env))
    .addCommand(serveCommand())
    .addCommand(gatewayCommand())
    .addCommand(workerCommand())
    .addCommand(migrateCommand())
    .addCommand(tasksCommand())
    .addCommand(webhooksCommand())
    .addCommand(apiKeyCommand())
}
