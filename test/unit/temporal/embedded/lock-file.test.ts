import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LockTimeoutError, withLock } from '../../../../src/temporal/embedded/lock-file.js'
import { processMark } from '../../../../src/temporal/embedded/process-info.js'
import { sleep } from '../../../../src/temporal/embedded/wait.js'
import { temporaryFolder } from './fixtures.js'

const waiting = { waitMs: 10_000 }

/** Runs `count` holders at once and gives how many held the lock at the same time, at most. */
async function mostAtOnce(path: string, count: number): Promise<number> {
  let inside = 0
  let most = 0
  const hold = () =>
    withLock(path, waiting, async () => {
      inside += 1
      most = Math.max(most, inside)
      await sleep(5)
      inside -= 1
    })
  await Promise.all(Array.from({ length: count }, hold))
  return most
}

async function pidOfTheDead(): Promise<number> {
  const child = spawn('true')
  await once(child, 'exit')
  return child.pid ?? 0
}

function age(path: string, seconds: number): void {
  const then = Date.now() / 1000 - seconds
  utimesSync(path, then, then)
}

describe('withLock', () => {
  it('lets one in at a time and leaves nothing behind', async () => {
    const path = join(temporaryFolder(), 'lock')
    expect(await mostAtOnce(path, 8)).toBe(1)
    expect(existsSync(path)).toBe(false)
  })

  it('gives the result of the work, and lets the next in when the work fails', async () => {
    const path = join(temporaryFolder(), 'lock')
    await expect(withLock(path, waiting, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(await withLock(path, waiting, () => Promise.resolve(7))).toBe(7)
  })

  it('replaces the lock of a process that died, once for all who find it', async () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, JSON.stringify({ pid: await pidOfTheDead(), mark: 'boot/1', nonce: 'n' }))
    expect(await mostAtOnce(path, 8)).toBe(1)
  })

  it('replaces the lock of a process whose pid has been given again', async () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, JSON.stringify({ pid: process.pid, mark: 'an earlier one', nonce: 'n' }))
    expect(await mostAtOnce(path, 2)).toBe(1)
  })

  it('respects a living holder and names it when the time is over', async () => {
    const path = join(temporaryFolder(), 'lock')
    const mark = processMark(process.ppid) ?? ''
    writeFileSync(path, JSON.stringify({ pid: process.ppid, mark, nonce: 'n' }))
    const seen: (number | undefined)[] = []
    const attempt = withLock(path, { waitMs: 200, onWait: ({ pid }) => seen.push(pid) }, () => Promise.resolve())
    await expect(attempt).rejects.toThrow(LockTimeoutError)
    await expect(attempt).rejects.toThrow(String(process.ppid))
    expect(seen).toContain(process.ppid)
    expect(existsSync(path)).toBe(true)
  })

  it('waits for a holder that is writing its name, but not for one that crashed while doing so', async () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, '')
    await expect(withLock(path, { waitMs: 150 }, () => Promise.resolve())).rejects.toThrow(LockTimeoutError)
    age(path, 60)
    expect(await withLock(path, waiting, () => Promise.resolve('in'))).toBe('in')
  })

  it('gets over a crash in the middle of replacing a lock', async () => {
    const path = join(temporaryFolder(), 'lock')
    writeFileSync(path, JSON.stringify({ pid: await pidOfTheDead(), mark: 'boot/1', nonce: 'n' }))
    mkdirSync(`${path}.break`)
    age(`${path}.break`, 60)
    expect(await withLock(path, waiting, () => Promise.resolve('in'))).toBe('in')
  })

  it('stops waiting on the signal', async () => {
    const path = join(temporaryFolder(), 'lock')
    await withLock(path, waiting, async () => {
      const giveUp = new AbortController()
      const second = withLock(path, { ...waiting, signal: giveUp.signal }, () => Promise.resolve())
      giveUp.abort(new Error('enough'))
      await expect(second).rejects.toThrow('enough')
    })
  })
})
