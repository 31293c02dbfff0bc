/**
 * One server per database file, and one owner per server, whatever number of processes want one. Everything here
 * happens under the lock beside the database, so that two processes that start at once do not start two servers.
 */

import { statSync } from 'node:fs'
import type { Logger } from '../../internal/logger.js'
import { reasonOf } from '../../internal/reason-of.js'
import type { SearchAttributeTypeName } from '../search-attributes.js'
import { TemporalStartError, TemporalVersionError } from './errors.js'
import type { Executable } from './executable.js'
import { withLock } from './lock-file.js'
import { findFreePort, identifyServer, isFree, isListening } from './probe.js'
import { whenProcessEnds } from './process-end.js'
import { processMark } from './process-info.js'
import {
  endServer,
  endServerWithoutWaiting,
  findServerOf,
  isServerOf,
  type StartedServer,
  startServer,
  waitUntilReady,
} from './start.js'
import {
  isOwnerAlive,
  newState,
  type Owner,
  readState,
  type ServerProcess,
  type ServerState,
  stateFileOf,
  writeState,
} from './state-file.js'
import { sleep } from './wait.js'

/** A database file, and one who wants a server on it. */
export interface Seat {
  /** Absolute, and the same for all processes: symbolic links are followed. */
  readonly databaseFile: string
  readonly namespace: string
  readonly searchAttributes: Readonly<Record<string, SearchAttributeTypeName>>
  readonly env: NodeJS.ProcessEnv
  readonly logger: Logger
  /** Unique among all that ever hold a seat. */
  readonly id: string
}

export interface Seated {
  readonly outcome: 'seated'
  readonly role: 'owner' | 'user'
  readonly how: 'started' | 'adopted' | 'running'
  readonly port: number
  readonly secret: Uint8Array
  readonly process: ServerProcess | undefined
  readonly owner: Owner | undefined
  /** When it was started just now. */
  readonly started: StartedServer | undefined
}

export type Outcome =
  | Seated
  /** There is no server and nobody who would start one; finding an executable takes too long to do it here. */
  | { readonly outcome: 'needs-executable' }
  /** There is no server, but a living process whose task it is to bring it back. */
  | { readonly outcome: 'owner-busy'; readonly pid: number }

