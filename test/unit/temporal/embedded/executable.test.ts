import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findOnPath, PINNED_CLI_VERSION, readVersions } from '../../../../src/temporal/embedded/executable.js'
import { bareEnv, temporaryFolder, writeFakeCli, writeScript } from './fixtures.js'

describe('PINNED_CLI_VERSION', () => {
  it('is the version that the Go module builds', () => {
    const goMod = readFileSync(new URL('../../../../tools/temporal-cli/go.mod', import.meta.url), 'utf8')
    expect(goMod.match(/github\.com\/temporalio\/cli v(\S+)/)?.[1]).toBe(PINNED_CLI_VERSION)
  })
})

describe('readVersions', () => {
  it('gives the version of the CLI and of its server', async () => {
    const folder = temporaryFolder()
    const path = writeFakeCli(join(folder, 'temporal'), { cli: '1.7.0', server: '1.31.0' })
    expect(await readVersions(path, bareEnv(folder))).toEqual({ cliVersion: '1.7.0', serverVersion: '1.31.0' })
  })

  it('refuses a program that is something else', async () => {
    const folder = temporaryFolder()
    const path = writeScript(join(folder, 'temporal'), 'echo "I am a calendar"')
    await expect(readVersions(path, bareEnv(folder))).rejects.toThrow(/not a Temporal CLI.*I am a calendar/)
  })

  it('says what a program said that fails', async () => {
    const folder = temporaryFolder()
    const path = writeScript(join(folder, 'temporal'), 'echo "wrong machine" >&2', 'exit 126')
    await expect(readVersions(path, bareEnv(folder))).rejects.toThrow(/126: wrong machine/)
  })
})

describe('findOnPath', () => {
  it('takes the first executable file and passes over folders and plain files', () => {
    const folder = temporaryFolder()
    writeFakeCli(join(folder, 'one', 'temporal', 'inside'))
    const wanted = writeFakeCli(join(folder, 'two', 'temporal'))
    const path = [join(folder, 'one'), join(folder, 'missing'), join(folder, 'two')].join(':')
    expect(findOnPath('temporal', { PATH: path })).toBe(wanted)
  })
})
