/**
 * One process of the Temporal dev server: how it is started, when it is ready, how it is ended.
 *
 * It writes its log to a file, not to a pipe: it may outlive the process that started it, and a Go program that
 * writes to a pipe nobody reads is killed by SIGPIPE.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SearchAttributeTypeName } from '../search-attributes.js'
import { TemporalStartError } from './errors.js'
import { HOST, identifyServer, isListening, type ServerIdentity } from './probe.js'
import { commandLine, isRunning, listCommandLines, processMark, signalGroup } from './process-info.js'
import type { ServerProcess } from './state-file.js'
import { sleep, waitUntil } from './wait.js'

/** The types of search attributes, in the words of the Temporal CLI. */

export interface StartOptions {
  readonly executable: string
  readonly databaseFile: string
  readonly port: number
  readonly namespace: string
  readonly searchAttributes: Readonly<Record<string, SearchAttributeTypeName>>
  readonly env: NodeJS.ProcessEnv
}

export interface StartedServer {
  readonly process: ServerProcess
  readonly port: number
  /** How it ended; undefined while it runs. */
  exit(): string | undefined
  /** Calls `listener` once when it has ended. */
  onExit(listener: () => void): void
  /** The end of what it wrote to its log, for people; undefined when it wrote nothing. */
  lastWords(): string | undefined
}

/**
 * One shard serves everything, and its queues may be read 20 times a second: without the first three, every hop waits
 * for the next tick of 50 ms as soon as there is load. Eager activities save a hop.
 */
const DYNAMIC_CONFIG: Readonly<Record<string, string>> = {
  'history.transferProcessorMaxPollRPS': '2000',
  'history.timerProcessorMaxPollRPS': '2000',
  'history.visibilityProcessorMaxPollRPS': '200',
  'system.enableActivityEagerExecution': 'true',
}

const READY_POLL_MS = 50
const MAX_LOG_BYTES = 8 * 1024 * 1024
const LAST_WORDS_BYTES = 4096
const TERM_MS = 3000
const KILL_MS = 1000

export function logFileOf(databaseFile: string): string {
  return `${databaseFile}.log`
}

