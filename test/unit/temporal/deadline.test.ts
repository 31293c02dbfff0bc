/** What callers are told when a call to Temporal fails. */
import { NamespaceNotFoundError } from '@temporalio/common'
import { describe, expect, it, vi } from 'vitest'
import { callTemporal } from '../../../src/temporal/deadline.js'
import { ReachabilityWatch } from '../../../src/temporal/reachability.js'
import { stillHeld } from '../../support/collected.js'

function grpcError(code: number, details = ''): Error {
  return Object.assign(new Error(`code ${code}`), { code, details, metadata: {} })
}

async function failing(code: number, details = ''): Promise<{ thrown: unknown; suspected: number }> {
  const suspect = vi.fn()
  const reachability = { up: true, onGone: () => () => {}, suspect }
  const thrown = await callTemporal(reachability, 'a call', true, () => Promise.reject(grpcError(code, details))).catch(
    (error: unknown) => error,
  )
  return { thrown, suspected: suspect.mock.calls.length }
}

describe('a call to Temporal that fails', () => {
  it('is UNAVAILABLE when the server does not answer, and the server is looked at', async () => {
    const { thrown, suspected } = await failing(14)
    expect(thrown).toMatchObject({ reason: 'UNAVAILABLE', retryAfterMs: 1000 })
    expect(suspected).toBe(1)
  })

  it('is UNAVAILABLE when a workflow takes no update for a moment, and the server is not to blame', async () => {
    const { thrown, suspected } = await failing(9)
    expect(thrown).toMatchObject({ reason: 'UNAVAILABLE', retryAfterMs: 1000 })
    expect(suspected).toBe(0)
  })

  it('is UNAVAILABLE when the namespace is not there: nothing is known of the task', async () => {
    const { thrown, suspected } = await failing(5, 'Namespace nope is not found.')
    expect(thrown).toMatchObject({ reason: 'UNAVAILABLE', retryAfterMs: 1000 })
    expect(suspected).toBe(0)
    const reachability = { up: true, onGone: () => () => {}, suspect: () => {} }
    const call = callTemporal(reachability, 'a call', true, () => Promise.reject(new NamespaceNotFoundError('nope')))
    await expect(call).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
  })

  it('says that it may still be applied, and what to do, when it could have had an effect', async () => {
    const reachability = { up: true, onGone: () => () => {}, suspect: () => {} }
    const text = async (lasting: boolean) => {
      const error = await callTemporal(reachability, 'a call', lasting, () => Promise.reject(grpcError(4))).catch(
        (thrown: unknown) => thrown,
      )
      return (error as Error).message
    }
    expect(await text(true)).toMatch(/may still be applied: retry with the same idempotency key/)
    expect(await text(false)).not.toContain('applied')
  })

  it('has a timer of its own: a call that never answers is over after five seconds', async () => {
    vi.useFakeTimers()
    try {
      const reachability = { up: true, onGone: () => () => {}, suspect: vi.fn() }
      const call = callTemporal(reachability, 'a call', true, () => new Promise(() => {})).catch((error) => error)
      await vi.advanceTimersByTimeAsync(5_000)
      expect(await call).toMatchObject({ reason: 'UNAVAILABLE' })
      expect(reachability.suspect).toHaveBeenCalledOnce()
    } finally {
      vi.useRealTimers()
    }
  })

  it('is what it is when it says something about the request', async () => {
    const { thrown } = await failing(5)
    expect(thrown).toMatchObject({ code: 5 })
  })
})

describe('a call to Temporal', () => {
  it('leaves nothing behind: its answer is not kept while the server stays up', async () => {
    const watch = new ReachabilityWatch({ probe: async () => {}, onChange: () => {} })
    const answers: WeakRef<object>[] = []
    for (let i = 0; i < 100; i += 1) {
      const answer = await callTemporal(watch, 'a call', false, async () => ({ large: 'x'.repeat(100) }))
      answers.push(new WeakRef(answer))
    }
    // The last one may still be on the stack.
    expect(await stillHeld(answers)).toBeLessThan(5)
    watch.close()
  })

  it('fails at once when the server is found to be gone, with all others that wait', async () => {
    const watch = new ReachabilityWatch({ probe: async () => {}, onChange: () => {} })
    const calls = [1, 2].map(() => callTemporal(watch, 'a call', true, () => new Promise(() => {})))
    watch.report(false)
    for (const call of calls) await expect(call).rejects.toMatchObject({ reason: 'UNAVAILABLE' })
    watch.close()
  })
})
