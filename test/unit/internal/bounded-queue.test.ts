import { describe, expect, it } from 'vitest'
import { BoundedQueue } from '../../../src/internal/bounded-queue.js'

describe('BoundedQueue', () => {
  it('gives items in order, waiting for those that are still to come', async () => {
    const queue = new BoundedQueue<number>(10)
    queue.push(1)
    const all = (async () => {
      const got: number[] = []
      for await (const item of queue) got.push(item)
      return got
    })()
    await Promise.resolve()
    queue.push(2)
    queue.push(3)
    queue.close()
    expect(await all).toEqual([1, 2, 3])
  })

  it('ends by overflow at its bound, and drops what waits: the reader starts anew', async () => {
    const queue = new BoundedQueue<number>(2)
    expect([queue.push(1), queue.push(2), queue.push(3), queue.push(4)]).toEqual([true, true, false, false])
    expect(queue.outcome).toBe('overflow')
    expect(await queue.next()).toEqual({ done: true, value: 'overflow' })
  })

  it('wakes its reader without an item when it is nudged, also one that was busy meanwhile', async () => {
    const queue = new BoundedQueue<number>(2)
    const waiting = queue.readable()
    queue.nudge()
    await waiting
    queue.nudge()
    await queue.readable()
    expect(queue.isEmpty).toBe(true)
    const next = queue.next()
    queue.nudge()
    queue.push(1)
    expect(await next).toEqual({ done: false, value: 1 })
  })

  it('counts sizes, and lets one item pass that is larger than the bound', () => {
    const queue = new BoundedQueue<string>(100, 5, (item) => item.length)
    expect(queue.push('1234567')).toBe(true)
    expect(queue.push('1')).toBe(false)
    expect(queue.outcome).toBe('overflow')
    const read = new BoundedQueue<string>(100, 5, (item) => item.length)
    read.push('1234')
    read.poll()
    expect(read.push('12345')).toBe(true)
  })

  it('stays small while it is read, however much goes through', () => {
    const queue = new BoundedQueue<number>(10)
    for (let i = 0; i < 100_000; i += 1) {
      expect(queue.push(i)).toBe(true)
      expect(queue.poll()).toBe(i)
    }
    expect((queue as unknown as { items: unknown[] }).items.length).toBeLessThan(200)
  })
})
