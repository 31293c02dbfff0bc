/**
 * Between ProtoJSON and protobuf messages, with one set of rules: unknown fields are ignored, unknown enum values are
 * not, and what comes out is in normal form (camelCase, enum names, standard base64).
 */
import {
  type DescField,
  type DescMessage,
  fromJson,
  isMessage,
  type JsonObject,
  type JsonValue,
  type MessageShape,
} from '@bufbuild/protobuf'
import { type FieldViolation, invalidParams } from './errors.js'
import { jsonProblem } from './json-limits.js'
import { messageToJson } from './message-to-json.js'

/**
 * A request out of JSON that came over a wire, in normal form.
 *
 * @throws A2AError INVALID_PARAMS with the field that is wrong
 */
export function readRequest(desc: DescMessage, json: JsonValue): JsonObject {
  const problem = jsonProblem(json)
  if (problem !== undefined) throw invalidParams([{ field: '', description: `request ${problem}` }])
  const violations: FieldViolation[] = []
  const known = knownFields(desc, json, '', violations)
  if (violations.length > 0) throw invalidParams(violations)
  let normal: JsonObject
  try {
    normal = messageToJson(desc, fromJson(desc, known as JsonValue))
  } catch {
    throw invalidParams([wrongValue(desc, known, '')])
  }
  refuseUnknownEnums(desc, normal)
  return normal
}

/**
 * The same for a message that came in binary, which is not to be used afterwards.
 *
 * @throws A2AError INVALID_PARAMS a value that JSON cannot carry, such as NaN
 */
export function requestToJson<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): JsonObject {
  let json: JsonObject
  try {
    json = messageToJson(desc, message)
  } catch {
    throw invalidParams([{ field: '', description: 'request has a value that JSON cannot carry, such as NaN' }])
  }
  const problem = jsonProblem(json)
  if (problem !== undefined) throw invalidParams([{ field: '', description: `request ${problem}` }])
  refuseUnknownEnums(desc, json)
  return json
}

/** In normal form a value that the schema knows is a name; what is left a number is unknown. */
function refuseUnknownEnums(desc: DescMessage, json: JsonObject): void {
  for (const field of desc.fields) {
    const value = json[field.jsonName]
    if (value === undefined || value === null) continue
    if (field.enum !== undefined && typeof value === 'number') {
      throw invalidParams([{ field: field.jsonName, description: 'has a value that does not exist' }])
    }
    if (field.fieldKind === 'message' && !isWellKnown(field.message))
      refuseUnknownEnums(field.message, value as JsonObject)
  }
}

/** An answer of ours as a message, for binary wires. */
export function answerFromJson<Desc extends DescMessage>(desc: Desc, json: JsonValue): MessageShape<Desc> {
  const message = fromJson(desc, json)
  if (!isMessage(message, desc)) throw new TypeError(`not a ${desc.typeName}`)
  return message
}

/** Well-known types have a JSON form of their own, which is passed on whole. */
function isWellKnown(desc: DescMessage): boolean {
  return desc.typeName.startsWith('google.protobuf.')
}

/** The JSON without what the schema does not know; wrong shapes are reported with their place. */
function knownFields(desc: DescMessage, json: JsonValue, path: string, out: FieldViolation[]): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    out.push({ field: path, description: 'must be an object' })
    return {}
  }
  const known: JsonObject = {}
  const names = fieldNames(desc)
  for (const [key, value] of Object.entries(json)) {
    const field = names.get(key)
    // null is the same as absent, except where the value itself may be null.
    if (field === undefined || (value === null && field.message?.typeName !== 'google.protobuf.Value')) continue
    const place = path === '' ? field.jsonName : `${path}.${field.jsonName}`
    if (field.jsonName in known) out.push({ field: place, description: 'is given twice' })
    known[field.jsonName] = knownValue(field, value as JsonValue, place, out)
  }
  return known
}

function knownValue(field: DescField, value: JsonValue, place: string, out: FieldViolation[]): JsonValue {
  const { message, fieldKind } = field
  if (fieldKind === 'list') {
    if (!Array.isArray(value)) {
      out.push({ field: place, description: 'must be an array' })
      return []
    }
    if (message === undefined || isWellKnown(message)) return value
    return value.map((item, index) => knownFields(message, item, `${place}[${index}]`, out))
  }
  if (message === undefined || isWellKnown(message)) return value
  if (fieldKind === 'map') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      out.push({ field: place, description: 'must be an object' })
      return {}
    }
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        knownFields(message, item as JsonValue, `${place}.${key}`, out),
      ]),
    )
  }
  return knownFields(message, value, place, out)
}

const nameTables = new Map<DescMessage, ReadonlyMap<string, DescField>>()

/** By JSON name and by proto name: parsers accept both. */
function fieldNames(desc: DescMessage): ReadonlyMap<string, DescField> {
  let names = nameTables.get(desc)
  if (names === undefined) {
    names = new Map(desc.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]))
    nameTables.set(desc, names)
  }
  return names
}

/** The place of the value that cannot be decoded: the innermost one that fails by itself. */
function wrongValue(desc: DescMessage, json: JsonObject, path: string): FieldViolation {
  for (const [key, value] of Object.entries(json)) {
    const field = fieldNames(desc).get(key)
    if (field === undefined || decodes(desc, { [key]: value })) continue
    const place = path === '' ? key : `${path}.${key}`
    const { message } = field
    if (message === undefined || isWellKnown(message)) {
      return { field: place, description: 'has a value of the wrong type or out of range' }
    }
    if (field.fieldKind === 'message') return wrongValue(message, value as JsonObject, place)
    for (const [inner, item] of Object.entries(value as JsonObject)) {
      if (decodes(message, item as JsonValue)) continue
      return wrongValue(
        message,
        item as JsonObject,
        field.fieldKind === 'list' ? `${place}[${inner}]` : `${place}.${inner}`,
      )
    }
  }
  return { field: path, description: 'has more than one kind of value' }
}

function decodes(desc: DescMessage, json: JsonValue): boolean {
  try {
    fromJson(desc, json)
    return true
  } catch {
    return false
  }
}
