import { describe, expect, it } from 'vitest'
import { cursorText, readCursor, taskTag } from '../../../src/a2a/cursor-text.js'
import { fc } from '../../support/property.js'

describe('a cursor as text', () => {
  it('is read as it was written, and is fit for a header and an SSE line', () => {
    const position = fc.record({
      turn: fc.nat(999_999_999),
      attempt: fc.nat(999_999_999),
      seq: fc.nat(999_999_999),
      ended: fc.boolean(),
    })
    fc.assert(
      fc.property(position, fc.string(), (place, key) => {
        const text = cursorText(place, taskTag(key))
        expect(text).toMatch(/^[\w.-]{7,41}$/)
        expect(readCursor(text)).toEqual({ position: place, tag: taskTag(key) })
      }),
    )
  })

  it.each(['', '1.1.1', '1.1-a', '01.1.1-a', '1.1.1e', '1.1.1-A', '-1.1.1-a', '1.1.1-a ', '1.1.1-a\n', '1e3.1.1-a'])(
    'is not %j',
    (text) => {
      expect(readCursor(text)).toBeUndefined()
    },
  )

  it('is no cursor when it is any other text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = readCursor(text)
        if (read !== undefined) expect(cursorText(read.position, read.tag)).toBe(text)
      }),
    )
  })

  it('differs from task to task', () => {
    const tags = Array.from({ length: 5_000 }, (_, i) => taskTag(`a2a//agent/${i}`))
    expect(new Set(tags).size).toBeGreaterThan(4_990)
  })
})
