/** Ends a command that cannot do what was asked. */
import type { Command } from 'commander'
import { reasonOf } from '../internal/reason-of.js'

/** What failed and why, and exit code 1. */
export function fail(command: Command, error: unknown): never {
  command.error(reasonOf(error), { exitCode: 1 })
}
