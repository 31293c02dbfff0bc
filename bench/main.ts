/**
 * `npm run bench`: every figure beside what it is measured by, in one run. Prints a table.
 *
 * `-- --json FILE` writes the results, `-- --only NAME` runs one group, `-- --full` the full sizes, `-- --readme` puts the table into `bench/README.md`:
 * that of the usual sizes, or with `--full` the other one.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { withDeadline } from '../src/internal/abort.js'
import { silentLogger } from '../src/internal/logger.js'
import { openTemporal } from '../src/temporal/embedded/index.js'
import { chunksGroup } from './lines/chunks.js'
import { directGroup } from './lines/direct.js'
import { durableGroup } from './lines/durable.js'
import { eventHopGroup } from './lines/event-hop.js'
import { fanOutGroup } from './lines/fan-out.js'
import { idleStreamsGroup } from './lines/idle-streams.js'
import { listTasksGroup } from './lines/list-tasks.js'
import { recoveryGroup } from './lines/recovery.js'
import { waitingTasksGroup } from './lines/waiting-tasks.js'
import type { Group, Result } from './support/line.js'
import { table, withTable } from './support/table.js'

const GROUPS: readonly Group[] = [
  durableGroup,
  directGroup,
  eventHopGroup,
  listTasksGroup,
  idleStreamsGroup,
  fanOutGroup,
  chunksGroup,
  waitingTasksGroup,
  recoveryGroup,
]

/** The longest that one group may take, in milliseconds. */
const GROUP_MS = 600_000
const GROUP_FULL_MS = 3_600_000

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    only: { type: 'string' },
    full: { type: 'boolean' },
    readme: { type: 'boolean' },
  },
})

const { only = '', full = false } = values
const groups = GROUPS.filter(({ name }) => name.includes(only))
if (groups.length === 0) throw new Error(`no group ${only}; there are ${GROUPS.map(({ name }) => name).join(', ')}`)

const log = (text: string) => process.stderr.write(`${text} …\n`)
const directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-bench-'))
const temporal = await openTemporal({ databaseFile: join(directory, 'temporal.db'), logger: silentLogger })
const results: Result[] = []
try {
  for (const group of groups) {
    const run = group.run({ temporalAddress: temporal.address, full, log })
    results.push(...(await withDeadline(run, full ? GROUP_FULL_MS : GROUP_MS, group.name)))
  }
} finally {
  await temporal.stop()
  await rm(directory, { recursive: true, force: true })
}

const conditions = `${cpus().length} cores, Node ${process.version}, ${process.platform}`
console.log(table(results))
console.log(conditions)
if (values.json !== undefined) {
  const rows = results.map(({ name, value, unit, beside, besideName, ratio, goal, met }) => ({
    name,
    value,
    unit,
    beside,
    besideName,
    ratio,
    goal: `${goal.kind} ${goal.of} ${goal.bound}`,
    met,
  }))
  await writeFile(values.json, `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`)
}
if (values.readme) {
  const path = new URL('../../bench/README.md', import.meta.url)
  await writeFile(path, withTable(await readFile(path, 'utf8'), full ? 'full' : 'usual', results, conditions))
}
