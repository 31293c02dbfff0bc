import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TemporalStartError, TemporalVersionError } from '../../../../src/temporal/embedded/errors.js'
import { openTemporal } from '../../../../src/temporal/embedded/open.js'
import { newState, readState, stateFileOf, writeState } from '../../../../src/temporal/embedded/state-file.js'
import { bareEnv, listeningLogger, temporaryFolder, writeFakeCli } from './fixtures.js'

const written = { serverVersion: '1.30.0', cliVersion: '1.6.0', clusterId: 'cluster' }

function setUp(versions?: Parameters<typeof writeFakeCli>[1]) {
  const folder = temporaryFolder()
  const cli = writeFakeCli(join(folder, 'temporal'), versions)
  const databaseFile = join(folder, 'data', 'tasks.db')
  const env = bareEnv(folder, { TEMPORAL_CLI_PATH: cli })
  return { cli, databaseFile, open: () => openTemporal({ databaseFile, env, logger: listeningLogger() }) }
}

describe('openTemporal', () => {
  it('starts nothing and touches no file when an address is configured', async () => {
    const folder = temporaryFolder()
    const server = await openTemporal({
      databaseFile: join(folder, 'data', 'tasks.db'),
      env: bareEnv(folder, { TEMPORAL_ADDRESS: 'temporal.example:7233', TEMPORAL_API_KEY: 'key' }),
      logger: listeningLogger(),
    })
    expect(server).toMatchObject({
      address: 'temporal.example:7233',
      namespace: 'default',
      connection: { apiKey: 'key', tls: true },
      source: { kind: 'address', detail: 'temporal.example:7233 (TEMPORAL_ADDRESS)' },
      secret: undefined,
    })
    expect(server.status()).toBe('up')
    await server.stop()
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })

  it('refuses a file of another server version and says what to do', async () => {
    const { open, databaseFile, cli } = setUp({ server: '1.31.2' })
    await open().catch(() => undefined) // makes the folder
    writeFileSync(databaseFile, 'a database')
    writeState(stateFileOf(databaseFile), { ...newState(), written })
    const error: unknown = await open().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TemporalVersionError)
    const { message } = error as TemporalVersionError
    expect(message).toContain(`written by Temporal server 1.30.0, but ${cli} is server 1.31.2`)
    expect(message).toContain('with server 1.30.0 (the file was written by CLI 1.6.0)')
    expect(message).toContain(`delete ${databaseFile}, ${databaseFile}-wal and ${databaseFile}-shm`)
  })

  it('forgets the version of a file that was deleted, but not the secret', async () => {
    const { open, databaseFile } = setUp({ server: '1.31.2' })
    await open().catch(() => undefined)
    const state = { ...newState(), written }
    writeState(stateFileOf(databaseFile), state)
    await expect(open()).rejects.toThrow(TemporalStartError) // it got as far as starting the fake
    expect(readState(stateFileOf(databaseFile))?.secret).toEqual(state.secret)
  })

  it('shows the last words of a server that dies at once, and leaves no owner behind', async () => {
    const { open, databaseFile } = setUp({ dies: 'out of luck' })
    await expect(open()).rejects.toThrow(/exited with 3; the end of .*tasks\.db\.log:\n\s+out of luck/)
    const state = readState(stateFileOf(databaseFile))
    expect(state?.owner).toBeUndefined()
    expect(state?.process).toBeUndefined()
    expect(existsSync(`${databaseFile}.lock`)).toBe(false)
  })

  it('ends with the reason of the signal', async () => {
    const folder = temporaryFolder()
    const signal = AbortSignal.abort(new Error('enough'))
    const options = { databaseFile: join(folder, 'x.db'), env: bareEnv(folder), logger: listeningLogger(), signal }
    await expect(openTemporal(options)).rejects.toThrow('enough')
  })
})
