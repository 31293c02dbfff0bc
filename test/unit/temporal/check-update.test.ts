/** What a task takes out of an update: all that gateways send, and nothing that some wire could not carry. */
import { type JsonObject, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { MessageSchema } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { answerFromJson } from '../../../src/a2a/proto-json.js'
import { updateProblem } from '../../../src/temporal/workflow/check-update.js'
import { arbitraryJson } from '../../support/arbitrary-json.js'
import { fc } from '../../support/property.js'

const message = { messageId: 'a', role: 'ROLE_USER', parts: [{ text: 'hello' }] }
const update = { message, params: {}, owner: 'billing' }
const large = { kind: 'text', size: 100_000, pieces: ['0'.repeat(64)] }

const withPart = (part: JsonObject) => ({ ...update, message: { ...message, parts: [part] } })
const withMessage = (change: JsonObject) => ({ ...update, message: { ...message, ...change } })

/** As a gateway has it: an id of its caller, and nobody but a user. */
const messages = fc
  .record({ json: arbitraryJson(MessageSchema), messageId: fc.uuid() })
  .map(({ json, messageId }): JsonObject => {
    const { contextId: _, taskId: __, ...rest } = json
    return { ...rest, messageId, role: 'ROLE_USER' }
  })

describe('an update', () => {
  it.each<[string, unknown]>([
    ['the least', update],
    ['all params', { ...update, params: { metadata: { a: 1 }, acceptedOutputModes: ['a/b'], extensions: ['urn:x'] } }],
    ['a streamed one of somebody with roles', { ...update, params: { streamed: true, roles: ['admin'] } }],
    ['a key, webhooks and who has called', { ...update, key: 'k', webhooks: 'all', calledBy: { key: 'k', at: 'now' } }],
    ['a large value', withPart({ large, filename: 'x' })],
    ['what a newer gateway says besides', { ...update, params: { newer: 1 }, newer: 1 }],
    ['data that is null', withPart({ data: null })],
  ])('is taken: %s', (_, input) => {
    expect(updateProblem(input)).toBeUndefined()
  })

  it('is taken with any message that a gateway can have read', () => {
    fc.assert(
      fc.property(messages, (each) => {
        expect(updateProblem({ ...update, message: each })).toBeUndefined()
      }),
    )
  })

  it.each<[string, unknown, string]>([
    ['nothing', undefined, ''],
    ['a list', [], ''],
    ['an empty message', { ...update, message: {} }, 'message.messageId'],
    ['no message', { params: {}, owner: 'billing' }, 'message'],
    ['params that are a number', { ...update, params: 5 }, 'params'],
    ['params of the wrong type', { ...update, params: { extensions: [7] } }, 'params.extensions[0]'],
    ['metadata that is a list', { ...update, params: { metadata: [] } }, 'params.metadata'],
    ['the role of the agent', withMessage({ role: 'ROLE_AGENT' }), 'message.role'],
    ['a text that is a number', withPart({ text: 7 }), 'message.parts[0].text'],
    ['parts that are none', withMessage({ parts: {} }), 'message.parts'],
    ['a part that is none', withMessage({ parts: [null] }), 'message.parts[0]'],
    ['an empty part', withPart({}), 'message.parts[0]'],
    ['two contents', withPart({ text: 'x', data: null }), 'message.parts[0]'],
    ['raw that is no base64', withPart({ raw: 'a*b' }), 'message.parts[0].raw'],
    ['raw that is cut off', withPart({ raw: 'aaaaa' }), 'message.parts[0].raw'],
    ['a field that nobody knows', withPart({ text: 'x', more: 1 }), 'message.parts[0].more'],
    ['half a character', withPart({ text: '\ud800' }), 'message'],
    ['a reference to nothing', withPart({ large: { ...large, pieces: ['x'] } }), 'message.parts[0].large.pieces[0]'],
    ['an id without end', withMessage({ contextId: 'x'.repeat(300) }), 'message.contextId'],
    ['a key that is none', { ...update, key: {} }, 'key'],
    ['unknown webhooks', { ...update, webhooks: 'none' }, 'webhooks'],
  ])('is refused: %s', (_, input, field) => {
    expect(updateProblem(input)?.field).toBe(field)
  })

  it('that is taken, with whatever was changed in it, can be written to a binary wire', () => {
    const odd: fc.Arbitrary<JsonValue> = fc.oneof(
      fc.constantFrom<JsonValue>(null, true, '', '\udfff', 'a', 'aaaaa', '=', [], {}, [null], { fields: 1 }),
      fc.jsonValue({ maxDepth: 1 }) as fc.Arbitrary<JsonValue>,
    )
    const places = ['messageId', 'role', 'parts', 'contextId', 'metadata', 'extensions', 'text', 'raw', 'data', 'more']
    const changed = fc
      .record({ json: messages, place: fc.constantFrom(...places), value: odd, inPart: fc.boolean() })
      .map(({ json, place, value, inPart }): JsonObject => {
        const [first, ...others] = json.parts as JsonObject[]
        return inPart ? { ...json, parts: [{ ...first, [place]: value }, ...others] } : { ...json, [place]: value }
      })
    let taken = 0
    fc.assert(
      fc.property(changed, (each) => {
        if (updateProblem({ ...update, message: each }) !== undefined) return
        taken += 1
        toBinary(MessageSchema, answerFromJson(MessageSchema, each))
      }),
      { numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(50)
  })
})
