/** A server in a process of its own, so that its load does not disturb the one that measures. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface Child<Ready> {
  readonly ready: Ready
  /** Asks the child something; it answers with JSON. */
  ask<T>(question: string): Promise<T>
  stop(): Promise<void>
}

/** How long a child may take to end, in milliseconds. */
const STOP_MS = 15_000

/**
 * @param script below `servers`; it sends one message when it is ready
 * @param nodeArgs of Node itself
 */
export async function startChild<Ready>(
  script: string,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
): Promise<Child<Ready>> {
  const path = fileURLToPath(new URL(`../servers/${script}.js`, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--expose-gc', ...nodeArgs, path, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [ready] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${script} ended with ${code}`))),
  ])) as [Ready]
  return {
    ready,
    async ask<T>(question: string) {
      child.send(question)
      return ((await once(child, 'message')) as [T])[0]
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await gone
      clearTimeout(timer)
    },
  }
}

export interface Usage {
  /** Microseconds of CPU so far. */
  readonly cpuUs: number
  readonly rssBytes: number
}

/** How often memory is looked at while it is watched, in milliseconds. */
const WATCH_MS = 20

/**
 * In a child: answers questions about itself, and ends when it is told to or nobody is left to tell it.
 *
 * `usage`: what it uses now, after a garbage collection. `watch`: the same, and memory is watched from now on. `peak`: the
 * most memory since then.
 *
 * @param more further questions
 */
export function serveQuestions(
  onStop: () => Promise<void> | void,
  more: Readonly<Record<string, () => unknown>> = {},
): void {
  let peak = 0
  let watching: ReturnType<typeof setInterval> | undefined
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const answers: Readonly<Record<string, () => unknown>> = {
    usage,
    async watch() {
      const now = await usage()
      peak = now.rssBytes
      watching ??= setInterval(look, WATCH_MS)
      return now
    },
    async peak() {
      look()
      clearInterval(watching)
      watching = undefined
      return { ...(await usage()), rssBytes: peak }
    },
    ...more,
  }
  process.on('message', async (question: string) => process.send?.(await answers[question]?.()))
  const stop = () => void Promise.resolve(onStop()).finally(() => process.exit(0))
  process.once('SIGTERM', stop)
  // Whoever has started it is gone.
  process.once('disconnect', stop)
}

async function usage(): Promise<Usage> {
  const { user, system } = process.cpuUsage()
  await compact()
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() }
}

/** Collects what can be collected and closes the gaps, which are no cost of what is measured: the next objects would fill them. */
async function compact(): Promise<void> {
  const { gc } = globalThis as { gc?: (options: object) => Promise<void> }
  await gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' })
}
