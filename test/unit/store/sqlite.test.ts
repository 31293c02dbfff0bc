/** The file of an SQLite store. */
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqlite } from '../../../src/store/sqlite.js'

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-sqlite-'))
  file = join(directory, 'a2a.db')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

/** Rights of all files of the database while it is in use. */
async function modes(): Promise<number[]> {
  const db = openSqlite(file)
  try {
    await sql`create table t (x)`.execute(db)
    const files = await readdir(directory)
    expect(files).toContain('a2a.db-wal')
    return await Promise.all(files.map(async (name) => (await stat(join(directory, name))).mode & 0o777))
  } finally {
    await db.destroy()
  }
}

describe('the file of a database', () => {
  it("is its user's only when it is made, with those beside it", async () => {
    expect(new Set(await modes())).toEqual(new Set([0o600]))
  })

  it('keeps the rights that it has', async () => {
    await writeFile(file, '')
    await chmod(file, 0o640)
    expect(new Set(await modes())).toEqual(new Set([0o640]))
  })
})
