import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Lingering } from '../../../src/bus/nats/lingering.js'

describe('Lingering', () => {
  let log: string[]
  const lingering = (max = 10) =>
    new Lingering(
      (key) => {
        log.push(`open ${key}`)
        return () => log.push(`close ${key}`)
      },
      1_000,
      max,
    )

  beforeEach(() => {
    log = []
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('keeps open what is held, and for a while what was released last', () => {
    const subject = lingering()
    const [first, second] = [subject.hold('a'), subject.hold('a')]
    first()
    first()
    vi.advanceTimersByTime(5_000)
    expect(log).toEqual(['open a'])
    second()
    vi.advanceTimersByTime(999)
    const third = subject.hold('a')
    vi.advanceTimersByTime(5_000)
    expect(log).toEqual(['open a'])
    third()
    vi.advanceTimersByTime(1_000)
    expect(log).toEqual(['open a', 'close a'])
    expect(subject.size).toBe(0)
  })

  it('is bounded: those released longest ago go first, those that are held stay', () => {
    const subject = lingering(2)
    subject.hold('held')
    for (const key of ['a', 'b', 'c']) subject.hold(key)()
    expect(log).toEqual(['open held', 'open a', 'open b', 'close a', 'open c', 'close b'])
    subject.close()
    expect(log.slice(6).sort()).toEqual(['close c', 'close held'])
  })
})
