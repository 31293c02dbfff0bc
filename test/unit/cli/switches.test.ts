/** Flags without a value, and the variables that stand for them. */
import { Command } from 'commander'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { flag, readSwitches } from '../../../src/cli/flags.js'
import { createProgram } from '../../../src/cli/program.js'

const NAME = 'TEMPORAL_A2A_TEST_SWITCH'

afterEach(() => vi.unstubAllEnvs())

async function read(...args: string[]): Promise<unknown> {
  let seen: unknown
  const inner = new Command('inner')
    .addOption(flag('--quick', 'test', 'TEST_SWITCH'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((flags) => {
      seen = flags.quick
    })
  const program = new Command('outer')
    .exitOverride()
    .hook('preAction', (_, command) => readSwitches(command, process.env))
    .addCommand(inner)
  await program.parseAsync(['inner', ...args], { from: 'user' })
  return seen
}

describe('the variable of a flag without a value', () => {
  it.each(['1', 'true', 'TRUE', 'yes', 'On', ' on '])('%j is on', async (text) => {
    vi.stubEnv(NAME, text)
    expect(await read()).toBe(true)
  })

  it.each(['0', 'false', 'False', 'no', 'OFF'])('%j is off, and the flag itself goes before it', async (text) => {
    vi.stubEnv(NAME, text)
    expect(await read()).toBe(false)
    expect(await read('--quick')).toBe(true)
  })

  it.each(['maybe', '2', 'null', 'flase'])('%j is refused by the name of the variable', async (text) => {
    vi.stubEnv(NAME, text)
    await expect(read()).rejects.toThrow(`${NAME} must be one of 1, true, yes, on, 0, false, no, off`)
  })

  it('is not set: undefined', async () => {
    expect(await read()).toBeUndefined()
  })

  it('is read for every command', () => {
    const program = createProgram('0.0.0')
    const command = program.commands.find((each) => each.name() === 'serve')
    command?.action(() => {})
    vi.stubEnv('TEMPORAL_A2A_ALLOW_UNAUTHENTICATED', 'false')
    program.parse(['serve', 'agents.ts'], { from: 'user' })
    expect(command?.opts().allowUnauthenticated).toBe(false)
  })
})
