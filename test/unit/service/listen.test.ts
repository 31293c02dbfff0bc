/** A reader that waits: how soon it looks for itself, and what that costs while events come. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LiveEvent } from '../../../src/bus/live-event.js'
import { BoundedQueue } from '../../../src/internal/bounded-queue.js'
import { Listener, SilencePace } from '../../../src/service/listen.js'

const POLL_MS = 100
const event = { kind: 'update' } as LiveEvent

let queue: BoundedQueue<LiveEvent>
let listener: Listener

beforeEach(() => {
  vi.useFakeTimers()
  queue = new BoundedQueue<LiveEvent>(10)
  const pace = new SilencePace({ pollMs: POLL_MS, maxPollMs: 100 * POLL_MS })
  listener = new Listener(queue, new AbortController().signal, pace)
})

afterEach(() => {
  listener.rest()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})

/** What comes within so many milliseconds; undefined when nothing does. */
async function heardWithin(ms: number) {
  let heard = listener.take()
  if (heard !== 'nothing') return heard
  let readable = false
  void listener.wait().then(() => {
    readable = true
  })
  await vi.advanceTimersByTimeAsync(ms)
  if (readable) heard = listener.take()
  return heard === 'nothing' ? undefined : heard
}

describe('a reader that waits', () => {
  it('looks for itself, later each time', async () => {
    expect(await heardWithin(1.25 * POLL_MS)).toBe('silent')
    expect(await heardWithin(1.4 * POLL_MS)).toBeUndefined()
    listener.rest()
  })

  it('looks soon again after an event, however long it was silent before', async () => {
    for (const ms of [1.25, 2.5, 5, 10]) expect(await heardWithin(ms * POLL_MS)).toBe('silent')
    void listener.wait()
    queue.push(event)
    expect(listener.take()).toBe(event)
    expect(await heardWithin(1.25 * POLL_MS)).toBe('silent')
  })

  it('does not take events for silence, and needs no timer for each', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    for (let i = 0; i < 1_000; i += 1) {
      expect(listener.take()).toBe('nothing')
      const readable = listener.wait()
      await vi.advanceTimersByTimeAsync(1)
      queue.push(event)
      await readable
      expect(listener.take()).toBe(event)
    }
    // One a tenth of a second or so, and not one an event.
    expect(timers.mock.calls.length).toBeLessThan(50)
    timers.mockRestore()
  })
})
