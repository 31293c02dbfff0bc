/** Watches of grpc.health.v1, which anybody may open: how many there may be, how long, and what they cost. */
import { Code, createClient, createRouterTransport } from '@connectrpc/connect'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Health, HealthCheckResponse_ServingStatus as Serving } from '../../../gen/grpc/health/v1/health_pb.js'
import { healthRoutes, MAX_WATCHES } from '../../../src/server/grpc-health.js'

const MINUTE = 60_000

let ready = true

function client() {
  ready = true
  const transport = createRouterTransport((router) =>
    healthRoutes(router, { services: ['a.Service'], ready: () => ready, limits: { maxStreamMs: MINUTE } }),
  )
  return createClient(Health, transport)
}

type Statuses = AsyncIterator<{ status: Serving }>

async function watch(health: ReturnType<typeof client>, signal?: AbortSignal): Promise<Statuses> {
  const statuses = health.watch({}, signal === undefined ? {} : { signal })[Symbol.asyncIterator]()
  expect((await statuses.next()).value).toMatchObject({ status: Serving.SERVING })
  return statuses
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('Watches', () => {
  it('share one timer, and are told of a change', async () => {
    const health = client()
    const open = await Promise.all(Array.from({ length: 50 }, () => watch(health)))
    const next = open.map((statuses) => statuses.next())
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(1)
    ready = false
    await vi.advanceTimersByTimeAsync(500)
    for (const each of next) expect((await each).value).toMatchObject({ status: Serving.NOT_SERVING })
  })

  it('are refused when too many are open, and taken again when one has gone', async () => {
    const health = client()
    const leaver = new AbortController()
    const last = await watch(health, leaver.signal)
    for (let i = 1; i < MAX_WATCHES; i += 1) await watch(health)
    await expect(watch(health)).rejects.toMatchObject({ code: Code.ResourceExhausted })
    const left = last.next()
    leaver.abort()
    await expect(left).rejects.toMatchObject({ code: Code.Canceled })
    await watch(health)
    // Whoever only wants to know is always told.
    expect((await health.check({})).status).toBe(Serving.SERVING)
  })

  it('end after maxStreamMs', async () => {
    const statuses = await watch(client())
    const end = statuses.next()
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(await end).toMatchObject({ done: true })
    expect(vi.getTimerCount()).toBe(0)
  })
})
