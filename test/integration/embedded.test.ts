/**
 * The embedded Temporal server with the real binary: who starts it, who keeps it alive, and what survives.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Logger } from '../../src/internal/logger.js'
import { cacheDirectory, cachedBinary, isCached } from '../../src/temporal/embedded/cache.js'
import { findOnPath } from '../../src/temporal/embedded/executable.js'
import { type FindTemporalOptions, openTemporal, type TemporalServer } from '../../src/temporal/embedded/index.js'
import { withConnection } from '../../src/temporal/embedded/probe.js'
import { commandLine, isRunning } from '../../src/temporal/embedded/process-info.js'
import { readState, type ServerState, stateFileOf, writeState } from '../../src/temporal/embedded/state-file.js'

/** Only what is there already: building one takes minutes and is no part of a test. */
function findBinary(): string | undefined {
  const cached = cachedBinary(cacheDirectory(process.env))
  return process.env.TEMPORAL_CLI_PATH ?? findOnPath('temporal', process.env) ?? (isCached(cached) ? cached : undefined)
}

const binary = findBinary()
const quiet: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const processScript = fileURLToPath(new URL('embedded-process.ts', import.meta.url))

let folder: string
let databaseFile: string
let servers: TemporalServer[]
let processes: EmbeddedProcess[]
const measured: string[] = []

interface EmbeddedProcess {
  readonly child: ChildProcess
  readonly said: Record<string, unknown>[]
  /** The first thing it said that has this key, also if it did so already. */
  heard(key: string): Promise<Record<string, unknown>>
}

function environment(): NodeJS.ProcessEnv {
  const rest = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')))
  return { ...rest, HOME: folder, XDG_CONFIG_HOME: folder, TEMPORAL_CLI_PATH: binary }
}

async function open(options: Partial<FindTemporalOptions> = {}): Promise<TemporalServer> {
  const server = await openTemporal({ databaseFile, env: environment(), logger: quiet, ...options })
  servers.push(server)
  return server
}

function openInProcess(): EmbeddedProcess {
  const child = spawn(process.execPath, [processScript, databaseFile], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const said: Record<string, unknown>[] = []
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)))
  const heard = (key: string) =>
    eventually(() => {
      const found = said.find((line) => key in line)
      if (found === undefined) throw new Error(`process ${child.pid} has not said ${key}: ${JSON.stringify(said)}`)
      return found
    })
  const opened = { child, said, heard }
  processes.push(opened)
  return opened
}

async function eventually<T>(look: () => T | Promise<T>, withinMs = 20_000): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (performance.now() > end) throw error
      await delay(20)
    }
  }
}

function state(): ServerState {
  const found = readState(stateFileOf(databaseFile))
  if (found === undefined) throw new Error('there is no state file')
  return found
}

function serverPid(): number {
  const pid = state().process?.pid
  if (pid === undefined) throw new Error('the state file names no server')
  return pid
}

function portOf(server: TemporalServer): number {
  return Number(server.address.split(':')[1])
}

async function startWorkflow(server: TemporalServer, workflowId: string): Promise<void> {
  await withConnection(portOf(server), 5000, (connection) =>
    connection.workflowService.startWorkflowExecution({
      namespace: server.namespace,
      workflowId,
      requestId: workflowId,
      workflowType: { name: 'waits' },
      taskQueue: { name: 'nobody' },
    }),
  )
}

async function hasWorkflow(server: TemporalServer, workflowId: string): Promise<boolean> {
  return await withConnection(portOf(server), 5000, async (connection) => {
    const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
      namespace: server.namespace,
      execution: { workflowId },
    })
    return workflowExecutionInfo?.execution?.workflowId === workflowId
  })
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  measured.push(`${what} ${Math.round(performance.now() - began)} ms`)
  return result
}

async function becomes(server: TemporalServer, wanted: 'up' | 'down'): Promise<void> {
  await eventually(() => expect(server.status()).toBe(wanted))
}

if (binary === undefined) {
  // There is no Temporal to start: the title says what to do.
  it.skip('needs the Temporal CLI: install it (https://docs.temporal.io/cli) or set TEMPORAL_CLI_PATH', () => {})
}

