// Everything that can be found wrong without running the product: Node version, generated code, types, lint, format.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = (name) => join(root, 'node_modules', '.bin', name)

const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node
const steps = [
  ['generated code is up to date', process.execPath, [join(root, 'scripts/gen.mjs'), '--check', '--breaking', 'main']],
  ['types', bin('tsc'), ['-p', join(root, 'tsconfig.json'), '--noEmit']],
  ['types of the page', bin('tsc'), ['-p', join(root, 'examples/clients/browser'), '--noEmit']],
  ['lint and format', bin('biome'), ['check', '--error-on-warnings', root]],
]

let failed = false
if (process.version !== `v${wanted}`) {
  console.error(
    `not ok  scripts run on Node ${process.version}, not on the devDependency node@${wanted}; run them with npm`,
  )
  failed = true
}
for (const [what, command, args] of steps) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${stdout}${stderr}`)
    failed = true
  }
  console.log(`${status === 0 ? 'ok    ' : 'not ok'}  ${what}`)
}
process.exit(failed ? 1 : 0)
