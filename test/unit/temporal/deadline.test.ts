/** What callers are told when a call to Temporal fails. */
import { describe, expect, it, vi } from 'vitest'
import { callTemporal } from '../../../src/temporal/deadline.js'

function grpcError(code: number): Error {
  return Object.assign(new Error(`code ${code}`), { code, details: '', metadata: {} })
}

async function failing(code: number): Promise<{ thrown: unknown; suspected: number }> {
  const suspect = vi.fn()
  const reachability = { up: true, gone: () => new Promise<never>(() => {}), suspect }
  const thrown = await callTemporal(reachability, 'a call', true, () => Promise.reject(grpcError(code))).catch(
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

  it('is what it is when it says something about the request', async () => {
    const { thrown } = await failing(5)
    expect(thrown).toMatchObject({ code: 5 })
  })
})
