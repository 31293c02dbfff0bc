/**
 * Many requests made of the schema and broken in its places, over every binding and dialect.
 *
 *   npm run fuzz -- --requests 100000           as many, of a seed that is printed
 *   npm run fuzz -- --requests 100000 --seed 7  the same requests again
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string' } },
})
for (const [name, value] of Object.entries(values)) {
  if (/^\d{1,9}$/.test(value)) continue
  process.stderr.write(`fuzz: --${name} is a whole number, not ${value}\n`)
  process.exit(2)
}

const { status } = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', 'test/hostile/fuzz.test.ts'],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      FUZZ_REQUESTS: values.requests,
      PROPERTY_SEED: values.seed ?? 'random',
    },
  },
)
process.exit(status ?? 1)
