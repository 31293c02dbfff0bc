/** An executable of the Temporal CLI: which versions it has, and which one we make when there is none. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { runCommand } from './run-command.js'
import type { TemporalSource } from './temporal-server.js'

/** What is downloaded or built. `tools/temporal-cli/go.mod` names the same version (held together by a test). */
export const PINNED_CLI_VERSION = '1.8.2'

export interface Executable {
  readonly path: string
  readonly source: TemporalSource
  readonly cliVersion: string
  /** Two files of different server versions do not fit each other, see `TemporalVersionError`. */
  readonly serverVersion: string
}

const VERSION_DEADLINE_MS = 20_000

/**
 * Runs `temporal --version`, which also proves that the file runs on this machine.
 *
 * @throws Error when it does not, or is something else
 */
export async function readVersions(
  path: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<{ cliVersion: string; serverVersion: string }> {
  const lines = await runCommand(path, ['--version'], { env, deadlineMs: VERSION_DEADLINE_MS, signal })
  const text = lines.join(' ')
  const [cliVersion, serverVersion] = text.match(/\bversion v?(\S+) \(Server v?([^,)\s]+)/)?.slice(1) ?? []
  if (cliVersion === undefined || serverVersion === undefined) {
    throw new Error(`${path} is not a Temporal CLI with a server: \`--version\` says ${JSON.stringify(text)}`)
  }
  return { cliVersion, serverVersion }
}

/** The first executable file of that name on PATH. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const file = process.platform === 'win32' ? `${name}.exe` : name
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, file)).find(isExecutableFile)
}

export function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
