/** The kit under another test runner, as its users install it, and without waiting. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterEach, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const run = promisify(execFile)
let directory: string | undefined

afterEach(async () => {
  if (directory !== undefined) await rm(directory, { recursive: true, force: true })
})

const CODE = `
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { agent } from '${ROOT}src/index.ts'
import { test } from '${ROOT}src/testing/index.ts'

const sleeper = agent({ id: 'sleeper' }, async (_, ctx) => {
  const found = await ctx.step('search', () => 'Rome')
  await ctx.sleep('3 days')
  return found
})

it('crashes, sleeps for three days and ends', async () => {
  const t = test(sleeper)
  t.crash({ afterStep: 'search' })
  assert.equal((await t.send('x')).state, 'TASK_STATE_WORKING')
  await t.advance('3 days')
  assert.deepEqual([t.state(), t.text(), t.steps()], ['TASK_STATE_COMPLETED', 'Rome', { search: 1 }])
})
`

it('works in node:test, and leaves nothing that keeps the process', async () => {
  // Inside the repository, so that packages are found.
  directory = await mkdtemp(join(ROOT, 'test/unit/testing/node-'))
  await writeFile(join(directory, 'kit.ts'), CODE)
  const outfile = join(directory, 'kit.test.mjs')
  await build({
    entryPoints: [join(directory, 'kit.ts')],
    outfile,
    bundle: true,
    splitting: false,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: { '#failpoints': join(ROOT, 'src/internal/fail-points.ts') },
    logLevel: 'silent',
  })
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', outfile], { cwd: directory, env })
  expect(stdout).toContain('# pass 1')
})
