// Writes docs/api from the docstrings: `node scripts/api-reference.mjs`. With --check nothing is written, and a difference is an error.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const tool = join(root, 'tools/api-reference')
const committed = join(root, 'docs/api')
const check = process.argv.includes('--check')

const typedoc = join(tool, 'node_modules/typedoc/bin/typedoc')
if (!existsSync(typedoc)) {
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: tool, stdio: 'inherit' })
}

const out = check ? mkdtempSync(join(tmpdir(), 'temporal-a2a-api-')) : committed
try {
  const options = [
    '--options',
    join(tool, 'typedoc.json'),
    '--out',
    out,
    '--treatWarningsAsErrors',
    '--logLevel',
    'Warn',
  ]
  execFileSync(process.execPath, [typedoc, ...options], { cwd: root, stdio: 'inherit' })
  if (check) {
    const differing = different(out, committed)
    if (differing.length > 0) {
      console.error(`docs/api is not what the docstrings say: ${differing.join(', ')}. Run npm run docs.`)
      process.exitCode = 1
    }
  }
} finally {
  if (check) rmSync(out, { recursive: true, force: true })
}

/** The files that one of the directories does not have, or has otherwise. */
function different(one, other) {
  const files = (directory) =>
    existsSync(directory)
      ? readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'))
      : []
  const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)
  return [...new Set([...files(one), ...files(other)])].filter(
    (file) => read(join(one, file)) !== read(join(other, file)),
  )
}
