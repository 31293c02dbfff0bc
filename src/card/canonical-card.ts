/** What of an agent card is signed (A2A section 8.4.1). */
import {
  type DescField,
  type DescMessage,
  getOption,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf'
import canonicalize from 'canonicalize'
import { FieldBehavior, field_behavior } from '../../gen/google/api/field_behavior_pb.js'
import { AgentCardSchema } from '../../gen/lf/a2a/v1/a2a_pb.js'

/**
 * The card as its signatures cover it: without the signatures, without what the schema does not know, and with each field
 * at its default left out, unless it is required, or optional and set.
 */
export function signedPart(card: JsonObject): JsonObject {
  return withPresence(AgentCardSchema, { ...card, signatures: undefined } as unknown as JsonObject)
}

/** By RFC 8785, in UTF-8. */
export function canonicalBytes(json: JsonValue): Uint8Array {
  const text = canonicalize(json)
  if (text === undefined) throw new TypeError('not JSON')
  return new TextEncoder().encode(text)
}

/** The card without any value that is empty, as other A2A libraries sign it (protocol note C8). */
export function withoutEmpty(json: JsonValue): JsonValue | undefined {
  if (Array.isArray(json)) {
    const items = json.map(withoutEmpty).filter((item) => item !== undefined)
    return items.length === 0 ? undefined : items
  }
  if (typeof json === 'object' && json !== null) {
    const entries = Object.entries(json).flatMap(([name, value]) => {
      const kept = withoutEmpty(value as JsonValue)
      return kept === undefined ? [] : [[name, kept] as const]
    })
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
  return json === '' || json === null ? undefined : json
}

function withPresence(desc: DescMessage, json: JsonObject): JsonObject {
  const kept: JsonObject = {}
  for (const field of desc.fields) {
    const value = present(field, json[field.jsonName])
    if (value !== undefined) kept[field.jsonName] = value
  }
  return kept
}

function present(field: DescField, value: JsonValue | undefined): JsonValue | undefined {
  const required = getOption(field, field_behavior).includes(FieldBehavior.REQUIRED)
  if (value === undefined || value === null) return required ? emptyOf(field) : undefined
  if (field.message !== undefined && field.fieldKind !== 'map' && field.fieldKind !== 'list') {
    return inside(field.message, value)
  }
  if (!required && !field.proto.proto3Optional && isEmpty(value)) return undefined
  if (field.message === undefined) return value
  const { message } = field
  if (Array.isArray(value)) return value.map((item) => inside(message, item))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inside(message, item as JsonValue)]))
}

function inside(desc: DescMessage, value: JsonValue): JsonValue {
  const known = desc.typeName.startsWith('google.protobuf.')
  return known || typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : withPresence(desc, value)
}

function isEmpty(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === '' || value === 0 || value === false
}

function emptyOf(field: DescField): JsonValue | undefined {
  if (field.fieldKind === 'list') return []
  if (field.fieldKind === 'map') return {}
  return field.scalar === ScalarType.STRING ? '' : undefined
}
