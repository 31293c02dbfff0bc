import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { agent, authRequired, type Handler, IdleTimeoutError, TurnStopped } from '../../../src/index.js'
import { runOnce } from '../../support/run-turn.js'

const idleAfter = (idleTimeoutMs: number, handler: Handler) => agent({ id: 'x', idleTimeoutMs }, handler)

describe('idleTimeoutMs', () => {
  it('aborts the signal of a handler that gives nothing, and fails the attempt', async () => {
    let reason: unknown
    const silent = idleAfter(30, async (_message, ctx) => {
      await delay(60_000, undefined, { signal: ctx.signal }).catch(() => {
        reason = ctx.signal.reason
      })
      return 'too late'
    })
    const error = await runOnce(silent, '').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(IdleTimeoutError)
    expect((error as Error).message).toBe('agent x made no progress for 30 ms (idleTimeoutMs)')
    expect(reason).toBeInstanceOf(TurnStopped)
    expect((reason as TurnStopped).reason).toBe('idle')
  })

  it('leaves a handler alone that does not listen', async () => {
    const deaf = idleAfter(30, () => new Promise<string>(() => {}))
    await expect(runOnce(deaf, '', { graceMs: 20 })).rejects.toBeInstanceOf(IdleTimeoutError)
  })

  it('begins anew with every result and every emitted event', async () => {
    const steady = idleAfter(400, async function* (_message, ctx) {
      for (let i = 0; i < 5; i += 1) {
        await delay(100)
        if (i % 2 === 0) yield `${i}`
        else await ctx.emit({ statusUpdate: { status: { state: 'TASK_STATE_WORKING' } } })
      }
    })
    expect((await runOnce(steady, '')).text).toBe('024')
  })

  it('does not count while the agent waits for a credential', async () => {
    const waiting = idleAfter(30, async function* () {
      yield authRequired('sign in')
      await delay(150)
      yield 'signed in'
    })
    expect((await runOnce(waiting, '')).text).toBe('signed in')
  })

  it('does not count while the handler sleeps for a time it has named', async () => {
    const asleep = idleAfter(30, async (_message, ctx) => {
      await ctx.sleep(150)
      return 'awake'
    })
    expect((await runOnce(asleep, '')).text).toBe('awake')
    const careless = idleAfter(30, async (_message, ctx) => {
      await ctx.sleep(10)
      await delay(60_000, undefined, { signal: ctx.signal })
    })
    await expect(runOnce(careless, '')).rejects.toBeInstanceOf(IdleTimeoutError)
  })

  it('is not mistaken for a cancel', async () => {
    const stop = new AbortController()
    const waiting = idleAfter(10_000, async (_message, ctx) => {
      stop.abort(new TurnStopped('canceled'))
      await delay(60_000, undefined, { signal: ctx.signal })
    })
    const error = await runOnce(waiting, '', { signal: stop.signal }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ name: 'TurnStopped', reason: 'canceled' })
  })
})
