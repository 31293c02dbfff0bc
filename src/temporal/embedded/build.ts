/**
 * Builds the Temporal CLI from Go modules: slow, but works where a Go module proxy is all the network there is.
 *
 * The module under `tools/temporal-cli` pins the version and, by its go.sum, the content of everything in it. It
 * exists because `go install` refuses the CLI's own module, which has a `replace`.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findOnPath } from './executable.js'
import type { ProgressListener } from './progress.js'
import { runCommand } from './run-command.js'

export interface BuildOptions {
  /** Default: the one that comes with this package. */
  readonly moduleDirectory?: string | undefined
  /** Milliseconds for everything. Default 30 minutes; 2 cores take about 4. */
  readonly totalMs?: number | undefined
  readonly env: NodeJS.ProcessEnv
  readonly onProgress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
}

const CLI_PACKAGE = 'github.com/temporalio/cli/cmd/temporal'
const PROGRESS_EVERY_MS = 1000

/**
 * Builds into `folder` and gives the path of the executable.
 *
 * @throws Error when there is no Go, it is too old, modules cannot be fetched, or the build fails
 */
export async function buildCli(folder: string, options: BuildOptions): Promise<string> {
  const go = findOnPath('go', options.env)
  if (go === undefined) throw new Error('there is no `go` on PATH')
  const moduleDirectory = options.moduleDirectory ?? findModuleDirectory()
  if (moduleDirectory === undefined) throw new Error('tools/temporal-cli is missing from this installation')

  const output = join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal')
  const began = performance.now()
  const run = (args: readonly string[], onLine: (line: string, stream: 'stdout' | 'stderr') => void) =>
    runCommand(go, args, {
      cwd: moduleDirectory,
      // A go.work above the project would replace our module by the project's.
      env: { ...options.env, CGO_ENABLED: '0', GOWORK: 'off' },
      deadlineMs: Math.max(0, (options.totalMs ?? 1_800_000) - (performance.now() - began)),
      signal: options.signal,
      onLine,
    })

  let modulesDownloaded = 0
  let packagesTotal = 0
  await withTicker(
    () => options.onProgress?.({ phase: 'modules', modulesDownloaded, elapsedMs: performance.now() - began }),
    (tick) =>
      run(['list', '-deps', '-mod=readonly', CLI_PACKAGE], (line, stream) => {
        if (stream === 'stdout') packagesTotal += 1
        else if (line.startsWith('go: downloading ')) {
          modulesDownloaded += 1
          tick()
        }
      }),
  )

  let packagesCompiled = 0
  const compiling = performance.now()
  const flags = ['-v', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w']
  await withTicker(
    () =>
      options.onProgress?.({
        phase: 'build',
        packagesCompiled,
        packagesTotal,
        elapsedMs: performance.now() - compiling,
      }),
    (tick) =>
      run(['build', ...flags, '-o', output, CLI_PACKAGE], (line, stream) => {
        // -v names each package when it is compiled; everything else on stderr has spaces or begins with `go:` or `#`
        if (stream !== 'stderr' || !/^[\w.\-/~+]+$/.test(line)) return
        packagesCompiled += 1
        tick()
      }),
  )
  return output
}

/** Reports at the beginning, on each tick and at least every second, so that a clock in the terminal moves. */
async function withTicker<T>(report: () => void, work: (tick: () => void) => Promise<T>): Promise<T> {
  report()
  const timer = setInterval(report, PROGRESS_EVERY_MS)
  try {
    return await work(report)
  } finally {
    clearInterval(timer)
  }
}

/** From the source tree and from `dist` the way up has different lengths. */
function findModuleDirectory(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (;;) {
    const candidate = join(folder, 'tools', 'temporal-cli')
    if (existsSync(join(candidate, 'go.mod'))) return candidate
    const parent = dirname(folder)
    if (parent === folder) return undefined
    folder = parent
  }
}
