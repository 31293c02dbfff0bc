/** What a task may hold, and what a value adds to it. */
import { A2AError } from '../a2a/errors.js'
import { utf8Bytes } from '../internal/utf8-bytes.js'
import { mapRecord } from './large-records.js'
import { LARGE_VALUES, type LargeKind, type LargeValue, largeValuesIn, type Walk } from './large-values.js'
import { withStandIns } from './stand-ins.js'
import type { TaskRecord } from './task-record.js'

/**
 * Bytes of ProtoJSON that one task may come to, with everything it remembers but large values. Temporal refuses a payload
 * of 2 MiB and a request of 4 MiB; this leaves room for the envelope.
 */
export const MAX_RECORD_BYTES = 1_572_864

export interface Weight {
  /** Of the value with references in place of large values, as JSON. */
  readonly bytes: number
  /** Of its large values. */
  readonly largeBytes: number
}

/** How a value is looked at: with references in it already, or as it would be with them. */
export type Look = <T>(value: T, walk: Walk<T>) => T

/** Large values have been taken out. */
export const asStored: Look = (value) => value
/** Large values are in it, as where they are never taken out. */
export const asWhole: Look = (value, walk) => walk(value, (parts) => withStandIns(parts, imagined))

export function weigh<T>(value: T, walk: Walk<T>, look: Look): Weight {
  const stored = look(value, walk)
  return { bytes: utf8Bytes(JSON.stringify(stored)), largeBytes: largeBytesIn(stored, walk) }
}

/** A message that waits is in the history too, and counts once. */
export function weighRecord(record: TaskRecord, look: Look): Weight {
  const stored = look(record, mapRecord)
  return { bytes: utf8Bytes(JSON.stringify(stored)), largeBytes: largeBytesIn({ ...stored, inbox: [] }, mapRecord) }
}

/** The weight of a value of so many bytes as JSON, roughly. */
export function weightOf(bytes: number): Weight {
  return bytes < LARGE_VALUES.from
    ? { bytes, largeBytes: 0 }
    : { bytes: REFERENCE_BYTES + piecesOf(bytes) * PIECE_BYTES, largeBytes: bytes }
}

export const NOTHING: Weight = { bytes: 0, largeBytes: 0 }

export function plus(...weights: readonly Weight[]): Weight {
  let bytes = 0
  let largeBytes = 0
  for (const weight of weights) {
    bytes += weight.bytes
    largeBytes += weight.largeBytes
  }
  return { bytes, largeBytes }
}

export function minus(weight: Weight, less: Weight): Weight {
  return { bytes: weight.bytes - less.bytes, largeBytes: weight.largeBytes - less.largeBytes }
}

export function fits(weight: Weight): boolean {
  return weight.bytes <= MAX_RECORD_BYTES && weight.largeBytes <= LARGE_VALUES.perTask
}

/**
 * A task, a message or a result that would not fit into a task. Names the limit that is exceeded.
 *
 * @param what begins the sentence
 */
export function tooLarge(what: string, { largeBytes }: Weight = NOTHING): A2AError {
  const { perTask, from } = LARGE_VALUES
  if (largeBytes > perTask) {
    return new A2AError(
      'PAYLOAD_TOO_LARGE',
      `${what} would exceed the limit of ${perTask} bytes per task in values of ${from} bytes and more`,
      { metadata: { maxLargeBytes: String(perTask) } },
    )
  }
  return new A2AError('PAYLOAD_TOO_LARGE', `${what} would exceed the limit of ${MAX_RECORD_BYTES} bytes per task`, {
    metadata: { maxRecordBytes: String(MAX_RECORD_BYTES) },
  })
}

/** Bytes of a reference without its pieces, and of what may be left beside it. */
const REFERENCE_BYTES = 1_200
/** Bytes of one piece's hash in it. */
const PIECE_BYTES = 67
const NO_HASH = '0'.repeat(PIECE_BYTES - 3)

function imagined(kind: LargeKind, content: string): LargeValue {
  const size = kind === 'raw' ? Math.floor((content.length * 3) / 4) : utf8Bytes(content)
  return { kind, size, pieces: new Array<string>(piecesOf(size)).fill(NO_HASH) }
}

function piecesOf(size: number): number {
  return Math.ceil(size / LARGE_VALUES.pieceBytes)
}

function largeBytesIn<T>(value: T, walk: Walk<T>): number {
  return largeValuesIn(value, walk).reduce((sum, { size }) => sum + size, 0)
}
