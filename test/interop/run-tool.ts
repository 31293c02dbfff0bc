/** Programs that others wrote, run as a user runs them: processes of their own, read while they write. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Root of the repository; where every program runs. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A program that takes longer is ended, and its test fails. */
const MAX_MS = 10_000

export interface Tool {
  stdout(): string
  /** Resolves with what `read` makes of the output, as soon as that is not undefined; rejects when the program ends first. */
  until<T>(read: (stdout: string) => T | undefined): Promise<T>
  /** Ends it without a word, as Ctrl-C or a crash would. */
  kill(): void
  readonly ended: Promise<ToolEnd>
}

export interface ToolEnd {
  /** Exit code, or the signal that ended it. */
  readonly code: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

const running = new Set<ChildProcess>()

/** @returns what the program says about itself, or undefined when it cannot be run here */
export function versionOf(file: string, flag = '--version'): string | undefined {
  const { status, stdout } = spawnSync(file, [flag], { encoding: 'utf8', env: environment() })
  return status === 0 ? stdout : undefined
}

/** @param maxMs a program that takes longer is ended */
export function startTool(file: string, args: readonly string[], maxMs = MAX_MS): Tool {
  // In a group of its own: some of them are only a script around the program itself.
  const child = spawn(file, args, { cwd: ROOT, detached: true, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let stdout = ''
  let stderr = ''
  let over = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const timer = setTimeout(() => end(child), maxMs)
  const ended = once(child, 'close').then(([code, signal]) => {
    clearTimeout(timer)
    running.delete(child)
    over = true
    wake()
    return { code: (code ?? signal) as number | NodeJS.Signals, stdout, stderr }
  })
  return {
    stdout: () => stdout,
    until: (read) =>
      new Promise((resolve, reject) => {
        const look = () => {
          try {
            const value = read(stdout)
            if (value !== undefined) resolve(value)
            else if (over) throw new Error(`${file} ended before it was seen: ${stdout}${stderr}`)
            else return
          } catch (error) {
            reject(error)
          }
          waiting.delete(look)
        }
        waiting.add(look)
        look()
      }),
    kill: () => end(child),
    ended,
  }
}

export function runTool(file: string, args: readonly string[], maxMs = MAX_MS): Promise<ToolEnd> {
  return startTool(file, args, maxMs).ended
}

/** Ends what a failed test has left. */
export async function endTools(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      end(child)
      await once(child, 'close')
    }),
  )
}

function end(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  process.kill(-child.pid, 'SIGKILL')
}

/** Without what the test runner or its user has set for Node, or for ways to the Internet. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, NODE_OPTIONS: '', NO_PROXY: '*', no_proxy: '*' }
}
