/**
 * The table of `docs/compatibility.md` has every operation on every binding of every version, each with a test that there is.
 * That the test calls what it is named for is seen where it runs. `npm run cells` writes the table.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  type Cell,
  cells,
  isSameCell,
  NOT_THERE,
  TABLE_BEGIN,
  TABLE_END,
  TABLE_PATH,
  tableRows,
} from '../support/cells.js'
import type { Observation } from '../support/observations.js'

const SEEN = process.env.CELLS_SEEN

/** The best first: answered, named after the operation, in a contract. */
function rank({ operation }: Cell, { ok, test, file }: Observation): number {
  const named = test.toLowerCase().includes(operation.toLowerCase())
  const under = test.split(' > ').includes(operation)
  return (ok ? 8 : 0) + (under ? 4 : 0) + (named ? 2 : 0) + (file.startsWith('test/contract/') ? 1 : 0)
}

function testFor(cell: Cell, seen: readonly Observation[]): Observation {
  const [best] = seen
    .filter(({ wire, operation }) => wire === cell.wire && operation === cell.operation)
    .sort((a, b) => rank(cell, b) - rank(cell, a))
  if (best === undefined) throw new Error(`no test calls ${cell.operation} over ${cell.wire}: ${cell.asked}`)
  return best
}

it.runIf(SEEN)('is written', () => {
  const folder = SEEN ?? ''
  const seen = readdirSync(folder).flatMap(
    (file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Observation[],
  )
  const lines = cells().map((cell) => {
    const { file, test } = testFor(cell, seen)
    const asked = cell.asked === undefined ? NOT_THERE : `\`${cell.asked}\``
    const columns = [cell.operation, cell.version, cell.binding, asked, `\`${file}\``, test.replaceAll('|', '\\|')]
    return `| ${columns.join(' | ')} |`
  })
  const head = ['| operation | version | binding | asked as | file | test |', '| --- | --- | --- | --- | --- | --- |']
  const text = readFileSync(TABLE_PATH, 'utf8')
  const before = text.slice(0, text.indexOf(TABLE_BEGIN) + TABLE_BEGIN.length)
  const after = text.slice(text.indexOf(TABLE_END))
  writeFileSync(TABLE_PATH, [before, '', ...head, ...lines, '', after].join('\n'))
})

it('has a row for each cell, and for no other', () => {
  const rows = tableRows()
  const all = cells()
  expect(all.filter((cell) => !rows.some((row) => isSameCell(row, cell)))).toEqual([])
  expect(rows.filter((row) => !all.some((cell) => isSameCell(row, cell)))).toEqual([])
  expect(rows).toHaveLength(all.length)
})

it('names tests that there are', () => {
  const sources = new Map<string, string>()
  const folders = ['test/contract', 'test/dialects', 'test/auth']
  for (const folder of folders) {
    for (const name of readdirSync(new URL(`../../${folder}`, import.meta.url))) {
      if (name.endsWith('.ts')) sources.set(`${folder}/${name}`, read(`${folder}/${name}`))
    }
  }
  for (const { file, test } of tableRows()) {
    // A contract is in a file of its own, and a title has its values put in.
    const title = test.split(' > ').at(-1) ?? ''
    expect(sources.has(file), file).toBe(true)
    expect(
      [...sources.values()].some((text) => hasTitle(text, title)),
      `${file}: ${test}`,
    ).toBe(true)
  }
})

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
}

/** Titles as they are in the source, with anything in place of their values. */
function hasTitle(source: string, title: string): boolean {
  return [...source.matchAll(/(?:\bit\(|^ *|\)\()(['`"])((?:(?!\1).)+)\1,/gm)].some(([, , pattern = '']) => {
    const parts = pattern.split(/%[a-z]|\$\{[^}]*\}/).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    return new RegExp(`^${parts.join('.*')}$`).test(title)
  })
}
