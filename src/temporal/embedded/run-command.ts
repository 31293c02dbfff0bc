/** Runs a program to its end, with a deadline, and keeps the last of what it says. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface CommandOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Milliseconds until it is killed. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal | undefined
  /** Each line as it comes. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void
}

/** Lines kept of each stream: enough for a version or an error, whatever the program prints. */
const KEPT_LINES = 40
const KILL_AFTER_MS = 5000

/**
 * Gives the last lines of standard output.
 *
 * @throws Error it cannot be started, exits with something else than 0, takes too long, or the signal's reason
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<readonly string[]> {
  options.signal?.throwIfAborted()
  const child = spawn(command, args, {
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  const kept = { stdout: [] as string[], stderr: [] as string[] }
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] }).on('line', (line) => {
      kept[stream].push(line)
      if (kept[stream].length > KEPT_LINES) kept[stream].shift()
      options.onLine?.(line, stream)
    })
  }

  let tooLate = false
  let ending = false
  const end = () => {
    ending = true
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS).unref()
  }
  const deadline = setTimeout(() => {
    tooLate = true
    end()
  }, options.deadlineMs)
  options.signal?.addEventListener('abort', end, { once: true })
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal }))
      child.once('exit', (code, signal) => {
        if (!ending) return
        // What it has started may hold the pipes for long, and nobody wants its words any more.
        child.stdout.destroy()
        child.stderr.destroy()
        resolve({ code, signal })
      })
    })
    options.signal?.throwIfAborted()
    if (tooLate) throw new Error(`\`${command} ${args[0] ?? ''}\` took longer than ${options.deadlineMs} ms`)
    if (code !== 0) {
      const said = [...kept.stderr, ...kept.stdout].slice(-6).join(' | ')
      throw new Error(`\`${command} ${args[0] ?? ''}\` ended with ${code ?? signal}${said === '' ? '' : `: ${said}`}`)
    }
    return kept.stdout
  } finally {
    clearTimeout(deadline)
    options.signal?.removeEventListener('abort', end)
  }
}
