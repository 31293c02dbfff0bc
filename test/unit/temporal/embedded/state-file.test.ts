import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processMark } from '../../../../src/temporal/embedded/process-info.js'
import {
  isOwnerAlive,
  newState,
  readState,
  type ServerState,
  stateFileOf,
  writeState,
} from '../../../../src/temporal/embedded/state-file.js'
import { temporaryFolder } from './fixtures.js'

const full = (): ServerState => ({
  ...newState(),
  port: 7233,
  process: { pid: 4711, mark: 'boot/1', startedAt: '2026-01-02T03:04:05.000Z' },
  owner: { pid: 1, mark: 'boot/0', id: 'one' },
  written: { serverVersion: '1.31.2', cliVersion: '1.8.2', clusterId: 'cluster' },
})

describe('the state file', () => {
  it('lies beside the database and gives back what was written', () => {
    const file = stateFileOf(join(temporaryFolder(), 'tasks.db'))
    const state = full()
    writeState(file, state)
    expect(file).toMatch(/tasks\.db\.state\.json$/)
    expect(readState(file)).toEqual(state)
  })

  it('can be read by its user only, also when it replaces a file that others could read', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'state.json')
    writeFileSync(file, '{}', { mode: 0o644 })
    writeState(file, full())
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it('holds a new secret of 32 bytes each time one is made', () => {
    const [one, two] = [newState(), newState()]
    expect(one.secret).toHaveLength(32)
    expect(one.secret).not.toEqual(two.secret)
  })

  it('is as good as missing when it is missing or damaged', () => {
    const file = join(temporaryFolder(), 'state.json')
    expect(readState(file)).toBeUndefined()
    for (const text of ['', '[]', 'null', '{"format":1,"port":1}', '{"format":1,"secret":"c2hvcnQ="}']) {
      writeFileSync(file, text)
      expect(readState(file)).toBeUndefined()
    }
  })

  it('does not believe a pid that would signal other processes', () => {
    const file = join(temporaryFolder(), 'state.json')
    writeState(file, full())
    for (const pid of [-1, 0, 1, 1.5, '7']) {
      const json: Record<string, unknown> = JSON.parse(readFileSync(file, 'utf8'))
      writeFileSync(file, JSON.stringify({ ...json, pid }))
      expect(readState(file)?.process).toBeUndefined()
    }
  })

  it('is refused when a later version wrote it', () => {
    const file = join(temporaryFolder(), 'state.json')
    writeFileSync(file, '{"format":2}')
    expect(() => readState(file)).toThrow(/format 2/)
  })
})

describe('isOwnerAlive', () => {
  it('is true for a living process and false for another one with the same pid', () => {
    const mark = processMark(process.pid) ?? ''
    const state = full()
    expect(isOwnerAlive({ ...state, owner: { pid: process.pid, mark, id: 'x' } })).toBe(true)
    expect(isOwnerAlive({ ...state, owner: { pid: process.pid, mark: `${mark}0`, id: 'x' } })).toBe(false)
    expect(isOwnerAlive(newState())).toBe(false)
  })
})
