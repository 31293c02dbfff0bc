/** A process that is started, broken and started again; ended by its pid, also when the run fails. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Fault } from '../history/history.js'
import type { Recorder } from '../history/recorder.js'

/** Of the repository: two or more levels up, from the sources and from the build. */
export const ROOT = fileURLToPath(import.meta.url).replace(/(?:\/dist)?\/test\/faults\/.*$/, '/')

export interface ProcessOptions {
  readonly name: string
  readonly recorder: Recorder
  /** Arguments of `node`. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

const START_MS = 120_000
const MAX_KEPT = 200_000

export class ManagedProcess {
  readonly name: string
  private readonly options: ProcessOptions
  private child: ChildProcess | undefined
  private stopped = false
  private output = ''

  constructor(options: ProcessOptions) {
    this.options = options
    this.name = options.name
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} does not run`)
    return this.child.pid
  }

  /** Memory it holds, in bytes. */
  get rssBytes(): number {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(this.pid)], { encoding: 'utf8' })) * 1024
  }

  get alive(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null
  }

  /** The last that it and its forerunners have written to standard error. */
  get log(): string {
    return this.output
  }

  /** Starts it, and resolves with the first line it writes, as JSON. */
  async start<T>(): Promise<T> {
    if (this.alive) throw new Error(`${this.name} runs already`)
    const { args, env } = this.options
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.child = child
    this.stopped = false
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.stderr.on('data', (chunk) => {
      this.output = (this.output + chunk).slice(-MAX_KEPT)
    })
    const line = await firstLine(child).catch((error: unknown) => {
      throw new Error(`${this.name}: ${String(error)}\n${this.output}`)
    })
    this.note('start')
    return JSON.parse(line) as T
  }

  async kill(): Promise<void> {
    await this.signal('SIGKILL', 'kill')
  }

  /** Resolves with its exit code. */
  async terminate(): Promise<number | null> {
    await this.signal('SIGTERM', 'terminate')
    return this.child?.exitCode ?? null
  }

  stop(): void {
    this.stopped = true
    this.note('stop')
    this.child?.kill('SIGSTOP')
  }

  continue(): void {
    this.stopped = false
    this.note('continue')
    this.child?.kill('SIGCONT')
  }

  /** Resolves when it has ended, by whatever. */
  async ended(): Promise<void> {
    if (this.child !== undefined && this.alive) await once(this.child, 'exit')
  }

  /** Ends it without a trace in the history; at most so many milliseconds in order, then at once. */
  async end(graceMs = 5_000): Promise<void> {
    const child = this.child
    if (child === undefined || !this.alive) return
    if (this.stopped) child.kill('SIGCONT')
    const gone = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await gone
    clearTimeout(timer)
  }

  private async signal(signal: NodeJS.Signals, verb: Fault['verb']): Promise<void> {
    const child = this.child
    if (child === undefined || !this.alive) return
    const gone = once(child, 'exit')
    this.note(verb)
    child.kill(signal)
    await gone
  }

  private note(verb: Fault['verb']): void {
    this.options.recorder.add({ kind: 'fault', verb, target: this.name })
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready within ${START_MS} ms`)), START_MS)
    const onExit = () => {
      clearTimeout(timer)
      reject(new Error(`ended while starting: ${text}`))
    }
    child.once('exit', onExit)
    child.stdout?.on('data', (chunk) => {
      if (text.includes('\n')) return
      text += chunk
      if (!text.includes('\n')) return
      clearTimeout(timer)
      child.off('exit', onExit)
      resolve(text.slice(0, text.indexOf('\n')))
    })
  })
}
