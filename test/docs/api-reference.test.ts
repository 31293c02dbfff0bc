/** The API reference is what the docstrings say, and everything that is exported has one. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

it('docs/api is up to date', async () => {
  const { stderr } = await run(process.execPath, ['scripts/api-reference.mjs', '--check'], { cwd: ROOT }).catch(
    (error: { stdout?: string; stderr?: string }) => ({ stderr: `${error.stdout}${error.stderr}` }),
  )
  expect(stderr).toBe('')
}, 120_000)
