/**
 * One process at a time, by a file that names its holder. A holder that died leaves the file behind; the next one
 * replaces it. Used for the election of the server's owner and for the cache.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { isSameProcess, processMark } from './process-info.js'
import { sleep } from './wait.js'

export interface LockOptions {
  /** Milliseconds to wait for another holder. */
  readonly waitMs: number
  readonly signal?: AbortSignal | undefined
  /** Called about every 50 ms of waiting. `pid` is undefined when the holder is just writing its name. */
  readonly onWait?: ((holder: { readonly pid: number | undefined; readonly waitedMs: number }) => void) | undefined
}

/** The lock stayed with a living process. */
export class LockTimeoutError extends Error {
  override readonly name = 'LockTimeoutError'
}

const RETRY_MS = 50
/** A lock without a readable name is being written; after this it was left like that by a crash. */
const UNREADABLE_MS = 5000

interface Holder {
  readonly pid: number
  readonly mark: string
  readonly nonce: string
}

/**
 * Runs `work` while this caller holds `path`. Two callers in one process exclude each other as well.
 *
 * @throws LockTimeoutError when another holder lives on for `waitMs`
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const nonce = await acquire(path, options)
  try {
    return await work()
  } finally {
    release(path, nonce)
  }
}

async function acquire(path: string, options: LockOptions): Promise<string> {
  const nonce = randomUUID()
  const mine: Holder = { pid: process.pid, mark: processMark(process.pid) ?? '', nonce }
  const began = performance.now()
  for (;;) {
    options.signal?.throwIfAborted()
    if (tryCreate(path, mine)) return nonce
    breakIfStale(path)
    if (tryCreate(path, mine)) return nonce
    const waitedMs = performance.now() - began
    const pid = readHolder(path)?.pid
    if (waitedMs >= options.waitMs) {
      throw new LockTimeoutError(`${path} is held by process ${pid ?? 'unknown'} for more than ${options.waitMs} ms`)
    }
    options.onWait?.({ pid, waitedMs })
    await sleep(RETRY_MS, options.signal)
  }
}

function tryCreate(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Two processes may both find the same dead holder; without a guard the slower one would remove the lock that the
 * faster one has just made. So the file is looked at again, and removed, only inside the guard directory, and all in
 * one go: a process can leave the guard behind only by dying between these lines.
 */
function breakIfStale(path: string): void {
  if (!isStale(path)) return
  const guard = `${path}.break`
  try {
    mkdirSync(guard)
  } catch {
    if (ageMs(guard) > UNREADABLE_MS) removeQuietly(() => rmdirSync(guard))
    return
  }
  try {
    if (isStale(path)) removeQuietly(() => unlinkSync(path))
  } finally {
    removeQuietly(() => rmdirSync(guard))
  }
}

function isStale(path: string): boolean {
  const age = ageMs(path)
  const holder = readHolder(path)
  return holder === undefined ? age > UNREADABLE_MS : !isSameProcess(holder.pid, holder.mark)
}

function release(path: string, nonce: string): void {
  if (readHolder(path)?.nonce === nonce) removeQuietly(() => unlinkSync(path))
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value !== 'object' || value === null) return undefined
    const { pid, mark, nonce } = value as Record<string, unknown>
    if (typeof pid !== 'number' || typeof mark !== 'string' || typeof nonce !== 'string') return undefined
    return { pid, mark, nonce }
  } catch {
    return undefined // gone, or half written
  }
}

/** 0 when there is no such file: what is not there is not old. */
function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs
  } catch {
    return 0
  }
}

function removeQuietly(remove: () => void): void {
  try {
    remove()
  } catch {
    // someone else was faster, which is as good
  }
}
