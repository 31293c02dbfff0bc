import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { sleep, withDeadline } from '../../../src/internal/abort.js'
import { startTimer } from '../../../src/internal/timer.js'

const DAY_MS = 86_400_000

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

it('waits longer than setTimeout can, and fires once', () => {
  const fire = vi.fn()
  startTimer(fire, 60 * DAY_MS)
  vi.advanceTimersByTime(60 * DAY_MS - 1)
  expect(fire).not.toHaveBeenCalled()
  vi.advanceTimersByTime(60 * DAY_MS)
  expect(fire).toHaveBeenCalledTimes(1)
})

it('never fires for Infinity', () => {
  startTimer(() => {}, Number.POSITIVE_INFINITY)
  expect(vi.getTimerCount()).toBe(0)
})

it('is what a pause and a deadline wait by', async () => {
  const over: string[] = []
  void sleep(30 * DAY_MS).then(() => over.push('pause'))
  void withDeadline(new Promise(() => {}), 30 * DAY_MS, 'it').catch(() => over.push('deadline'))
  await vi.advanceTimersByTimeAsync(30 * DAY_MS - 1)
  expect(over).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(over).toEqual(['pause', 'deadline'])
})
