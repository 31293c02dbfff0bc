/**
 * What processes that share a database file know of each other: `<database>.state.json`, readable by its user only.
 *
 * It is changed only by who holds the lock beside it, and each change replaces the whole file. The secret is made
 * once and outlives everything else in it.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { isSameProcess } from './process-info.js'

const FORMAT = 1
const SECRET_BYTES = 32

export interface ServerState {
  readonly secret: Uint8Array
  /** Kept after the server has ended, so that the next one comes back where its users look for it. */
  readonly port?: number
  readonly process?: ServerProcess
  readonly owner?: Owner
  readonly written?: WrittenBy
}

export interface ServerProcess {
  readonly pid: number
  /** See `processMark`. */
  readonly mark: string
  /** ISO 8601. */
  readonly startedAt: string
}

/** Who starts the server again when it dies, and stops it in the end. */
export interface Owner {
  readonly pid: number
  readonly mark: string
  /** Tells two users in one process apart. */
  readonly id: string
}

/** What wrote the database file. */
export interface WrittenBy {
  readonly serverVersion: string
  readonly cliVersion: string
  /** Made by Temporal with the file and kept in it: tells this server from another one that answers on the port. */
  readonly clusterId: string
}

export function stateFileOf(databaseFile: string): string {
  return `${databaseFile}.state.json`
}

/**
 * Undefined when there is none, or when it does not make sense (damaged by hand: writes are atomic).
 *
 * @throws Error when it cannot be read, or was written in a later format
 */
export function readState(path: string): ServerState | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return parseState(path, text)
}

/** Replaces the file; who reads at the same time gets the old or the new one. */
export function writeState(path: string, state: ServerState): void {
  const temporary = `${path}.${process.pid}-${randomUUID()}`
  try {
    const file = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(file, `${JSON.stringify(toJson(state), undefined, 2)}\n`)
      fsyncSync(file) // losing the secret in a power cut would invalidate ids that were handed out
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

export function newState(): ServerState {
  return { secret: new Uint8Array(randomBytes(SECRET_BYTES)) }
}

export function isOwnerAlive(state: ServerState): boolean {
  return state.owner !== undefined && isSameProcess(state.owner.pid, state.owner.mark)
}

function toJson(state: ServerState): Record<string, unknown> {
  return {
    format: FORMAT,
    port: state.port,
    pid: state.process?.pid,
    processMark: state.process?.mark,
    startedAt: state.process?.startedAt,
    ownerPid: state.owner?.pid,
    ownerMark: state.owner?.mark,
    ownerId: state.owner?.id,
    serverVersion: state.written?.serverVersion,
    cliVersion: state.written?.cliVersion,
    clusterId: state.written?.clusterId,
    secret: Buffer.from(state.secret).toString('base64'),
  }
}

function parseState(path: string, text: string): ServerState | undefined {
  const json = parseObject(text)
  if (json === undefined) return undefined
  if (typeof json.format === 'number' && json.format > FORMAT) {
    throw new Error(`${path} has format ${json.format}, this version reads ${FORMAT}: update, or delete the file`)
  }
  const secret = typeof json.secret === 'string' ? Buffer.from(json.secret, 'base64') : undefined
  if (secret?.length !== SECRET_BYTES) return undefined
  const { port, pid, processMark, startedAt, ownerPid, ownerMark, ownerId } = json
  const { serverVersion, cliVersion, clusterId } = json
  return {
    secret: new Uint8Array(secret),
    ...(isPort(port) && { port }),
    ...(isPid(pid, 2) &&
      typeof processMark === 'string' &&
      typeof startedAt === 'string' && { process: { pid, mark: processMark, startedAt } }),
    ...(isPid(ownerPid, 1) &&
      typeof ownerMark === 'string' &&
      typeof ownerId === 'string' && { owner: { pid: ownerPid, mark: ownerMark, id: ownerId } }),
    ...(typeof serverVersion === 'string' &&
      typeof cliVersion === 'string' &&
      typeof clusterId === 'string' && { written: { serverVersion, cliVersion, clusterId } }),
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65536
}

/** An owner may be 1, the first process of a container; a server may not, as its group is signalled and -1 is all. */
function isPid(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}
