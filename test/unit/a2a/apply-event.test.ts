/** What the events of an artifact add up to. */
import { describe, expect, it } from 'vitest'
import type { PartJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { TaskBuilder } from '../../../src/a2a/apply-event.js'
import { fc } from '../../support/property.js'

const part: fc.Arbitrary<PartJson> = fc.oneof(
  fc.record({ text: fc.string() }),
  fc.record({ text: fc.string(), mediaType: fc.constantFrom('text/plain', 'text/markdown') }),
  fc.record({ text: fc.string(), metadata: fc.constant({ a: 1 }) }),
  fc.record({ text: fc.string(), filename: fc.constant('a.txt') }),
  fc.record({ url: fc.webUrl() }),
)

const chunk = fc.record({ parts: fc.array(part, { minLength: 1, maxLength: 4 }), append: fc.boolean() })

function partsAfter(chunks: readonly { parts: readonly PartJson[]; append: boolean }[]): readonly PartJson[] {
  const builder = new TaskBuilder({})
  for (const { parts, append } of chunks) {
    builder.apply({
      artifactUpdate: { taskId: 't', contextId: 'c', artifact: { artifactId: 'a', parts: [...parts] }, append },
    })
  }
  return builder.artifact('a')?.parts ?? []
}

const isPlain = ({ text, metadata, filename }: PartJson) =>
  text !== undefined && metadata === undefined && filename === undefined

describe('an artifact', () => {
  it('has the parts it was given, and of a chunk only the first may go on with the text before it', () => {
    fc.assert(
      fc.property(fc.array(chunk, { minLength: 1, maxLength: 8 }), (chunks) => {
        const begin = chunks.findLastIndex(({ append }, i) => !append || i === 0)
        let expected: PartJson[] = []
        for (const [i, { parts }] of chunks.slice(begin).entries()) {
          const last = expected.at(-1)
          const [first = {}, ...more] = parts
          const goesOn =
            i > 0 && last !== undefined && isPlain(last) && isPlain(first) && last.mediaType === first.mediaType
          expected = goesOn
            ? [...expected.slice(0, -1), { ...last, text: `${last.text}${first.text}` }, ...more]
            : [...expected, ...parts]
        }
        expect(partsAfter(chunks)).toEqual(expected)
      }),
    )
  })

  it('is one text, in however many chunks it came', () => {
    const chunks = Array.from({ length: 1_000 }, (_, i) => ({ parts: [{ text: `${i} ` }], append: i > 0 }))
    expect(partsAfter(chunks)).toEqual([{ text: chunks.map(({ parts }) => parts[0]?.text).join('') }])
  })
})
