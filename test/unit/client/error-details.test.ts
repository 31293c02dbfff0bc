import { create, toBinary, toJson } from '@bufbuild/protobuf'
import { expect, it } from 'vitest'
import { BadRequestSchema, ErrorInfoSchema } from '../../../gen/google/rpc/error_details_pb.js'
import { readDetail } from '../../../src/client/transports/error-details.js'
import { fc } from '../../support/property.js'

const text = fc.string({ unit: 'grapheme', maxLength: 20 })

it('reads what the schema reads', () => {
  fc.assert(
    fc.property(
      text,
      text,
      fc.dictionary(text, text),
      fc.array(fc.record({ field: text, description: text })),
      (reason, domain, metadata, fieldViolations) => {
        const info = create(ErrorInfoSchema, { reason, domain, metadata })
        const [read] = readDetail({ type: ErrorInfoSchema.typeName, value: toBinary(ErrorInfoSchema, info) })
        const json = { reason: '', domain: '', metadata: {}, ...(toJson(ErrorInfoSchema, info) as object) }
        expect(read).toEqual({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...json })
        const bad = create(BadRequestSchema, { fieldViolations })
        expect(readDetail({ type: BadRequestSchema.typeName, value: toBinary(BadRequestSchema, bad) })).toEqual([
          { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations },
        ])
      },
    ),
  )
})

it('leaves out what it does not know, and what cannot be read', () => {
  expect(readDetail({ type: 'google.rpc.RetryInfo', value: new Uint8Array() })).toEqual([])
  expect(readDetail({ type: 'google.rpc.ErrorInfo', value: Uint8Array.of(0x0a, 0x7f) })).toEqual([])
})
