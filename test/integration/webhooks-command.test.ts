/** `temporal-a2a webhooks` and the tenants of tasks. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { taskKey } from '../../src/bus/live-event.js'
import { silentLogger } from '../../src/internal/logger.js'
import { openDatabase } from '../../src/store/database.js'
import { openTaskStore } from '../../src/store/sql-task-store.js'
import { isRunning } from '../../src/temporal/embedded/process-info.js'
import { endAll, runCli } from '../support/processes.js'

let directory: string
let db: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'temporal-a2a-webhooks-'))
  db = join(directory, 'a2a.db')
  const store = await openTaskStore(openDatabase(db, silentLogger), silentLogger)
  const config = {
    config: { id: 'hook-1', url: 'https://hooks.example/a2a' },
    owner: 'alice',
    version: '1.0' as const,
    createdAt: Date.now(),
  }
  await store.push.putConfig(taskKey({ tenant: 'acme', agentId: 'travel', taskId: 't1' }), config, 10)
  await store.push.putConfig(taskKey({ tenant: '', agentId: 'travel', taskId: 't2' }), config, 10)
  await store.close()
})

afterAll(async () => {
  await endAll()
  await rm(directory, { recursive: true, force: true })
})

async function run(...args: string[]) {
  const cli = runCli(['webhooks', ...args, '--db', db])
  return { code: await cli.ended, out: cli.stdout(), err: cli.stderr() }
}

describe('webhooks', () => {
  it('list says whose tenant a task is of', async () => {
    const { out } = await run('list')
    expect(out).toContain('travel/t1  tenant acme  hook-1  https://hooks.example/a2a  on\n')
    expect(out).toContain('travel/t2  hook-1  https://hooks.example/a2a  on\n')
  })

  it('log says that nothing was delivered', async () => {
    expect(await run('log', 'travel/t1', 'hook-1', '--tenant', 'acme')).toEqual({ code: 0, out: 'none\n', err: '' })
  })

  it('log says that there is none such, and where else it may be', async () => {
    const { code, out, err } = await run('log', 'travel/t1', 'hook-1')
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('There is no such webhook in the tenant without a name; --tenant names another')
    expect((await run('log', 'travel/t1', 'hook-2', '--tenant', 'acme')).err).toContain('in tenant acme; --tenant')
  })

  it('redeliver leaves no Temporal server behind when there is nothing to deliver', async () => {
    const { code, err } = await run('redeliver', 'travel/t1', 'hook-2')
    expect(code).toBe(1)
    expect(err).toContain('There is no such webhook')
    const { pid } = JSON.parse(await readFile(`${db}.temporal.state.json`, 'utf8')) as { pid: number }
    expect(isRunning(pid)).toBe(false)
  }, 40_000)
})
