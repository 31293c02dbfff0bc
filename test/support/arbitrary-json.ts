/** Messages of a schema as ProtoJSON, made at random: each field that is required, and perhaps the others; of each oneof, one. */
import {
  type DescField,
  type DescMessage,
  fromJson,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf'
import { FieldBehavior, field_behavior } from '../../gen/google/api/field_behavior_pb.js'
import { fc } from './property.js'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const word = text.filter((value) => value !== '')
const anyJson = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('-0', '0')) as JsonValue)
const key = text.filter((value) => value !== '__proto__')
const struct = fc.dictionary(key, anyJson, { minKeys: 1, maxKeys: 3 }).map((value) => ({ ...value }) as JsonObject)

/** In normal form. Messages deeper than `depth` are left out. */
export function arbitraryJson(desc: DescMessage, depth = 5): fc.Arbitrary<JsonObject> {
  return fieldsOf(desc, depth).map((json) => toJson(desc, fromJson(desc, json)) as JsonObject)
}

function fieldsOf(desc: DescMessage, depth: number): fc.Arbitrary<JsonObject> {
  const oneofs = desc.oneofs.filter(({ fields }) => fields.length > 1)
  const single = desc.fields.filter(({ oneof }) => oneof === undefined || !oneofs.includes(oneof))
  const plain = fc.record(
    Object.fromEntries(usable(single, depth).map((field) => [field.jsonName, arbitraryOf(field, depth)])),
    {
      requiredKeys: single.filter(isRequired).map(({ jsonName }) => jsonName),
    },
  ) as fc.Arbitrary<JsonObject>
  const chosen = oneofs.map(({ fields }) =>
    fc.oneof(
      ...usable(fields, depth).map((field) => arbitraryOf(field, depth).map((value) => ({ [field.jsonName]: value }))),
    ),
  )
  return fc.tuple(plain, ...chosen).map((parts) => Object.assign({}, ...parts) as JsonObject)
}

function isRequired(field: DescField): boolean {
  return getOption(field, field_behavior).includes(FieldBehavior.REQUIRED)
}

function usable(fields: readonly DescField[], depth: number): DescField[] {
  return fields.filter(({ message }) => depth > 0 || message === undefined || message.typeName.startsWith('google.'))
}

function arbitraryOf(field: DescField, depth: number): fc.Arbitrary<JsonValue> {
  const one = itemOf(field, depth)
  if (field.fieldKind === 'list') return fc.array(one, { minLength: 1, maxLength: 3 })
  if (field.fieldKind === 'map') return fc.dictionary(key, one, { maxKeys: 2 }).map((value) => ({ ...value }))
  return one
}

function itemOf({ enum: values, message, scalar }: DescField, depth: number): fc.Arbitrary<JsonValue> {
  if (values !== undefined)
    return fc.constantFrom(...values.values.filter(({ number }) => number > 0).map(({ name }) => name))
  switch (message?.typeName) {
    case undefined:
      break
    case 'google.protobuf.Struct':
      return struct
    case 'google.protobuf.Value':
      return anyJson
    case 'google.protobuf.Timestamp':
      return fc
        .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
        .map((date) => date.toISOString())
    default:
      return fieldsOf(message as DescMessage, depth - 1)
  }
  switch (scalar) {
    case ScalarType.BOOL:
      return fc.boolean()
    case ScalarType.INT32:
      return fc.integer({ min: 1, max: 1000 })
    case ScalarType.BYTES:
      return fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    default:
      return word
  }
}
