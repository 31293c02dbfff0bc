/**
 * The table of every operation on every binding of every version in `docs/compatibility.md`, each with a test that calls it:
 * `npm run cells` runs the tests that there are, sees what they call, and writes the table.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const vitest = (files, env) =>
  spawnSync(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  }).status ?? 1

const folder = mkdtempSync(join(tmpdir(), 'cells-'))
try {
  const files = [
    'test/contract/bindings',
    'test/contract/operations',
    'test/contract/webhooks',
    'test/auth/matrix',
    'test/dialects',
  ]
  process.exitCode =
    vitest(files, { CELLS: folder }) || vitest(['test/docs/compatibility.test.ts'], { CELLS_SEEN: folder })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
