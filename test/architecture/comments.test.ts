/** Comments of `src` name files that are there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const COMMENT = /\/\*[\s\S]*?\*\/|(?:^|\s)\/\/.*$/gm
const PATH = /(?<![\w./-])(?:src|test|docs|scripts)\/[\w./-]*\w/g

describe('comments', () => {
  it('name files that are there', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.ts'))
    const named = files.flatMap((file) => {
      const comments = readFileSync(join(ROOT, 'src', file), 'utf8').match(COMMENT) ?? []
      return comments.flatMap((comment) => (comment.match(PATH) ?? []).map((path) => ({ file, path })))
    })
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter(({ path }) => !existsSync(join(ROOT, path)))).toEqual([])
  })
})
