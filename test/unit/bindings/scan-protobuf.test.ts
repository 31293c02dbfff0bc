/** The scan in front of the protobuf decoder: never stricter with good messages, never laxer with bad ones. */
import { create, fromBinary, fromJson, type JsonObject, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { SendMessageRequestSchema, TaskSchema } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { MAX_JSON_NODES } from '../../../src/a2a/json-limits.js'
import { scanProtobuf } from '../../../src/bindings/connect/scan-protobuf.js'
import { fc } from '../../support/property.js'

const MALFORMED = 'is not valid protobuf'

const part = fc.oneof(
  fc.record({ text: fc.string() }),
  fc.record({ raw: fc.base64String(), filename: fc.string() }),
  fc.record({ data: fc.record({ value: fc.jsonValue() }).map(({ value }) => ({ value })) }),
)

const message = fc.record({
  messageId: fc.string(),
  role: fc.constantFrom('ROLE_USER', 'ROLE_AGENT'),
  parts: fc.array(part, { maxLength: 5 }),
  extensions: fc.array(fc.string(), { maxLength: 3 }),
  metadata: fc.record({ a: fc.jsonValue(), b: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })) }),
})

const request = message.map((json) =>
  toBinary(
    SendMessageRequestSchema,
    fromJson(SendMessageRequestSchema, {
      message: json,
      configuration: { historyLength: 3, returnImmediately: true },
    } as JsonObject),
  ),
)

function decodes(bytes: Uint8Array): boolean {
  try {
    fromBinary(SendMessageRequestSchema, bytes, { readUnknownFields: false })
    return true
  } catch {
    return false
  }
}

describe('scanProtobuf', () => {
  it('lets every message of the schema pass', () => {
    fc.assert(fc.property(request, (bytes) => scanProtobuf(SendMessageRequestSchema, bytes) === undefined))
  })

  it('lets nothing pass that is cut off within a value', () => {
    fc.assert(
      fc.property(request, fc.nat(), (bytes, at) => {
        const cut = bytes.subarray(0, at % Math.max(1, bytes.length))
        if (scanProtobuf(SendMessageRequestSchema, cut) === undefined) expect(decodes(cut)).toBe(true)
      }),
    )
  })

  it('ends on any bytes, and what passes keeps to the number of values', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const problem = scanProtobuf(SendMessageRequestSchema, bytes)
        expect([undefined, MALFORMED]).toContain(problem)
      }),
      { numRuns: 2_000 },
    )
  })

  it('refuses a field that has the wire type of another', () => {
    // Field 1, a string, as a varint.
    expect(scanProtobuf(TaskSchema, Uint8Array.of(0x08, 0x01))).toBe(MALFORMED)
  })

  it('skips fields that a later schema may have', () => {
    const later = Uint8Array.of(0xf8, 0x3f, 0x01)
    expect(scanProtobuf(TaskSchema, later)).toBeUndefined()
    expect(fromBinary(TaskSchema, later, { readUnknownFields: false })).toEqual(create(TaskSchema))
  })

  it('refuses groups, the field number zero and varints without an end', () => {
    for (const bytes of [[0x0b, 0x0c], [0x00, 0x00], Array(11).fill(0x80)]) {
      expect(scanProtobuf(TaskSchema, Uint8Array.from(bytes as number[]))).toBe(MALFORMED)
    }
  })

  it('counts values where they would become objects', () => {
    // Artifacts without anything: two bytes each.
    const many = new Uint8Array(2 * (MAX_JSON_NODES + 1)).fill(0)
    for (let at = 0; at < many.length; at += 2) many[at] = 0x22
    expect(scanProtobuf(TaskSchema, many)).toBe(`has more than ${MAX_JSON_NODES} values`)
  })

  it('refuses messages within messages beyond the depth of decoders', () => {
    // metadata = { a: [[[…]]] }: Struct, then Value and ListValue by turns.
    let value = Uint8Array.of(0x08, 0x00)
    const wrap = (tag: number, inner: Uint8Array) => {
      const length = inner.length
      const head = length < 128 ? [tag, length] : [tag, (length & 0x7f) | 0x80, length >> 7]
      return Uint8Array.from([...head, ...inner])
    }
    for (let depth = 0; depth < 120; depth += 1) value = wrap(0x32, wrap(0x0a, value))
    const entry = wrap(0x0a, Uint8Array.from([...wrap(0x0a, Uint8Array.of(0x61)), ...wrap(0x12, value)]))
    expect(scanProtobuf(TaskSchema, wrap(0x32, entry))).toBe('is nested deeper than 100 messages')
  })
})
