import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { systemClock } from '../../../src/internal/clock.js'

const DAY_MS = 86_400_000

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

it('waits longer than setTimeout can, and fires once', () => {
  const fire = vi.fn()
  systemClock.timer(fire, 60 * DAY_MS)
  vi.advanceTimersByTime(60 * DAY_MS - 1)
  expect(fire).not.toHaveBeenCalled()
  vi.advanceTimersByTime(1)
  vi.advanceTimersByTime(60 * DAY_MS)
  expect(fire).toHaveBeenCalledTimes(1)
})

it('does not fire what was called off, also late in a long wait', () => {
  const fire = vi.fn()
  const stop = systemClock.timer(fire, 60 * DAY_MS)
  vi.advanceTimersByTime(40 * DAY_MS)
  stop()
  vi.advanceTimersByTime(40 * DAY_MS)
  expect([fire.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0])
})
