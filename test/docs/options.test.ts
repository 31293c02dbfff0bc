/** Every option and every limit of the servers is in the documentation, with its default, and nothing else is. */
import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { gatewayCommand } from '../../src/cli/gateway-command.js'
import { serveCommand } from '../../src/cli/serve-command.js'
import { workerCommand } from '../../src/cli/worker-command.js'
import { DEFAULT_LIMITS, type ServerLimits } from '../../src/server/limits.js'

/** In bytes and milliseconds. */
const UNITS: Readonly<Record<string, number>> = {
  ...{ KiB: 1_024, MiB: 1_048_576 },
  ...{ s: 1_000, minutes: 60_000, hour: 3_600_000 },
}

const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| `--'))

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

  it('has no option that is none', () => {
    const known = new Set(options.map(({ option }) => option.long))
    const documented = rows.flatMap((row) => row.split('|')[1]?.match(/--[a-z-]+/g) ?? [])
    expect(documented.filter((name) => !known.has(name))).toEqual([])
    expect(new Set(documented).size).toBe(documented.length)
  })
})

describe('the limits in docs/configuration.md', () => {
  const table = page.slice(page.indexOf('| limit |'), page.indexOf('Of webhooks,'))
  const named = table.split('\n').flatMap((row) => {
    const [, names = '', shown = ''] = row.split('|')
    return [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({ name, shown }))
  })

  it('are those of the server', () => {
    expect(named.map(({ name }) => name).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort())
  })

  it.each(named)('$name has its default', ({ name, shown }) => {
    const amounts = [...shown.matchAll(/(\d[\d,]*)(?: (\w+))?/g)].map(
      ([, digits = '', unit = '']) => Number(digits.replaceAll(',', '')) * (UNITS[unit] ?? 1),
    )
    expect(amounts).toContain(DEFAULT_LIMITS[name as keyof ServerLimits])
  })
})
