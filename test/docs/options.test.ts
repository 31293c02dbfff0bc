/** Every option of the server commands is in the documentation, with its variable and its default. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { gatewayCommand } from '../../src/cli/gateway-command.js'
import { serveCommand } from '../../src/cli/serve-command.js'
import { workerCommand } from '../../src/cli/worker-command.js'

const rows = (await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8'))
  .split('\n')
  .filter((line) => line.startsWith('| `--'))

describe('docs/configuration.md', () => {
  const options = [serveCommand(), gatewayCommand(), workerCommand()].flatMap((command) =>
    command.options.map((option) => ({ name: `${command.name()} ${option.long}`, option })),
  )

  it.each(options.map(({ name, option }) => [name, option] as const))('%s', (_, { long, envVar, defaultValue }) => {
    const row = rows.find((line) => line.includes(`\`${long}\``))
    expect(row).toBeDefined()
    const [, , variables = '', shown = ''] = row?.split('|') ?? []
    expect(variables).toMatch(new RegExp(`(TEMPORAL_A2A_|…_|\`)${envVar?.replace('TEMPORAL_A2A_', '')}\``))
    if (defaultValue !== undefined) expect(shown).toContain(String(defaultValue))
  })
})
