/** Files in ProtoJSON: the same text as the library's, at a fraction of its time. */
import { create, type DescMessage, fromBinary, toBinary, toJson } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { SendMessageRequestSchema, TaskSchema } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { messageToJson } from '../../../src/a2a/message-to-json.js'
import { fc } from '../../support/property.js'

const file = fc.record({
  content: fc.oneof(
    fc.record({
      case: fc.constant('raw' as const),
      value: fc.uint8Array({ minLength: 0, maxLength: 9_000, size: 'max' }),
    }),
    fc.record({ case: fc.constant('text' as const), value: fc.string() }),
  ),
  filename: fc.string(),
})
const message = fc.record({ messageId: fc.string(), role: fc.constant(1), parts: fc.array(file, { maxLength: 4 }) })

function same(desc: DescMessage, bytes: Uint8Array): void {
  const expected = toJson(desc, fromBinary(desc, bytes))
  expect(messageToJson(desc, fromBinary(desc, bytes))).toEqual(expected)
}

describe('a message as JSON', () => {
  it('is what the library makes of it, wherever its files are', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 3 }), (messages) => {
        const [first] = messages
        const request = create(SendMessageRequestSchema, { message: first as never })
        same(SendMessageRequestSchema, toBinary(SendMessageRequestSchema, request))
        const artifacts = messages.map(({ parts }, i) => ({ artifactId: `${i}`, parts }))
        const task = create(TaskSchema, { id: 't', history: messages, artifacts } as never)
        same(TaskSchema, toBinary(TaskSchema, task))
      }),
      { numRuns: 60 },
    )
  })
})
