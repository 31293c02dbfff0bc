/**
 * A message as ProtoJSON, its files by Node's own base64: the library's takes a quarter of a second for 4 MiB, in which nobody
 * else is served, and half a gigabyte of garbage.
 */
import { type DescField, type DescMessage, type JsonObject, type MessageShape, toJson } from '@bufbuild/protobuf'

/** Fewer bytes than this are left to the library. */
const MANY_BYTES = 4_096

/** A field of bytes, or one whose messages have some. */
interface BytesField {
  readonly field: DescField
  readonly within: readonly BytesField[]
}

/** Bytes that were taken out of a message, and where they belong in its JSON. */
interface Taken {
  readonly path: readonly (string | number)[]
  readonly bytes: Uint8Array
}

type Fields = Record<string, unknown>

/**
 * @param message is not to be used afterwards: its files are gone
 * @throws Error a value that JSON cannot carry, such as NaN
 */
export function messageToJson<Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): JsonObject {
  const taken: Taken[] = []
  if (globalThis.Buffer !== undefined) takeBytes(bytesFields(desc), message as unknown as Fields, [], taken)
  const json = toJson(desc, message) as JsonObject
  for (const { path, bytes } of taken) put(json, path, bytes)
  return json
}

function takeBytes(fields: readonly BytesField[], message: Fields, path: Taken['path'], taken: Taken[]): void {
  for (const { field, within } of fields) {
    const holder = holderOf(field, message)
    const value = holder?.of[holder.name]
    if (holder === undefined || value === undefined) continue
    const place = [...path, field.jsonName]
    if (value instanceof Uint8Array) {
      if (value.length < MANY_BYTES) continue
      taken.push({ path: place, bytes: value })
      holder.of[holder.name] = new Uint8Array()
    } else if (Array.isArray(value)) {
      for (const [index, each] of value.entries()) takeBytes(within, each as Fields, [...place, index], taken)
    } else {
      takeBytes(within, value as Fields, place, taken)
    }
  }
}

/** Where a message has the field's value: a field of a oneof is the `value` of that. */
function holderOf({ oneof, localName }: DescField, message: Fields): { of: Fields; name: string } | undefined {
  if (oneof === undefined) return { of: message, name: localName }
  const choice = message[oneof.localName] as Fields | undefined
  return choice?.case === localName ? { of: choice, name: 'value' } : undefined
}

function put(json: JsonObject, path: Taken['path'], { buffer, byteOffset, length }: Uint8Array): void {
  let at = json as Record<string | number, unknown>
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>
  at[path.at(-1) ?? ''] = Buffer.from(buffer, byteOffset, length).toString('base64')
}

const known = new Map<DescMessage, readonly BytesField[]>()

function bytesFields(desc: DescMessage): readonly BytesField[] {
  let fields = known.get(desc)
  if (fields === undefined) {
    fields = findBytes(desc, [])
    known.set(desc, fields)
  }
  return fields
}

/** @param above what contains itself is left to the library, and so are maps and lists of bytes */
function findBytes(desc: DescMessage, above: readonly DescMessage[]): BytesField[] {
  if (above.includes(desc) || desc.typeName.startsWith('google.protobuf.')) return []
  return desc.fields.flatMap((field): BytesField[] => {
    if (field.fieldKind === 'scalar' && field.proto.type === BYTES) return [{ field, within: [] }]
    if (field.fieldKind === 'map' || field.message === undefined) return []
    const within = findBytes(field.message, [...above, desc])
    return within.length === 0 ? [] : [{ field, within }]
  })
}

/** `google.protobuf.FieldDescriptorProto.Type.TYPE_BYTES` */
const BYTES = 12
