#!/usr/bin/env node
/** The command line: `temporal-a2a`. */
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { gatewayCommand } from './gateway-command.js'
import { serveCommand } from './serve-command.js'
import { workerCommand } from './worker-command.js'

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const program = new Command('temporal-a2a')
  .description('A2A agents whose tasks cannot be lost.')
  .version(version)
  .showHelpAfterError()
  .addCommand(serveCommand())
  .addCommand(gatewayCommand())
  .addCommand(workerCommand())

await program.parseAsync()