export function startArguments(options: StartOptions): string[] {
  return [
    ...['server', 'start-dev', '--headless'],
    ...['--ip', HOST, '--port', String(options.port)],
    ...['--db-filename', options.databaseFile],
    ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${value}`]),
    ...['--namespace', options.namespace],
    ...Object.entries(options.searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    // The level is left at its default, which is `warn`: named, the warnings of each shutdown would be logged as well.
    ...['--log-format', 'text'],
  ]
}

/** @throws TemporalStartError when it cannot be started at all */
export async function startServer(options: StartOptions): Promise<StartedServer> {
  const logFile = logFileOf(options.databaseFile)
  rotateLog(options.databaseFile)
  const log = openSync(logFile, 'a', 0o600)
  const logStart = fstatSync(log).size
  let child: ChildProcess
  try {
    child = spawn(options.executable, startArguments(options), {
      // A group of its own, so that Ctrl-C in the terminal ends us first and the server after its last task.
      detached: true,
      stdio: ['ignore', log, log],
      cwd: dirname(options.databaseFile),
      // It would otherwise ask a server of Temporal's for news about itself.
      env: { ...options.env, TEMPORAL_VERSION_CHECK_DISABLED: '1' },
      windowsHide: true,
    })
  } finally {
    closeSync(log)
  }

  let ended: string | undefined
  const listeners: (() => void)[] = []
  child.once('exit', (code, signal) => {
    ended = signal === null ? `exited with ${code}` : `was ended by ${signal}`
    for (const listener of listeners.splice(0)) listener()
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) =>
      reject(new TemporalStartError(`${options.executable} cannot be started`, { cause: error })),
    )
  })
  child.unref()
  const pid = child.pid as number // there is one after `spawn`
  return {
    process: { pid, mark: processMark(pid) ?? '', startedAt: new Date().toISOString() },
    port: options.port,
    exit: () => ended,
    onExit(listener) {
      if (ended === undefined) listeners.push(listener)
      else listener()
    },
    lastWords: () => tailOf(logFile, logStart),
  }
}

/**
 * Waits until the server answers, and gives what it says of itself.
 *
 * @throws TemporalStartError when it dies, or is not ready `withinMs` after now, with the last lines of its log
 */
export async function waitUntilReady(
  server: StartedServer,
  withinMs: number,
  signal: AbortSignal | undefined,
): Promise<ServerIdentity> {
  const end = performance.now() + withinMs
  for (;;) {
    signal?.throwIfAborted()
    // Looking at the port is cheap; a gRPC connection is not, and backs off on its own after a refusal.
    if (await isListening(server.port)) {
      const identity = await identifyServer(server.port, 1000)
      // An answer counts only while ours lives: another server may have been faster to take the port.
      if (identity !== undefined && server.exit() === undefined) return identity
    }
    const exit = server.exit()
    if (exit !== undefined) throw failedStart(exit, server)
    if (performance.now() >= end) throw failedStart(`is not ready after ${withinMs} ms`, server)
    await sleep(READY_POLL_MS, signal)
  }
}

/** SIGTERM, and SIGKILL after 3 s. Does nothing when that pid is no server of this database file any more. */
export async function endServer(process: ServerProcess, databaseFile: string): Promise<void> {
  if (!isServerOf(process, databaseFile)) return
  signalGroup(process.pid, 'SIGTERM')
  if (await waitUntil(() => !isRunning(process.pid), TERM_MS, 20)) return
  signalGroup(process.pid, 'SIGKILL')
  await waitUntil(() => !isRunning(process.pid), KILL_MS, 20)
}

/** For the moment in which this process ends and can wait for nothing. */
export function endServerWithoutWaiting(process: ServerProcess, databaseFile: string): void {
  if (isServerOf(process, databaseFile)) signalGroup(process.pid, 'SIGTERM')
}

/** Whether this is the very process that was noted down; a pid alone could be anyone's by now. */
export function isServerOf(process: ServerProcess, databaseFile: string): boolean {
  const mark = processMark(process.pid)
  if (mark === undefined || mark !== process.mark) return false
  const words = commandLine(process.pid)
  return words === undefined || words.includes(databaseFile)
}

/**
 * A dev server on that file that nobody noted down: its starter was killed in the very moment, or the state file was
 * deleted. Two servers on one file would ruin it.
 */
export function findServerOf(databaseFile: string): { process: ServerProcess; port: number } | undefined {
  for (const { pid, line } of listCommandLines()) {
    const port = portOfServer(line, databaseFile)
    const mark = port === undefined ? undefined : processMark(pid)
    if (port === undefined || mark === undefined) continue
    return { process: { pid, mark, startedAt: new Date().toISOString() }, port }
  }
  return undefined
}

/** The port in the command line of a dev server on that file; undefined for every other command line. */
export function portOfServer(line: string, databaseFile: string): number | undefined {
  const words = ` ${line} `
  if (!words.includes(' start-dev ') || !words.includes(` --db-filename ${databaseFile} `)) return undefined
  const port = words.match(/ --port (\d+) /)?.[1]
  return port === undefined ? undefined : Number(port)
}

/** Keeps the log below a size, also while a server writes: it appends, so after the cut it goes on at the beginning. */
export function rotateLog(databaseFile: string): void {
  const logFile = logFileOf(databaseFile)
  try {
    if (statSync(logFile).size <= MAX_LOG_BYTES) return
    copyFileSync(logFile, `${logFile}.old`)
    truncateSync(logFile)
  } catch {
    // none yet, or the disk is full: a log is not worth failing for
  }
}

function failedStart(how: string, server: StartedServer): TemporalStartError {
  const words = server.lastWords()
  return new TemporalStartError(`the Temporal server ${how}${words === undefined ? '' : `; ${words}`}`)
}

function tailOf(logFile: string, start: number): string | undefined {
  try {
    const file = openSync(logFile, 'r')
    try {
      const size = fstatSync(file).size
      const from = Math.max(size - LAST_WORDS_BYTES, Math.min(start, size))
      const buffer = Buffer.alloc(size - from)
      readSync(file, buffer, 0, buffer.length, from)
      const text = buffer.toString('utf8').trim()
      if (text === '') return undefined
      const lines = text.split('\n').slice(-8)
      return `the end of ${logFile}:\n${lines.map((line) => `  ${line}`).join('\n')}`
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined // no log, no words
  }
}