export interface TakeSeatOptions {
  readonly executable: Executable | undefined
  /** The port that the server must have, because its address is known already. Else any. */
  readonly port?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** Longer than a start may take: who holds the lock may be starting the server that the others want to use. */
const LOCK_WAIT_MS = 60_000
const READY_MS = 30_000
/** For a server that is there but does not answer: it is coming up, or going down. */
const UNCLEAR_MS = 10_000
const PORT_ATTEMPTS = 3

/**
 * Uses the server of this database file if it runs, adopts it if its owner is gone, or starts it.
 *
 * @throws TemporalVersionError the file was written by another version than the executable has
 * @throws TemporalStartError the server does not come up, or its port is taken
 * @throws LockTimeoutError another process holds the lock for a minute
 */
export async function takeSeat(seat: Seat, options: TakeSeatOptions): Promise<Outcome> {
  return await locked(seat, LOCK_WAIT_MS, options.signal, async () => {
    const state = withUnnoted(seat, loadState(seat))
    const owned = isOwnerAlive(state) && state.owner?.id !== seat.id
    const port = await findLivePort(seat, state, owned, options.signal)
    if (port !== undefined) return owned ? useServer(state, port) : adoptServer(seat, state, port)
    if (owned) return { outcome: 'owner-busy', pid: state.owner?.pid ?? 0 }
    if (options.executable === undefined) return { outcome: 'needs-executable' }
    return await startHere(seat, state, options.executable, options)
  })
}

/**
 * Ends the server if this seat owns it, and says so in the state file. Never rejects: it is the last thing that
 * happens, and what it leaves undone the next process puts right.
 */
export async function leaveSeat(seat: Seat): Promise<void> {
  const leave = async () => {
    const state = readState(stateFileOf(seat.databaseFile))
    if (state?.owner?.id !== seat.id) return
    if (state.process !== undefined) await endServer(state.process, seat.databaseFile)
    writeState(stateFileOf(seat.databaseFile), withoutServer(state))
  }
  try {
    // Somebody who waits for the lock here wants the same server, and can wait; stopping cannot.
    await locked(seat, 500, undefined, leave).catch(async (error: unknown) => {
      seat.logger.debug({ reason: reasonOf(error) }, 'leaving the Temporal server without the lock')
      await leave()
    })
  } catch (error) {
    seat.logger.warn({ reason: reasonOf(error) }, 'cannot give up the Temporal server properly')
  }
}

async function locked<T>(
  seat: Seat,
  waitMs: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  return await withLock(`${seat.databaseFile}.lock`, { waitMs, signal }, work)
}

function loadState(seat: Seat): ServerState {
  const path = stateFileOf(seat.databaseFile)
  const known = readState(path)
  if (known !== undefined) return known
  const fresh = newState()
  writeState(path, fresh)
  return fresh
}

/** With the server that runs although the state does not know of it, if there is one. */
function withUnnoted(seat: Seat, state: ServerState): ServerState {
  if (state.process !== undefined && isServerOf(state.process, seat.databaseFile)) return state
  const found = findServerOf(seat.databaseFile)
  return found === undefined ? state : { ...state, ...found }
}

/** The port on which the server of this file answers. Ends a server of an owner that is gone if it does not answer. */
async function findLivePort(
  seat: Seat,
  state: ServerState,
  owned: boolean,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const { port, process } = state
  if (port === undefined) return undefined
  const end = performance.now() + UNCLEAR_MS
  for (;;) {
    signal?.throwIfAborted()
    const alive = process !== undefined && isServerOf(process, seat.databaseFile)
    if (await isListening(port)) {
      const identity = await identifyServer(port, 2000)
      // The database knows its own name. While it is new, the living process vouches for the port.
      const ours = state.written === undefined ? alive : identity?.clusterId === state.written.clusterId
      if (identity !== undefined && ours) return port
    }
    // An owner does not need help, and a dead process cannot be waited for.
    if (!alive || owned) return undefined
    if (performance.now() >= end) break
    await sleep(50, signal)
  }
  seat.logger.warn({ pid: process?.pid, port }, 'a Temporal server on this database does not answer, ending it')
  if (process !== undefined) await endServer(process, seat.databaseFile)
  return undefined
}

function useServer(state: ServerState, port: number): Seated {
  return seated(state, { role: 'user', how: 'running', port })
}

function adoptServer(seat: Seat, state: ServerState, port: number): Seated {
  const adopted = { ...state, owner: ownerOf(seat) }
  writeState(stateFileOf(seat.databaseFile), adopted)
  return seated(adopted, { role: 'owner', how: 'adopted', port })
}

/** In the last words of a server, on Unix and on Windows. */
const PORT_TAKEN = /address already in use|Only one usage of each socket address/

async function startHere(
  seat: Seat,
  state: ServerState,
  executable: Executable,
  options: TakeSeatOptions,
): Promise<Seated> {
  const exists = hasContent(seat.databaseFile)
  const written = exists ? state.written : undefined // a file that was deleted is no longer of any version
  if (written !== undefined && written.serverVersion !== executable.serverVersion) {
    throw new TemporalVersionError(
      seat.databaseFile,
      { server: written.serverVersion, cli: written.cliVersion },
      { path: executable.path, server: executable.serverVersion },
    )
  }
  const before: ServerState = { secret: state.secret, ...(written !== undefined && { written }) }

  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort(attempt === 1 ? state.port : undefined))
    if (!(await isFree(port))) throw new TemporalStartError(`port ${port} is taken by another program`)
    try {
      return await startOn(port, seat, before, executable, options.signal)
    } catch (error) {
      options.signal?.throwIfAborted()
      // Between the look at the port and the server's own, someone else may have taken it, or another that it chose itself.
      const lostPort = PORT_TAKEN.test(reasonOf(error)) || (options.port === undefined && !(await isFree(port)))
      if (!lostPort || attempt >= PORT_ATTEMPTS) throw error
      seat.logger.debug({ port, reason: reasonOf(error) }, 'the port was taken meanwhile, trying another')
    }
  }
}

async function startOn(
  port: number,
  seat: Seat,
  before: ServerState,
  executable: Executable,
  signal: AbortSignal | undefined,
): Promise<Seated> {
  const stateFile = stateFileOf(seat.databaseFile)
  const { databaseFile, namespace, searchAttributes, env } = seat
  const started = await startServer({
    executable: executable.path,
    databaseFile,
    port,
    namespace,
    searchAttributes,
    env,
  })
  const stopped = whenProcessEnds(() => endServerWithoutWaiting(started.process, databaseFile))
  try {
    // Before it is ready: if we are killed now, the next process must know that there is one.
    const starting = { ...before, port, process: started.process, owner: ownerOf(seat) }
    writeState(stateFile, starting)
    const { clusterId } = await waitUntilReady(started, READY_MS, signal)
    const { serverVersion, cliVersion } = executable
    const ready = { ...starting, written: { serverVersion, cliVersion, clusterId } }
    writeState(stateFile, ready)
    return { ...seated(ready, { role: 'owner', how: 'started', port }), started }
  } catch (error) {
    await endServer(started.process, databaseFile)
    writeState(stateFile, { ...before, port })
    throw error
  } finally {
    stopped()
  }
}

function seated(state: ServerState, at: Pick<Seated, 'role' | 'how' | 'port'>): Seated {
  return {
    outcome: 'seated',
    ...at,
    secret: state.secret,
    process: state.process,
    owner: state.owner,
    started: undefined,
  }
}

function withoutServer(state: ServerState): ServerState {
  return {
    secret: state.secret,
    ...(state.port !== undefined && { port: state.port }),
    ...(state.written !== undefined && { written: state.written }),
  }
}

function ownerOf(seat: Seat): Owner {
  return { pid: process.pid, mark: processMark(process.pid) ?? '', id: seat.id }
}

function hasContent(file: string): boolean {
  try {
    return statSync(file).size > 0
  } catch {
    return false
  }
}
