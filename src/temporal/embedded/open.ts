/** The one way to a Temporal server: configured, found running, or started and kept alive for embedded use. */
import { randomUUID } from 'node:crypto'
import { mkdirSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Logger } from '../../internal/logger.js'
import type { SearchAttributeTypeName } from '../search-attributes.js'
import { type ConfiguredTemporal, configuredTemporal } from './address.js'
import { type Seat, type Seated, takeSeat } from './election.js'
import { TemporalStartError } from './errors.js'
import type { Executable } from './executable.js'
import { findExecutable, type SourceOverrides } from './find.js'
import { prepareNamespace } from './prepare-namespace.js'
import type { ProgressListener } from './progress.js'
import { SupervisedServer } from './supervise.js'
import type { TemporalServer, TemporalSource } from './temporal-server.js'
import { sleep } from './wait.js'

export interface FindTemporalOptions {
  /**
   * Where a started server keeps everything. Beside it lie its `-wal` and `-shm`, `.state.json`, `.lock` and `.log`.
   * The folder is made when it is missing, for its user only. Not used when an address is configured.
   */
  readonly databaseFile: string
  /** `host:port` of a running server; goes before `@temporalio/envconfig`. */
  readonly address?: string | undefined
  /** Goes before `@temporalio/envconfig`. Default `default`. Made when a started server does not have it. */
  readonly namespace?: string | undefined
  /** Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined
  /** Custom search attributes that a started server has to have. */
  readonly searchAttributes?: Readonly<Record<string, SearchAttributeTypeName>> | undefined
  /** Days for which a started server keeps closed workflows at least. Default 30. */
  readonly retentionDays?: number | undefined
  readonly logger: Logger
  readonly onProgress?: ProgressListener | undefined
  /** Gives up opening. Does not end a server that was opened: `stop` does. */
  readonly signal?: AbortSignal | undefined
  /** @internal for tests */
  readonly sources?: SourceOverrides | undefined
}

const DAY_MS = 24 * 60 * 60 * 1000
/** An owner whose server is down tries again at least every 5 s, and a start has 30 s. */
const OWNER_BUSY_MS = 45_000

/**
 * Finds or makes a Temporal server. Fast when one runs or an executable is there; minutes when one has to be built.
 *
 * @throws TemporalNotFoundError no executable could be found or made
 * @throws TemporalVersionError the database file was written by another server version
 * @throws TemporalStartError the server does not come up
 * @throws Error the configuration names a profile that does not exist, or the reason of `signal`
 */
export async function openTemporal(options: FindTemporalOptions): Promise<TemporalServer> {
  options.signal?.throwIfAborted()
  const env = options.env ?? process.env
  const configured = configuredTemporal(options, env)
  if (configured.address !== undefined) return externalServer(configured, configured.address)

  const { logger, signal } = options
  const seat: Seat = {
    databaseFile: canonicalPath(options.databaseFile),
    namespace: configured.namespace,
    searchAttributes: options.searchAttributes ?? {},
    env,
    logger,
    id: randomUUID(),
  }
  const find = (within: AbortSignal | undefined) =>
    findExecutable({ env, logger, onProgress: options.onProgress, signal: within, sources: options.sources })
  const { seated, executable } = await waitForSeat(seat, find, options)

  const server = new SupervisedServer({
    seat,
    seated,
    source: sourceOf(seated, executable),
    findExecutable: find,
    executable,
  })
  try {
    const { namespace, searchAttributes } = seat
    const retentionMs = (options.retentionDays ?? 30) * DAY_MS
    await prepareNamespace(seated.port, { namespace, retentionMs, searchAttributes }, logger, signal)
    signal?.throwIfAborted()
  } catch (error) {
    await server.stop()
    throw error
  }
  logger.info(
    { address: server.address, namespace: seat.namespace, pid: seated.process?.pid, role: seated.role },
    `the Temporal server is ${seated.how}`,
  )
  return server
}

async function waitForSeat(
  seat: Seat,
  find: (signal: AbortSignal | undefined) => Promise<Executable>,
  options: FindTemporalOptions,
): Promise<{ seated: Seated; executable: Executable | undefined }> {
  const { signal } = options
  let busySince: number | undefined
  let executable: Executable | undefined
  for (;;) {
    if (executable !== undefined) options.onProgress?.({ phase: 'start', elapsedMs: 0 })
    const outcome = await takeSeat(seat, { executable, signal })
    if (outcome.outcome === 'seated') return { seated: outcome, executable }
    if (outcome.outcome === 'needs-executable') {
      executable = await find(signal)
      continue
    }
    busySince ??= performance.now()
    if (performance.now() - busySince > OWNER_BUSY_MS) {
      throw new TemporalStartError(
        `process ${outcome.pid} has ${seat.databaseFile} and cannot start its Temporal server; see its log, or end it`,
      )
    }
    await sleep(200, signal)
  }
}

function sourceOf(seated: Seated, executable: Executable | undefined): TemporalSource {
  if (seated.how === 'started' && executable !== undefined) return executable.source
  const of = seated.process === undefined ? '' : ` of process ${seated.process.pid}`
  if (seated.how === 'adopted') return { kind: 'running', detail: `left behind${of}, now ours` }
  const owner = seated.owner === undefined ? '' : `, kept by process ${seated.owner.pid}`
  return { kind: 'running', detail: `running${of}${owner}` }
}

function externalServer(configured: ConfiguredTemporal, address: string): TemporalServer {
  return {
    address,
    namespace: configured.namespace,
    connection: configured.connection,
    source: { kind: 'address', detail: `${address} (${configured.detail})` },
    secret: undefined,
    status: () => 'up',
    onStatus: () => () => undefined,
    stop: async () => undefined,
  }
}

/** Two ways to write the same path must lead to the same lock. */
function canonicalPath(databaseFile: string): string {
  const path = resolve(databaseFile)
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    return realpathSync(path)
  } catch {
    return join(realpathSync(dirname(path)), basename(path)) // the file is not there yet
  }
}
