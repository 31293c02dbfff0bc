import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { agentDirectory } from '../../../src/agent/agent-definition.js'
import { agent, type RateLimitMeta } from '../../../src/index.js'
import { createRateLimiter } from '../../../src/server/rate-limiter.js'

const ann = { tenant: '', principal: 'ann' }
const bob = { tenant: '', principal: 'bob' }

function limited(rateLimits: RateLimitMeta | RateLimitMeta[]) {
  const definition = agent(
    { id: 'x', skills: { a: { handler: () => 'a' }, b: { handler: () => 'b' }, listed: {} }, rateLimits },
    () => 'hi',
  )
  const limiter = createRateLimiter(agentDirectory([definition]), { maxStreamsPerCaller: 1 })
  return async (caller = ann, skill?: string) => {
    try {
      await limiter.take(definition, caller, skill)
      return 'taken'
    } catch (error) {
      const { reason, message, retryAfterMs, metadata } = error as never as Record<string, unknown>
      return { reason, message, retryAfterMs, metadata }
    }
  }
}

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describe('rate limits', () => {
  it('count each caller for itself', async () => {
    const take = limited({ perMinute: 2 })
    expect([await take(), await take()]).toEqual(['taken', 'taken'])
    expect(await take()).toEqual({
      reason: 'RATE_LIMITED',
      message: 'Agent x takes 2 messages per minute from one caller; try again later',
      retryAfterMs: 60_000,
      metadata: { limit: 'perMinute', max: '2', by: 'caller' },
    })
    expect(await take(bob)).toBe('taken')
    expect(await take({ ...bob, tenant: 'other' })).toBe('taken')
  })

  it('count all callers together when they are told to', async () => {
    const take = limited({ perHour: 2, by: 'agent' })
    expect([await take(ann), await take(bob)]).toEqual(['taken', 'taken'])
    expect(await take(bob)).toMatchObject({ message: 'Agent x takes 2 messages per hour; try again later' })
  })

  it('say when to come back, and are as good as their word', async () => {
    const take = limited({ perMinute: 1 })
    await take()
    await vi.advanceTimersByTimeAsync(45_000)
    expect(await take()).toMatchObject({ retryAfterMs: 15_000 })
    await vi.advanceTimersByTimeAsync(15_000)
    expect(await take()).toBe('taken')
  })

  it('do not count what was refused, under whichever limit', async () => {
    const take = limited([{ perSecond: 1 }, { perDay: 3 }])
    for (let second = 0; second < 3; second += 1) {
      expect(await take()).toBe('taken')
      for (let i = 0; i < 5; i += 1) expect(await take()).toMatchObject({ metadata: { limit: 'perSecond' } })
      await vi.advanceTimersByTimeAsync(1_000)
    }
    expect(await take()).toMatchObject({ metadata: { limit: 'perDay' }, retryAfterMs: 86_397_000 })
    // The day's refusal gave the second's place back.
    expect(await take()).toMatchObject({ metadata: { limit: 'perDay' } })
  })

  it('are for one skill, for messages without one, or for all', async () => {
    const take = limited([
      { perMinute: 1, skill: 'a' },
      { perMinute: 1, skill: '' },
    ])
    expect([await take(ann, 'a'), await take(ann, 'b'), await take(ann, 'b'), await take(ann)]).toEqual(
      Array(4).fill('taken'),
    )
    expect(await take(ann, 'a')).toMatchObject({ message: expect.stringContaining('1 messages for a per minute') })
    for (const skill of [undefined, 'listed', 'unknown']) {
      expect(await take(ann, skill)).toMatchObject({ reason: 'RATE_LIMITED' })
    }
  })
})
