import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { agent, authRequired, type Handler, IdleTimeoutError, TurnStopped } from '../../../src/index.js'
import { sleep } from '../../../src/internal/abort.js'
import { runOnce } from '../../support/run-turn.js'

const IDLE_MS = 30_000
const AN_HOUR_MS = 3_600_000

const idleAfter = (idleTimeoutMs: number, handler: Handler) => agent({ id: 'x', idleTimeoutMs }, handler)

/** What comes of the work within two hours. */
async function outcome<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  await vi.advanceTimersByTimeAsync(2 * AN_HOUR_MS)
  return work
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'Date', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('idleTimeoutMs', () => {
  it('aborts the signal of a handler that gives nothing, and fails the attempt', async () => {
    const begun = Date.now()
    let reason: unknown
    let at = 0
    const silent = idleAfter(IDLE_MS, async (_message, ctx) => {
      await sleep(AN_HOUR_MS, ctx.signal)
      reason = ctx.signal.reason
      at = Date.now()
      return 'too late'
    })
    const error = await outcome(runOnce(silent, '')).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(IdleTimeoutError)
    expect((error as Error).message).toBe('agent x made no progress for 30000 ms (idleTimeoutMs)')
    expect(reason).toBeInstanceOf(TurnStopped)
    expect((reason as TurnStopped).reason).toBe('idle')
    expect(at - begun).toBe(IDLE_MS)
  })

  it('leaves a handler alone that does not listen', async () => {
    const deaf = idleAfter(IDLE_MS, () => new Promise<string>(() => {}))
    await expect(outcome(runOnce(deaf, '', { graceMs: 20 }))).rejects.toBeInstanceOf(IdleTimeoutError)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('begins anew with every result and every emitted event', async () => {
    const steady = idleAfter(IDLE_MS, async function* (_message, ctx) {
      for (let i = 0; i < 5; i += 1) {
        await sleep(IDLE_MS - 1)
        if (i % 2 === 0) yield `${i}`
        else await ctx.emit({ statusUpdate: { status: { state: 'TASK_STATE_WORKING' } } })
      }
    })
    expect((await outcome(runOnce(steady, ''))).text).toBe('024')
  })

  it('does not count while the agent waits for a credential', async () => {
    const waiting = idleAfter(IDLE_MS, async function* () {
      yield authRequired('sign in')
      await sleep(AN_HOUR_MS)
      yield 'signed in'
    })
    expect((await outcome(runOnce(waiting, ''))).text).toBe('signed in')
  })

  it('does not count while the handler sleeps for a time it has named', async () => {
    const asleep = idleAfter(1_000, async (_message, ctx) => {
      await ctx.sleep(20_000)
      return 'awake'
    })
    expect((await outcome(runOnce(asleep, ''))).text).toBe('awake')
    const careless = idleAfter(1_000, async (_message, ctx) => {
      await ctx.sleep(10)
      await sleep(AN_HOUR_MS, ctx.signal)
      ctx.signal.throwIfAborted()
    })
    await expect(outcome(runOnce(careless, ''))).rejects.toBeInstanceOf(IdleTimeoutError)
  })

  it('is not mistaken for a cancel', async () => {
    const stop = new AbortController()
    const waiting = idleAfter(IDLE_MS, async (_message, ctx) => {
      stop.abort(new TurnStopped('canceled'))
      await sleep(AN_HOUR_MS, ctx.signal)
      ctx.signal.throwIfAborted()
    })
    const error = await outcome(runOnce(waiting, '', { signal: stop.signal })).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TurnStopped', reason: 'canceled' })
  })
})
