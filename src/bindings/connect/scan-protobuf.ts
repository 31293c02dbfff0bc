/**
 * Looks at a protobuf message before it is decoded: whether its fields are what the schema says, how deep it is, and how
 * many values it has. Nothing is allocated, so that a hostile message costs less here than it would in the decoder.
 */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { WireType } from '@bufbuild/protobuf/wire'
import { MAX_JSON_NODES } from '../../a2a/json-limits.js'

/** Messages within messages; the usual limit of decoders. */
const MAX_DEPTH = 100

/** What is wrong, or undefined. */
export function scanProtobuf(desc: DescMessage, bytes: Uint8Array): string | undefined {
  return new Scan(bytes).message(shapeOf(desc), bytes.length, 0)
}

const MALFORMED = 'is not valid protobuf'

class Scan {
  private at = 0
  private values = 0
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  message(shape: Shape, end: number, depth: number): string | undefined {
    if (depth >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} messages`
    while (this.at < end) {
      this.values += 1
      if (this.values > MAX_JSON_NODES) return `has more than ${MAX_JSON_NODES} values`
      const tag = this.varint(end)
      const field = shape.get(Math.floor(tag / 8))
      const wireType = tag % 8
      // Zero is no field number, and NaN no varint.
      if (!(tag >= 8) || tag > 0xffff_ffff || (field !== undefined && !field.wireTypes.includes(wireType))) {
        return MALFORMED
      }
      const problem = this.value(field, wireType, end, depth)
      if (problem !== undefined) return problem
    }
    return this.at === end ? undefined : MALFORMED
  }

  private value(field: FieldShape | undefined, wireType: number, end: number, depth: number): string | undefined {
    switch (wireType) {
      case WireType.Varint:
        return Number.isNaN(this.varint(end)) ? MALFORMED : undefined
      case WireType.Bit64:
        return this.skip(8, end)
      case WireType.Bit32:
        return this.skip(4, end)
      case WireType.LengthDelimited: {
        const length = this.varint(end)
        if (!(length <= end - this.at)) return MALFORMED
        if (field?.message === undefined) return this.skip(length, end)
        return this.message(field.message(), this.at + length, depth + 1)
      }
      default:
        // Groups are in no proto3 schema, neither in ours nor in a later one.
        return MALFORMED
    }
  }

  private skip(length: number, end: number): string | undefined {
    this.at += length
    return this.at <= end ? undefined : MALFORMED
  }

  /** Exact up to 2^53, which is beyond any tag and length; NaN when there is none. */
  private varint(end: number): number {
    let value = 0
    let factor = 1
    for (let length = 0; length < 10 && this.at < end; length += 1) {
      const byte = this.bytes[this.at] ?? 0
      this.at += 1
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    return Number.NaN
  }
}

interface FieldShape {
  readonly wireTypes: readonly number[]
  /** Later, because a message may hold its own kind. */
  readonly message: (() => Shape) | undefined
}

/** By field number. */
type Shape = ReadonlyMap<number, FieldShape>

const shapes = new Map<DescMessage, Shape>()

function shapeOf(desc: DescMessage): Shape {
  let shape = shapes.get(desc)
  if (shape === undefined) {
    shape = new Map(desc.fields.map((field) => [field.number, fieldShape(field)]))
    shapes.set(desc, shape)
  }
  return shape
}

function fieldShape(field: DescField): FieldShape {
  const { message } = field
  if (field.fieldKind === 'map') {
    const entry: Shape = new Map([
      [1, { wireTypes: [wireTypeOf(field.mapKey)], message: undefined }],
      [2, { wireTypes: [typeOfValue(field)], message: message && (() => shapeOf(message)) }],
    ])
    return { wireTypes: [WireType.LengthDelimited], message: () => entry }
  }
  if (message !== undefined) return { wireTypes: [WireType.LengthDelimited], message: () => shapeOf(message) }
  const own = typeOfValue(field)
  // Numbers in a list may come in one piece.
  return { wireTypes: field.fieldKind === 'list' ? [own, WireType.LengthDelimited] : [own], message: undefined }
}

function typeOfValue(field: DescField): WireType {
  return field.enum === undefined ? wireTypeOf(field.scalar) : WireType.Varint
}

function wireTypeOf(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case undefined:
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32
    default:
      return WireType.Varint
  }
}
