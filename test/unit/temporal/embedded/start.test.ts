import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processMark } from '../../../../src/temporal/embedded/process-info.js'
import {
  isServerOf,
  logFileOf,
  portOfServer,
  rotateLog,
  startArguments,
} from '../../../../src/temporal/embedded/start.js'
import { temporaryFolder } from './fixtures.js'

describe('startArguments', () => {
  it('tunes the server: without these, every hop waits for a tick of 50 ms', () => {
    const args = startArguments({
      executable: '/bin/temporal',
      databaseFile: '/data/tasks.db',
      port: 4711,
      namespace: 'team',
      searchAttributes: { A2aContextId: 'Keyword', A2aEnd: 'Datetime' },
      env: {},
    })
    expect(args.join(' ')).toBe(
      [
        'server start-dev --headless --ip 127.0.0.1 --port 4711 --db-filename /data/tasks.db',
        '--sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=normal',
        '--dynamic-config-value history.transferProcessorMaxPollRPS=2000',
        '--dynamic-config-value history.timerProcessorMaxPollRPS=2000',
        '--dynamic-config-value history.visibilityProcessorMaxPollRPS=200',
        '--dynamic-config-value system.enableActivityEagerExecution=true',
        '--namespace team',
        '--search-attribute A2aContextId=Keyword --search-attribute A2aEnd=Datetime',
        '--log-format text',
      ].join(' '),
    )
  })
})

describe('isServerOf', () => {
  const startedAt = new Date(0).toISOString()

  it('does not take another program for the server, even one that got its pid', () => {
    const mark = processMark(process.pid) ?? ''
    expect(isServerOf({ pid: process.pid, mark, startedAt }, '/data/tasks.db')).toBe(false)
    expect(isServerOf({ pid: process.pid, mark: 'an earlier one', startedAt }, process.execPath)).toBe(false)
    expect(isServerOf({ pid: process.pid, mark, startedAt }, process.execPath)).toBe(true)
  })
})

describe('portOfServer', () => {
  it('finds the port of a server on that file, and no other', () => {
    const args = { executable: 'x', port: 4711, namespace: 'n', searchAttributes: {}, env: {} }
    const line = ['/bin/temporal', ...startArguments({ ...args, databaseFile: '/data/tasks.db' })].join(' ')
    expect(portOfServer(line, '/data/tasks.db')).toBe(4711)
    expect(portOfServer(line, '/data/tasks')).toBeUndefined()
    expect(portOfServer('vi --db-filename /data/tasks.db --port 4711', '/data/tasks.db')).toBeUndefined()
  })
})

describe('rotateLog', () => {
  it('cuts a log that has grown too long, and keeps what was in it once', () => {
    const database = join(temporaryFolder(), 'tasks.db')
    rotateLog(database) // there is none yet
    writeFileSync(logFileOf(database), 'short')
    rotateLog(database)
    expect(readFileSync(logFileOf(database), 'utf8')).toBe('short')
    writeFileSync(logFileOf(database), Buffer.alloc(9 * 1024 * 1024))
    rotateLog(database)
    expect(statSync(logFileOf(database)).size).toBe(0)
    expect(statSync(`${logFileOf(database)}.old`).size).toBe(9 * 1024 * 1024)
  })
})
