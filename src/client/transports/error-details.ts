/** Details of an error, read without their schemas: a browser would load those for two messages of four strings. */
import type { JsonObject } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/** One of `google.rpc.Status.details`. */
export interface BinaryDetail {
  /** Full name of the message. */
  readonly type: string
  readonly value: Uint8Array
}

/** The details that are known here, as ProtoJSON Any objects; none for what cannot be read. */
export function readDetail({ type, value }: BinaryDetail): JsonObject[] {
  const read = READERS[type]
  if (read === undefined) return []
  try {
    return [{ '@type': `type.googleapis.com/${type}`, ...read(fieldsOf(value)) }]
  } catch {
    return []
  }
}

/** All values of a field, in order. */
type Fields = (number: number) => Uint8Array[]

const READERS: Readonly<Record<string, (fields: Fields) => JsonObject>> = {
  'google.rpc.ErrorInfo': (fields) => ({
    reason: text(fields(1)),
    domain: text(fields(2)),
    metadata: Object.fromEntries(
      fields(3)
        .map(fieldsOf)
        .map((entry) => [text(entry(1)), text(entry(2))]),
    ),
  }),
  'google.rpc.BadRequest': (fields) => ({
    fieldViolations: fields(1)
      .map(fieldsOf)
      .map((violation) => ({ field: text(violation(1)), description: text(violation(2)) })),
  }),
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes)
  const values: [number, Uint8Array][] = []
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (type === WireType.LengthDelimited) values.push([number, reader.bytes()])
    else reader.skip(type, number)
  }
  return (wanted) => values.flatMap(([number, value]) => (number === wanted ? [value] : []))
}

/** The last one counts. */
function text(values: readonly Uint8Array[]): string {
  return new TextDecoder().decode(values.at(-1))
}
