// Compiles to dist/ and bundles the workflow code beside it.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.build.json')],
  {
    stdio: 'inherit',
  },
)
chmodSync(join(dist, 'src/cli/main.js'), 0o755)

const { bundleWorkflows, workerVersion } = await import(join(dist, 'src/worker/workflow-bundle.js'))
const { code } = await bundleWorkflows()
mkdirSync(dist, { recursive: true })
writeFileSync(join(dist, 'workflow-bundle.js'), code)
writeFileSync(join(dist, 'workflow-bundle.json'), `${JSON.stringify({ worker: workerVersion() })}\n`)