describe.skipIf(binary === undefined)('the embedded Temporal server', { timeout: 60_000 }, () => {
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-')))
    databaseFile = join(folder, 'tasks.db')
    servers = []
    processes = []
  })

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    for (const { child } of processes) child.kill('SIGKILL')
    const left = readState(stateFileOf(databaseFile))?.process?.pid
    if (left !== undefined && isRunning(left)) process.kill(left, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  afterAll(() => {
    process.stdout.write(`measured: ${measured.join(', ')}\n`)
  })

  it('starts with its tuned settings, in a process group of its own', async () => {
    const server = await timed('first start', () => open())
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/)
    expect(server.source).toEqual({ kind: 'executable', detail: expect.stringContaining(String(binary)) })
    expect(server.status()).toBe('up')
    expect(server.secret).toHaveLength(32)
    const words = commandLine(serverPid())
    expect(words).toContain(`--db-filename ${databaseFile}`)
    expect(words).toContain('--sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=normal')
    expect(words).toContain('--dynamic-config-value history.transferProcessorMaxPollRPS=2000')
    expect(words).toContain('--dynamic-config-value system.enableActivityEagerExecution=true')
    expect(() => process.kill(-serverPid(), 0)).not.toThrow() // it leads a group, so Ctrl-C passes it by
  })

  it('keeps closed workflows for 30 days, and has the namespace that was asked for', async () => {
    const server = await open({ namespace: 'team' })
    await withConnection(portOf(server), 5000, async (connection) => {
      const { config } = await connection.workflowService.describeNamespace({ namespace: 'team' })
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 60 * 60)
    })
  })

  it('adds a namespace and search attributes to a file that was made without them', async () => {
    await (await open()).stop()
    const server = await open({ namespace: 'late', searchAttributes: { A2aContextId: 'Keyword' } })
    const other = await open({ namespace: 'later', searchAttributes: { A2aContextId: 'Keyword', A2aEnd: 'Datetime' } })
    expect(other.source.kind).toBe('running')
    for (const [{ namespace }, wanted] of [
      [server, { A2aContextId: 2 }],
      [other, { A2aContextId: 2, A2aEnd: 6 }],
    ] as const) {
      await withConnection(portOf(server), 5000, async (connection) => {
        const found = await connection.operatorService.listSearchAttributes({ namespace })
        expect(found.customAttributes).toMatchObject(wanted)
      })
    }
  })

  it('is stopped within 5 s, and everything is there when it is started again, on the same port', async () => {
    const first = await open()
    await startWorkflow(first, 'survivor')
    const pid = serverPid()
    await timed('stop', () => first.stop())
    await first.stop()
    expect(isRunning(pid)).toBe(false)
    expect(state().owner).toBeUndefined()
    const second = await timed('second start', () => open())
    expect(second.address).toBe(first.address)
    expect(second.secret).toEqual(first.secret)
    expect(await hasWorkflow(second, 'survivor')).toBe(true)
  })

  it('is stopped within 5 s also when it does not react', async () => {
    const server = await open()
    const pid = serverPid()
    process.kill(pid, 'SIGSTOP')
    const began = performance.now()
    await timed('stop of a frozen server', () => server.stop())
    expect(performance.now() - began).toBeLessThan(5000)
    expect(isRunning(pid)).toBe(false)
  })

  it('comes back on the same port when it is killed, and says so', async () => {
    const server = await open()
    const seen: string[] = []
    const unsubscribe = server.onStatus((status) => seen.push(status))
    await startWorkflow(server, 'survivor')
    const pid = serverPid()
    await timed('restart after kill -9 (0.2 s of it backoff)', async () => {
      process.kill(pid, 'SIGKILL')
      await becomes(server, 'down')
      await becomes(server, 'up')
    })
    expect(seen).toEqual(['down', 'up'])
    expect(serverPid()).not.toBe(pid)
    expect(await hasWorkflow(server, 'survivor')).toBe(true)
    unsubscribe()
    process.kill(serverPid(), 'SIGKILL') // and again: it must not be the last time
    await becomes(server, 'down')
    await becomes(server, 'up')
    expect(seen).toEqual(['down', 'up'])
  })

  it('is used, not started again, by a second one on the same file', async () => {
    const first = await open()
    const second = await timed('second opener', () => open())
    expect(second.source.kind).toBe('running')
    expect(second.address).toBe(first.address)
    expect(second.secret).toEqual(first.secret)
    const pid = serverPid()
    await second.stop()
    expect(isRunning(pid)).toBe(true)
    expect(first.status()).toBe('up')
  })

  it('is started once when several processes begin at the same moment', async () => {
    const openers = [openInProcess(), openInProcess(), openInProcess()]
    const opened = await Promise.all(openers.map((opener) => opener.heard('opened')))
    expect(new Set(opened.map((line) => line.opened)).size).toBe(1)
    expect(new Set(opened.map((line) => line.secret)).size).toBe(1)
    expect(opened.map((line) => line.kind).toSorted()).toEqual(['executable', 'running', 'running'])
  })

  it('is started again by a user when its owner leaves', async () => {
    const owner = openInProcess()
    const { opened } = await owner.heard('opened')
    const user = await open()
    expect(user.source.kind).toBe('running')
    await startWorkflow(user, 'survivor')
    await timed('owner leaves, a user takes over', async () => {
      owner.child.stdin?.write('stop\n')
      await becomes(user, 'down')
      await becomes(user, 'up')
    })
    expect(user.address).toBe(opened)
    expect(state().owner?.pid).toBe(process.pid)
    expect(await hasWorkflow(user, 'survivor')).toBe(true)
  })

  it('outlives an owner that is killed, and is adopted by the next one, who stops it in the end', async () => {
    const owner = openInProcess()
    const { opened, secret } = await owner.heard('opened')
    const pid = serverPid()
    owner.child.kill('SIGKILL')
    await once(owner.child, 'exit')
    expect(isRunning(pid)).toBe(true)
    const adopter = await timed('adoption', () => open())
    expect(adopter.address).toBe(opened)
    expect(Buffer.from(adopter.secret ?? []).toString('base64')).toBe(secret)
    expect(serverPid()).toBe(pid)
    expect(state().owner?.pid).toBe(process.pid)
    await adopter.stop()
    expect(isRunning(pid)).toBe(false)
  })

  it('is found also when the state file is lost, and not started twice', async () => {
    const owner = openInProcess()
    const { opened } = await owner.heard('opened')
    const pid = serverPid()
    owner.child.kill('SIGKILL')
    rmSync(stateFileOf(databaseFile))
    const adopter = await open()
    expect(adopter.address).toBe(opened)
    expect(serverPid()).toBe(pid)
  })

  it('is adopted by one of its users when the owner is killed, and then kept alive', async () => {
    const owner = openInProcess()
    await owner.heard('opened')
    const user = await open()
    const pid = serverPid()
    owner.child.kill('SIGKILL')
    await eventually(() => expect(state().owner?.pid).toBe(process.pid))
    expect(serverPid()).toBe(pid)
    expect(user.status()).toBe('up')
    process.kill(pid, 'SIGKILL')
    await becomes(user, 'down')
    await becomes(user, 'up')
    expect(serverPid()).not.toBe(pid)
  })

  it('comes back when it and its owner are killed together', async () => {
    const owner = openInProcess()
    await owner.heard('opened')
    const user = await open()
    owner.child.kill('SIGKILL')
    process.kill(serverPid(), 'SIGKILL')
    await becomes(user, 'down')
    await becomes(user, 'up')
    expect(state().owner?.pid).toBe(process.pid)
  })

  it.each(['exit', 'SIGTERM', 'SIGINT'] as const)('ends with a process that forgets to stop it: %s', async (how) => {
    const owner = openInProcess()
    await owner.heard('opened')
    const pid = serverPid()
    const ended = once(owner.child, 'exit')
    if (how === 'exit') owner.child.stdin?.write('exit\n')
    else owner.child.kill(how)
    expect(await ended).toEqual(how === 'exit' ? [0, null] : [null, how])
    await eventually(() => expect(isRunning(pid)).toBe(false))
  })

  it('stays with a process that handles the signal itself', async () => {
    const owner = openInProcess()
    await owner.heard('opened')
    const pid = serverPid()
    owner.child.stdin?.write('listen\n')
    await owner.heard('listening')
    owner.child.kill('SIGTERM')
    await owner.heard('signal')
    expect(isRunning(pid)).toBe(true)
    owner.child.stdin?.write('stop\n')
    await once(owner.child, 'exit')
    expect(isRunning(pid)).toBe(false)
  })

  it('lets its process end by itself after stop', async () => {
    const owner = openInProcess()
    await owner.heard('opened')
    const ended = once(owner.child, 'exit')
    owner.child.stdin?.write('stop\n')
    // Its own output, and nothing that would keep it: a number of seconds would say less, and not on every machine.
    const { held } = await owner.heard('stopped')
    expect((held as string[]).filter((each) => !['PipeWrap', 'Immediate'].includes(each))).toEqual([])
    expect(await ended).toEqual([0, null])
  })

  it('does not take a stranger on its old port for itself', async () => {
    const first = await open()
    await first.stop()
    const home = databaseFile
    databaseFile = join(folder, 'stranger.db')
    const stranger = await open()
    // As if the system had given the port to another Temporal server meanwhile.
    const stateFile = stateFileOf(home)
    writeState(stateFile, { ...(readState(stateFile) as ServerState), port: portOf(stranger) })
    databaseFile = home
    const second = await open()
    expect(second.source.kind).toBe('executable')
    expect(second.address).not.toBe(stranger.address)
  })

  it('can be given up while it is starting, and leaves no server behind', async () => {
    const giveUp = new AbortController()
    const opening = open({
      signal: giveUp.signal,
      onProgress: ({ phase }) => phase === 'start' && setTimeout(() => giveUp.abort(new Error('enough')), 60),
    })
    await expect(opening).rejects.toThrow('enough')
    expect(state().process).toBeUndefined()
    expect(state().owner).toBeUndefined()
  })
})
