/** `temporal-a2a api-key NAME`: makes a key for a caller, and what the server has to know of it. */
import { createHash, randomBytes } from 'node:crypto'
import { Command } from 'commander'
import { identityProblem } from '../auth/identity.js'

interface ApiKeyFlags {
  readonly tenant?: string
  readonly role?: readonly string[]
  readonly json?: boolean
}

/** Random, so that a hash without salt tells nothing of it. */
const KEY_BYTES = 32

export function apiKeyCommand(): Command {
  return new Command('api-key')
    .description(
      'Make an API key for a caller. The key is shown once; the server is given its entry, which has only the hash.',
    )
    .argument('<principal>', 'whose key it is')
    .option('--tenant <name>', 'the tenant that the caller belongs to')
    .option('--role <name...>', 'for handlers, in ctx.caller.roles')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nThe file of --api-keys-file is a list of entries: [ENTRY, ENTRY, …]')
    .action(run)
}

function run(principal: string, { tenant, role: roles, json }: ApiKeyFlags, command: Command): void {
  const identity = {
    principal,
    ...(tenant === undefined ? {} : { tenant }),
    ...(roles === undefined ? {} : { roles }),
  }
  const problem = identityProblem(identity)
  if (problem !== undefined) command.error(problem, { exitCode: 1 })
  const key = randomBytes(KEY_BYTES).toString('base64url')
  const entry = { ...identity, sha256: createHash('sha256').update(key).digest('hex') }
  const lines = json ? [JSON.stringify({ key, entry })] : [`key    ${key}`, `entry  ${JSON.stringify(entry)}`]
  process.stdout.write(`${lines.join('\n')}\n`)
}
