/** The list of rules names tests that are there. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const list = readFileSync(new URL('test/RULES.md', root), 'utf8')
const rows = list.split('\n').filter((line) => line.startsWith('| ') && line.includes('`test/'))
const ROW = /\| `(?<file>test\/\S+\.ts)`: (?<name>.+?) +\|$/

describe('test/RULES.md', () => {
  it('has a test for each rule', () => {
    expect(rows.filter((row) => !ROW.test(row))).toEqual([])
    expect(rows.length).toBeGreaterThan(70)
  })

  it('names tests that are there', () => {
    const missing = rows.filter((row) => {
      const { file = '', name = '' } = ROW.exec(row)?.groups ?? {}
      const source = readFileSync(new URL(file, root), 'utf8')
      return ![`'${name}'`, `"${name}"`, `\`${name}\``, `'${name}:`].some((quoted) => source.includes(quoted))
    })
    expect(missing).toEqual([])
  })
})
