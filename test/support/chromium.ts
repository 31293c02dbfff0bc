/** A real browser for tests: Debian's Chromium, from PATH. Where there is none, its tests are skipped with the line that installs one. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRequired } from './required.js'

const INSTALL = 'apt-get install chromium'

const found = spawnSync('chromium', ['--version']).status === 0
if (!found && isRequired('chromium')) throw new Error(`chromium is not on PATH: ${INSTALL}`)

/** Empty, or why the tests are skipped: for the name of a suite. */
export const chromiumMissing = found ? '' : ` (skipped: no chromium on PATH; ${INSTALL})`

/** Opens a page without a window. Resolves with the way to close it. */
export async function openPage(url: string): Promise<() => Promise<void>> {
  const profile = await mkdtemp(join(tmpdir(), 'temporal-a2a-chromium-'))
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']
  // A group of its own: the browser is many processes.
  const child = spawn('chromium', [...flags, `--user-data-dir=${profile}`, url], { stdio: 'ignore', detached: true })
  const closed = once(child, 'close')
  return async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await closed
    await rm(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}
