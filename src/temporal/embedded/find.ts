/**
 * Where an executable of the Temporal CLI comes from, in order: TEMPORAL_CLI_PATH, PATH, our cache, the official
 * download, a build from Go modules. The first that works wins.
 */
import type { Logger } from '../../internal/logger.js'
import { reasonOf } from '../../internal/reason-of.js'
import { buildCli } from './build.js'
import { cacheDirectory, cachedBinary, fillCache, isCached, withCacheLock } from './cache.js'
import { type DownloadOptions, downloadCli } from './download.js'
import { TemporalNotFoundError, type TriedSource } from './errors.js'
import { type Executable, findOnPath, PINNED_CLI_VERSION, readVersions } from './executable.js'
import type { ProgressListener } from './progress.js'
import type { TemporalSource } from './temporal-server.js'

export interface FindExecutableOptions {
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
  readonly onProgress?: ProgressListener | undefined
  readonly signal?: AbortSignal | undefined
  readonly sources?: SourceOverrides | undefined
}

/** What tests put in place of the network and of the module that comes with the package. */
export interface SourceOverrides {
  readonly download?: Pick<DownloadOptions, 'baseUrl' | 'answerMs' | 'stallMs' | 'totalMs'>
  readonly moduleDirectory?: string
}

/** Longer than the longest that another process may take to fill the cache. */
const CACHE_WAIT_MS = 45 * 60_000

/**
 * The executable and its versions, proven to run. Takes minutes when it has to be built.
 *
 * @throws TemporalNotFoundError with every source that was tried and what it said
 */
export async function findExecutable(options: FindExecutableOptions): Promise<Executable> {
  const tried: TriedSource[] = []
  const { env, signal, logger } = options

  /** Undefined when the source does not work; why is in `tried`. */
  const attempt = async (
    source: string,
    kind: TemporalSource['kind'],
    get: () => string | Promise<string>,
  ): Promise<Executable | undefined> => {
    try {
      const path = await get()
      const versions = await readVersions(path, env, signal)
      // What `go build` makes calls itself 0.0.0-DEV; the names of cached files say which version they are.
      const cliVersion = kind === 'executable' ? versions.cliVersion : PINNED_CLI_VERSION
      return { path, source: { kind, detail: `${path} (${source})` }, ...versions, cliVersion }
    } catch (error) {
      signal?.throwIfAborted()
      const reason = reasonOf(error)
      tried.push({ source, reason })
      logger.debug({ source, reason }, 'no Temporal executable from this source')
      return undefined
    }
  }

  const named = env.TEMPORAL_CLI_PATH
  if (named !== undefined && named !== '') {
    const found = await attempt('TEMPORAL_CLI_PATH', 'executable', () => named)
    if (found !== undefined) return found
    logger.warn({ path: named, reason: tried.at(-1)?.reason }, 'TEMPORAL_CLI_PATH does not work, looking elsewhere')
  } else {
    tried.push({ source: 'TEMPORAL_CLI_PATH', reason: 'not set' })
  }

  const onPath = await attempt('PATH', 'executable', () => {
    const path = findOnPath('temporal', env)
    if (path === undefined) throw new Error('there is no `temporal` on PATH')
    return path
  })
  if (onPath !== undefined) return onPath

  const binary = cachedBinary(cacheDirectory(env))
  const fromCache = () =>
    attempt('cache', 'cache', () => {
      if (!isCached(binary)) throw new Error(`${binary} does not exist`)
      return binary
    })
  const cached = await fromCache()
  if (cached !== undefined) return cached

  const fill = async (): Promise<Executable | undefined> => {
    // Another process may have filled it while this one waited for the lock.
    if (isCached(binary)) {
      const filled = await fromCache()
      if (filled !== undefined) return filled
    }
    const make = (source: string, kind: 'download' | 'build', into: (folder: string) => Promise<string>) =>
      attempt(source, kind, async () => {
        await fillCache(binary, env, signal, into)
        return binary
      })
    const { onProgress } = options
    return (
      (await make('download', 'download', (folder) =>
        downloadCli(folder, { ...options.sources?.download, env, onProgress, signal }),
      )) ??
      (await make('build from Go modules', 'build', (folder) =>
        buildCli(folder, { moduleDirectory: options.sources?.moduleDirectory, env, onProgress, signal }),
      ))
    )
  }
  try {
    const made = await withCacheLock(
      binary,
      {
        waitMs: CACHE_WAIT_MS,
        signal,
        onWait: ({ pid, waitedMs }) => options.onProgress?.({ phase: 'wait', pid, elapsedMs: waitedMs }),
      },
      fill,
    )
    if (made !== undefined) return made
  } catch (error) {
    signal?.throwIfAborted()
    tried.push({ source: 'download and build', reason: reasonOf(error) }) // such as a cache that cannot be written
  }
  throw new TemporalNotFoundError(tried)
}
