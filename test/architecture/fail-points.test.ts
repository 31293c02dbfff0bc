/** Fail points exist for the fault harness alone: what is shipped has nothing to call, and no switch that could turn it on. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { failPoint } from '../../src/internal/fail-points.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

function sources(): [file: string, text: string][] {
  return readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join(ROOT, 'src', file), 'utf8')])
}

describe('fail points', () => {
  it('are nothing in the product', () => {
    expect(failPoint).toBeUndefined()
  })

  it('are only ever called when there is something to call', () => {
    const calls = sources().flatMap(([file, text]) =>
      [...text.matchAll(/^.*\bfailPoint\b.*$/gm)].map(([line]) => `${file}: ${line.trim()}`),
    )
    const others = calls.filter(
      (call) =>
        !/: import \{ failPoint \} from '#failpoints'$/.test(call) &&
        !/: failPoint\?\.\('[a-z.]+', .+\)$/.test(call) &&
        !call.startsWith('internal/fail-points.ts: '),
    )
    expect(calls.length).toBeGreaterThan(9)
    expect(others).toEqual([])
  })

  it('are reached through the import condition alone', () => {
    const { imports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { imports: object }
    expect(imports).toEqual({
      '#failpoints': {
        'temporal-a2a-faults': './dist/test/faults/fail-points/active.js',
        default: './dist/src/internal/fail-points.js',
      },
    })
    const switches = sources().filter(([, text]) => /FAULTS_DIR|temporal-a2a-faults|test\/faults/.test(text))
    expect(switches.map(([file]) => file)).toEqual([])
  })

  it('are not in the package', () => {
    const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const files = JSON.parse(packed.slice(packed.indexOf('['))) as { files: { path: string }[] }[]
    const paths = (files[0]?.files ?? []).map(({ path }) => path)
    expect(paths).toContain('dist/src/internal/fail-points.js')
    expect(paths.filter((path) => path.includes('test/'))).toEqual([])
  })
})
