#!/usr/bin/env node
/** The command line: `temporal-a2a`. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { apiKeyCommand } from './api-key-command.js'
import { gatewayCommand } from './gateway-command.js'
import { migrateCommand } from './migrate-command.js'
import { serveCommand } from './serve-command.js'
import { tasksCommand } from './tasks-command.js'
import { webhooksCommand } from './webhooks-command.js'
import { workerCommand } from './worker-command.js'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

// In a container, a variable that is not wanted is often there and empty.
for (const name of Object.keys(process.env)) {
  if (/^TEMPORAL_(?:A2A_|DEPLOYMENT_NAME$|WORKER_BUILD_ID$)/.test(name) && process.env[name] === '')
    delete process.env[name]
}

const program = new Command('temporal-a2a')
  .description('A2A agents whose tasks cannot be lost.')
  .version(version)
  .showHelpAfterError()
  .addCommand(serveCommand())
  .addCommand(gatewayCommand())
  .addCommand(workerCommand())
  .addCommand(migrateCommand())
  .addCommand(tasksCommand())
  .addCommand(webhooksCommand())
  .addCommand(apiKeyCommand())

await program.parseAsync()
