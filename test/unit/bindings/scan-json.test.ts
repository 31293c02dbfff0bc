import { describe, expect, it } from 'vitest'
import { scanJson } from '../../../src/bindings/http/scan-json.js'
import { fc } from '../../support/property.js'

const scan = (text: string) => scanJson(Buffer.from(text))

describe('scanJson', () => {
  it('has nothing to say about JSON that is fine', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(scan(JSON.stringify(value))).toBeUndefined()
        expect(scan(JSON.stringify(value, undefined, 2))).toBeUndefined()
      }),
    )
  })

  it.each([['{"a":1,"a":2}'], ['{"a":1,"b":{"c":1},"a":2}'], ['[{"x":1,"\\u0078":2}]'], ['{"":1,"":2}']])(
    'finds the key that is there twice in %s',
    (text) => {
      expect(scan(text)).toBe('has an object with the same key twice')
    },
  )

  it.each([
    ['{"a":{"a":{"a":1}}}'],
    ['[{"a":1},{"a":1}]'],
    ['{"a":"a","b":"a"}'],
    ['{"a":"\\",\\"a\\":"}'],
    ['{"a":["b","b"]}'],
  ])('does not take %s for one', (text) => {
    expect(scan(text)).toBeUndefined()
  })

  it('stops at depth and at numbers, early', () => {
    expect(scan('['.repeat(200_000))).toMatch(/deeper/)
    expect(scan(`[${'{},'.repeat(200_000)}{}]`)).toMatch(/more than 50000 values/)
    expect(scan(`["${'[{,'.repeat(100_000)}"]`)).toBeUndefined()
  })

  it('leaves what is not JSON to the parser', () => {
    for (const text of ['', '{', '"', '"\\', ']]]', '{"a"', 'nonsense', '{"a":1,"a', '{::', '{"a":"b"::', '{"a":{:']) {
      expect(scan(text)).toBeUndefined()
    }
  })

  it('never fails, whatever the bytes', () => {
    const mark = fc.constantFrom(...Buffer.from('{}[]:,"\\a'))
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 9, arbitrary: mark }, fc.nat(255)), { maxLength: 40 }), (bytes) => {
        scanJson(Buffer.from(bytes))
      }),
      { numRuns: 5_000 },
    )
  })
})
