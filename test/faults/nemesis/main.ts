/** `npm run faults`: the seeded nemesis, and one line that says what came of it. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { report } from '../oracles/check.js'
import { TARGETS, type Target } from './nemesis.js'
import { recoveryLine } from './recovery.js'
import { LAYOUTS, type LayoutName, run } from './run.js'
import { summary } from './summary.js'

const { values } = parseArgs({
  options: {
    layout: { type: 'string', default: 'cluster' },
    minutes: { type: 'string', default: '30' },
    tasks: { type: 'string', default: '1000' },
    kills: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'at-once': { type: 'string', default: '20' },
    only: { type: 'string', default: 'any' },
    every: { type: 'string', default: '5' },
    gateways: { type: 'string' },
  },
})

const seed = Number(values.seed)
const layout = values.layout as LayoutName
if (!(layout in LAYOUTS)) throw new Error(`--layout is one of ${Object.keys(LAYOUTS).join(', ')}`)
const only = values.only as Target
if (!TARGETS.includes(only)) throw new Error(`--only is one of ${TARGETS.join(', ')}`)
// Whoever ends the run ends its processes with it.
const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupt.abort(new Error('interrupted')))
}
const historyFile = join(tmpdir(), `temporal-a2a-faults-${seed}.jsonl`)
const again = Object.entries({ ...values, seed: String(seed) }).map(([name, value]) => `--${name} ${value}`)
console.log(`seed ${seed}; the same run again: npm run faults -- ${again.join(' ')}`)
const result = await run({
  seed,
  layout,
  gateways: values.gateways === undefined ? undefined : Number(values.gateways),
  tasks: Number(values.tasks),
  kills: values.kills === undefined ? undefined : Number(values.kills),
  minutes: Number(values.minutes),
  atOnce: Number(values['at-once']),
  strikeEveryMs: Number(values.every) * 1000,
  strikeOnly: only,
  historyFile,
  signal: interrupt.signal,
  say: (line) => console.log(line),
})
if (result.violations.length > 0) {
  console.log(report(result.violations, 50))
  console.log(`the history is in ${historyFile}`)
}
console.log(recoveryLine(result.recoveryMs))
console.log(summary(result, seed))
// At once: while Node itself took down a process that had started hundreds, it was seen to hang.
process.exit(result.violations.length === 0 ? 0 : 1)
