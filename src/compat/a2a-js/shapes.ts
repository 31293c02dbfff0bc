/**
 * Between ProtoJSON and the object shapes of `@a2a-js/sdk`, driven by the schema: every field is there, enums are
 * numbers, a oneof is `{ $case, value }`, bytes are a Buffer. Times and free JSON are the same in both.
 */
import {
  type DescField,
  type DescMessage,
  type DescOneof,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from '@bufbuild/protobuf'
import { scalarZeroValue } from '@bufbuild/protobuf/reflect'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'

type Shape = Record<string, unknown>

/** @param json ProtoJSON in normal form */
export function toShape<T>(desc: DescMessage, json: object): T {
  const given = json as JsonObject
  const shape: Shape = {}
  for (const member of desc.members) {
    shape[member.localName] = member.kind === 'oneof' ? toCase(member, given) : toField(member, given[member.jsonName])
  }
  return shape as T
}

/** ProtoJSON in normal form: what is empty and need not be said is left out. */
export function fromShape<T>(desc: DescMessage, shape: object): T {
  const given = shape as Shape
  const json: JsonObject = {}
  for (const member of desc.members) {
    const value = given[member.localName]
    if (value === undefined) continue
    if (member.kind === 'oneof') {
      const { $case, value: chosen } = value as { $case: string; value: unknown }
      const field = member.fields.find(({ localName }) => localName === $case)
      if (field !== undefined && chosen !== undefined) json[field.jsonName] = fromValue(field, chosen)
    } else if (!isDefault(member, value)) {
      json[member.jsonName] = fromField(member, value)
    }
  }
  return json as T
}

function toCase({ fields }: DescOneof, json: JsonObject): { $case: string; value: unknown } | undefined {
  const field = fields.find(({ jsonName }) => json[jsonName] !== undefined)
  return field && { $case: field.localName, value: toValue(field, json[field.jsonName] as JsonValue) }
}

function toField(field: DescField, json: JsonValue | undefined): unknown {
  switch (field.fieldKind) {
    case 'list':
      return ((json ?? []) as JsonValue[]).map((each) => toValue(field, each))
    case 'map':
      return mapped<JsonValue, unknown>((json ?? {}) as object, (value) => toValue(field, value))
    default:
      return json === undefined ? emptyOf(field) : toValue(field, json)
  }
}

function fromField(field: DescField, value: unknown): JsonValue {
  switch (field.fieldKind) {
    case 'list':
      return (value as unknown[]).map((each) => fromValue(field, each))
    case 'map':
      return mapped(value as object, (each) => fromValue(field, each))
    default:
      return fromValue(field, value)
  }
}

function toValue(field: DescField, json: JsonValue): unknown {
  if (field.message !== undefined) return isFreeJson(field.message) ? json : toShape(field.message, json as JsonObject)
  if (field.enum !== undefined) return field.enum.values.find(({ name }) => name === json)?.number ?? json
  return isBytes(field) ? bytesOf(json as string) : json
}

function fromValue(field: DescField, value: unknown): JsonValue {
  if (field.message !== undefined) {
    return isFreeJson(field.message) ? (value as JsonValue) : fromShape(field.message, value as object)
  }
  if (field.enum !== undefined) {
    return field.enum.values.find(({ number }) => number === value)?.name ?? (value as JsonValue)
  }
  return isBytes(field) ? base64Of(value as Uint8Array) : (value as JsonValue)
}

/** What a field is that is not set. */
function emptyOf(field: DescField): unknown {
  if (field.message !== undefined || isOptional(field)) return undefined
  if (field.enum !== undefined) return 0
  if (isBytes(field)) return bytesOf('')
  return field.scalar === undefined ? undefined : scalarZeroValue(field.scalar, false)
}

function isDefault(field: DescField, value: unknown): boolean {
  if (field.fieldKind === 'list') return (value as unknown[]).length === 0
  if (field.fieldKind === 'map') return Object.keys(value as object).length === 0
  if (field.message !== undefined || isOptional(field)) return false
  return value === '' || value === 0 || value === false
}

/** `optional` in the schema: not set is not the same as empty. */
function isOptional({ presence }: DescField): boolean {
  return presence === FeatureSet_FieldPresence.EXPLICIT
}

function isBytes({ scalar }: DescField): boolean {
  return scalar === ScalarType.BYTES
}

/** Types whose JSON is the shape as well. */
function isFreeJson({ typeName }: DescMessage): boolean {
  return /^google\.protobuf\.(?:Timestamp|Struct|Value|ListValue)$/.test(typeName)
}

function mapped<In, Out>(object: object, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value as In)]))
}

function bytesOf(base64: string): Uint8Array {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
  // The SDK promises a Buffer where there is such a thing.
  return typeof Buffer === 'undefined' ? bytes : Buffer.from(bytes.buffer)
}

function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(binary)
}
