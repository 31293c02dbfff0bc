/** The secret that all gateways of an installation share. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { givenSecret, parseSecret, secretBeside } from '../../../src/process/installation-secret.js'

const TEXT = Buffer.alloc(32, 7).toString('base64')
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-secret-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('the secret', () => {
  it('is taken from a file before the variable, whatever white space is around it', async () => {
    const file = join(directory, 'secret')
    await writeFile(file, `\n ${TEXT}\n`)
    expect(givenSecret(file, { TEMPORAL_A2A_SECRET: 'x' })).toEqual(new Uint8Array(32).fill(7))
    expect(givenSecret(undefined, { TEMPORAL_A2A_SECRET: TEXT })).toEqual(new Uint8Array(32).fill(7))
    expect(givenSecret(undefined, { TEMPORAL_A2A_SECRET: '' })).toBeUndefined()
    expect(givenSecret(undefined, {})).toBeUndefined()
  })

  it.each(['', 'short', TEXT.slice(4), `${TEXT.slice(0, -1)}!`, 'a phrase of words that is long enough'])(
    'is refused when it is %j, without being repeated',
    (text) => {
      expect(() => parseSecret(text, 'PLACE')).toThrow(/^PLACE must be the base64 of at least 32 random bytes/)
    },
  )

  it('beside a database is made once, for its user only', async () => {
    const file = join(directory, 'a2a.db')
    const made = secretBeside(file)
    expect(made).toHaveLength(32)
    expect(secretBeside(file)).toEqual(made)
    expect(secretBeside(join(directory, 'other.db'))).not.toEqual(made)
    expect((await stat(`${file}.secret`)).mode & 0o777).toBe(0o600)
    expect((await readdir(directory)).sort()).toEqual(['a2a.db.secret', 'other.db.secret'])
  })
})
