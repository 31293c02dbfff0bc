/** The command line as a process of its own, as a user runs it. Needs the build (`npm test` makes it). */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MAIN = `${ROOT}dist/src/cli/main.js`

export interface Cli {
  readonly pid: number
  /** What it has written so far. */
  stdout(): string
  stderr(): string
  /** The first line on stdout as JSON. */
  json<T>(): Promise<T>
  /** Resolves when stdout has this text. */
  said(text: string): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

const running = new Set<ChildProcess>()

export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): Cli {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    return (code ?? signal) as number | NodeJS.Signals
  })
  const until = async (check: () => boolean, what: string) => {
    while (!check()) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended without ${what}: ${out}${err}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return {
    pid: child.pid ?? 0,
    stdout: () => out,
    stderr: () => err,
    async json<T>() {
      await until(() => out.includes('\n'), 'a line of JSON')
      return JSON.parse(out.slice(0, out.indexOf('\n'))) as T
    },
    said: (text) => until(() => out.includes(text), text),
    kill: (signal) => child.kill(signal),
    ended,
  }
}

/** Ends what a failed test has left. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGTERM')
      await once(child, 'close')
    }),
  )
}
