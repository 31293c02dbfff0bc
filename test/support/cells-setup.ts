/** In every file: each test that `docs/compatibility.md` names for a cell calls it. `CELLS` is a folder to write all calls to. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach } from 'vitest'
import { observed } from './observations.js'

const ran = new Set<string>()
let file = ''

beforeEach(({ task }) => {
  ran.add(task.fullTestName)
  file = task.file.name
})

afterAll(async () => {
  const seen = observed()
  if (seen.length === 0) return
  const folder = process.env.CELLS
  if (folder !== undefined) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${file.replaceAll('/', '_')}.json`), JSON.stringify(seen))
    return
  }
  const { cells, isSameCell, tableRows } = await import('./cells.js')
  const rows = tableRows().filter((row) => row.file === file && ran.has(row.test))
  for (const row of rows) {
    const cell = cells().find((each) => isSameCell(row, each))
    const called = seen.some(
      ({ wire, operation, test }) => wire === cell?.wire && operation === cell.operation && test === row.test,
    )
    if (!called) {
      throw new Error(
        `docs/compatibility.md names this test for ${row.cell.operation} over ${row.cell.binding} of ${row.cell.version}, ` +
          `which it does not call; run npm run cells: ${row.test}`,
      )
    }
  }
})
