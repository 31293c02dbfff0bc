/** The folder that keeps a downloaded or built Temporal CLI, for all projects of a user. */
import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isExecutableFile, PINNED_CLI_VERSION, readVersions } from './executable.js'
import { type LockOptions, withLock } from './lock-file.js'

/** `$XDG_CACHE_HOME`, or the platform's place for caches, and in it a folder of ours. */
export function cacheDirectory(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): string {
  return join(cacheHome(env, platform), 'temporal-a2a')
}

/** Where the binary is, or would be. The name says what it is, so versions and platforms live side by side. */
export function cachedBinary(
  directory: string,
  platform: NodeJS.Platform = process.platform,
  arch: string = process.arch,
): string {
  return join(directory, `temporal-${PINNED_CLI_VERSION}-${platform}-${arch}${platform === 'win32' ? '.exe' : ''}`)
}

/** One process at a time fills the cache; the others wait and find it filled. */
export async function withCacheLock<T>(binary: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  mkdirSync(join(binary, '..'), { recursive: true })
  return await withLock(`${binary}.lock`, options, work)
}

/**
 * Lets `make` put a binary into a folder of its own, tries it, and moves it to its place in one step, so that the
 * cache never holds half a file. Only for who holds the cache lock: what a killed process left is swept.
 *
 * @param make gives the path of the file it made inside the folder
 */
export async function fillCache(
  binary: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
  make: (folder: string) => Promise<string>,
): Promise<void> {
  const folder = `${binary}.making`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  try {
    const made = await make(folder)
    chmodSync(made, 0o755)
    await readVersions(made, env, signal)
    renameSync(made, binary)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function isCached(binary: string): boolean {
  return isExecutableFile(binary)
}

function cacheHome(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (env.XDG_CACHE_HOME !== undefined && env.XDG_CACHE_HOME !== '') return env.XDG_CACHE_HOME
  if (platform === 'win32') return env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  const home = env.HOME ?? homedir()
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache')
}
