/** Our shapes are those of the SDK: held against its own codecs, for every type a user of it sees. */
import * as sdk from '@a2a-js/sdk'
import type { DescField, DescMessage, JsonValue } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import * as schemas from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { fromShape, toShape } from '../../../src/compat/a2a-js/shapes.js'
import { fc } from '../../support/property.js'

interface Codec {
  fromJSON(json: unknown): object
  toJSON(shape: object): unknown
}

const TYPES = [
  'Task',
  'Message',
  'StreamResponse',
  'SendMessageRequest',
  'SendMessageResponse',
  'AgentCard',
  'GetTaskRequest',
  'ListTasksRequest',
  'ListTasksResponse',
  'CancelTaskRequest',
  'SubscribeToTaskRequest',
  'TaskPushNotificationConfig',
  'GetTaskPushNotificationConfigRequest',
  'DeleteTaskPushNotificationConfigRequest',
  'ListTaskPushNotificationConfigsRequest',
  'ListTaskPushNotificationConfigsResponse',
] as const

/** ProtoJSON in normal form, as our server and client make it. */
function jsonOf(desc: DescMessage, depth = 0): fc.Arbitrary<Record<string, JsonValue>> {
  const members = desc.members.map((member) => {
    if (member.kind !== 'oneof') return entry(member, depth).map((made) => (made === undefined ? [] : [made]))
    return fc
      .oneof(
        fc.constant(undefined),
        ...member.fields.map((field) => single(field, depth).map((v) => [field.jsonName, v] as const)),
      )
      .map((made) => (made === undefined ? [] : [made]))
  })
  return fc.tuple(...members).map((made) => Object.fromEntries(made.flat()) as Record<string, JsonValue>)
}

function entry(field: DescField, depth: number): fc.Arbitrary<readonly [string, JsonValue] | undefined> {
  const value = ((): fc.Arbitrary<JsonValue> => {
    const max = depth > 2 ? 1 : 2
    if (field.fieldKind === 'list') return fc.array(single(field, depth), { minLength: 1, maxLength: max })
    if (field.fieldKind === 'map') return fc.dictionary(key, single(field, depth), { minKeys: 1, maxKeys: max })
    return single(field, depth)
  })()
  return fc.option(value, { nil: undefined, freq: depth > 1 ? 1 : 4 }).map((made) => {
    if (made === undefined) return undefined
    const implicit = field.message === undefined && field.presence !== 1 && field.fieldKind !== 'list'
    return implicit && (made === '' || made === 0 || made === false) ? undefined : ([field.jsonName, made] as const)
  })
}

const key = fc.stringMatching(/^[a-z]{1,6}$/)

function single(field: DescField, depth: number): fc.Arbitrary<JsonValue> {
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.slice(1).map(({ name }) => name))
  switch (field.message?.typeName) {
    case undefined:
      break
    case 'google.protobuf.Timestamp':
      return fc.constant('2026-01-02T03:04:05.678Z')
    case 'google.protobuf.Struct':
      return fc.dictionary(key, fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)), { maxKeys: 2 })
    case 'google.protobuf.Value':
      return fc.oneof(fc.string(), fc.integer(), fc.constant<JsonValue>({ a: [1, null] }), fc.constant(false))
    default:
      return depth > 5 ? fc.constant({}) : jsonOf(field.message as DescMessage, depth + 1)
  }
  const { scalar } = field as { scalar?: number }
  if (scalar === 8) return fc.boolean()
  if (scalar === 12) return fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes).toString('base64'))
  if (scalar === 9) return fc.string({ maxLength: 8 })
  return fc.integer({ min: 0, max: 1_000 })
}

describe.each(TYPES)('%s', (name) => {
  const desc = (schemas as unknown as Record<string, DescMessage>)[`${name}Schema`] as DescMessage
  const codec = (sdk as unknown as Record<string, Codec>)[name] as Codec

  it('has the shape the SDK reads out of the same JSON', () => {
    fc.assert(
      fc.property(jsonOf(desc), (json) => {
        expect(toShape(desc, json)).toEqual(codec.fromJSON(json))
      }),
      { numRuns: 60 },
    )
  })

  it('comes back as the JSON it was made of, also from the SDK’s own object', () => {
    fc.assert(
      fc.property(jsonOf(desc), (json) => {
        expect(fromShape(desc, toShape(desc, json))).toEqual(json)
        expect(fromShape(desc, codec.fromJSON(json))).toEqual(json)
      }),
      { numRuns: 60 },
    )
  })
})
