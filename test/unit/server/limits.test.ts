/** Limits that are given to a server. */
import { describe, expect, it } from 'vitest'
import { checkLimits, DEFAULT_LIMITS, type ServerLimits } from '../../../src/server/limits.js'

describe('limits', () => {
  it('are the defaults where none is given, or undefined is', () => {
    expect(checkLimits()).toEqual(DEFAULT_LIMITS)
    const given = { maxBodyBytes: undefined, stallMs: 5 } as unknown as Partial<ServerLimits>
    expect(checkLimits(given)).toEqual({ ...DEFAULT_LIMITS, stallMs: 5 })
  })

  it('may be 0 where nothing is to be waited for', () => {
    expect(checkLimits({ lameDuckMs: 0, drainMs: 0 })).toMatchObject({ lameDuckMs: 0, drainMs: 0 })
  })

  it.each([
    { maxBodyBytes: Number.NaN },
    { maxBodyBytes: '4mb' },
    { maxBodyBytes: null },
    { maxBodyBytes: -1 },
    { maxBodyBytes: 0 },
    { maxAnswerBytes: Number.POSITIVE_INFINITY },
    { maxConnections: 1.5 },
    // A timer of Node that is longer fires at once.
    { maxStreamMs: 2 ** 31 },
    { drainMs: -1 },
  ])('are refused by name: %j', (limits) => {
    const [name = ''] = Object.keys(limits)
    expect(() => checkLimits(limits as Partial<ServerLimits>)).toThrow(
      new RegExp(`^limits\\.${name} must be a whole number from [01] to \\d+$`),
    )
  })

  it.each(['maxBodySize', 'toString', '__proto__x'])('are refused when there is no %s', (name) => {
    expect(() => checkLimits({ [name]: 1 })).toThrow(`limits.${name} is no limit`)
  })
})
