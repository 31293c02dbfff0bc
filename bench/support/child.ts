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

/** @param script below `servers`; it sends one message when it is ready */
export async function startChild<Ready>(script: string, args: readonly string[] = []): Promise<Child<Ready>> {
  const path = fileURLToPath(new URL(`../servers/${script}.js`, import.meta.url))
  const child: ChildProcess = spawn(process.execPath, ['--expose-gc', path, ...args], {
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
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

export interface Usage {
  /** Microseconds of CPU so far. */
  readonly cpuUs: number
  readonly rssBytes: number
}

/** In a child: answers questions about itself, and ends when it is told to. */
export function serveQuestions(onStop: () => Promise<void> | void): void {
  process.on('message', (question) => {
    if (question !== 'usage') return
    const { user, system } = process.cpuUsage()
    ;(globalThis as { gc?: () => void }).gc?.()
    process.send?.({ cpuUs: user + system, rssBytes: process.memoryUsage().rss } satisfies Usage)
  })
  process.once('SIGTERM', () => {
    void Promise.resolve(onStop()).finally(() => process.exit(0))
  })
}
