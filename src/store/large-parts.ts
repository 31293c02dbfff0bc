/** Takes large values out of parts before a task remembers them, and puts them back when it is shown. */
import { createHash } from 'node:crypto'
import { A2AError } from '../a2a/errors.js'
import {
  KnownValues,
  LARGE_VALUES,
  type LargeKind,
  type LargeValue,
  largeValuesIn,
  type StoredPart,
  type Walk,
} from '../task/large-values.js'
import { withStandIns } from '../task/stand-ins.js'
import type { Blobs } from './blobs.js'

/**
 * The value with references in place of large values; those are written when this resolves.
 *
 * @param key of the task that they belong to
 * @throws A2AError UNAVAILABLE they cannot be written
 */
export async function takeOut<T>(
  blobs: Blobs,
  key: string,
  value: T,
  walk: Walk<T>,
  known: KnownValues = new KnownValues(),
): Promise<T> {
  const written = known.pieces()
  known.begin()
  const made: [content: string, large: LargeValue][] = []
  const pieces = new Map<string, Uint8Array>()
  const changed = walk(value, (parts) =>
    withStandIns(parts, (kind, content) => {
      const before = known.find(kind, content)
      if (before !== undefined) return before
      const bytes = bytesOf(kind, content)
      if (bytes === undefined) return undefined
      const large = { kind, size: bytes.length, pieces: cut(bytes, pieces) }
      made.push([content, large])
      return large
    }),
  )
  for (const hash of written) pieces.delete(hash)
  if (pieces.size > 0) await blobs.put(key, pieces)
  // Only now: what could not be written is not known.
  for (const [content, large] of made) known.add(content, large)
  return changed
}

/**
 * The value as it was before {@link takeOut}.
 *
 * @param lost what becomes of a value that the store has lost
 * @throws A2AError UNAVAILABLE the database does not answer
 * @throws A2AError INTERNAL it has lost what belongs here
 */
export async function putBack<T>(
  blobs: Blobs,
  value: T,
  walk: Walk<T>,
  lost: 'shown' | 'refused' = 'shown',
): Promise<T> {
  const wanted = largeValuesIn(value, walk)
  if (wanted.length === 0) return value
  const pieces = await blobs.get([...new Set(wanted.flatMap((large) => large.pieces))])
  return walk(value, (parts) =>
    parts.flatMap((part) => {
      if (part.large === undefined) return [part]
      const { large, ...rest } = part
      const content = joined(large, pieces)
      if (content !== undefined) return withContent(rest, large.kind, content)
      if (lost === 'refused') throw new A2AError('INTERNAL', 'A large value of the task is lost')
      return [{ ...rest, text: '', metadata: { ...rest.metadata, lost: true } }]
    }),
  )
}

/** Undefined when other content would come back. */
function bytesOf(kind: LargeKind, content: string): Buffer | undefined {
  if (kind !== 'raw') return Buffer.from(content)
  const bytes = Buffer.from(content, 'base64')
  return bytes.toString('base64') === content ? bytes : undefined
}

function cut(bytes: Buffer, pieces: Map<string, Uint8Array>): string[] {
  const hashes: string[] = []
  for (let at = 0; at < bytes.length; at += LARGE_VALUES.pieceBytes) {
    const piece = bytes.subarray(at, at + LARGE_VALUES.pieceBytes)
    const hash = createHash('sha256').update(piece).digest('hex')
    pieces.set(hash, piece)
    hashes.push(hash)
  }
  return hashes
}

/** Undefined when something is missing. */
function joined({ pieces: hashes, size }: LargeValue, pieces: ReadonlyMap<string, Buffer>): Buffer | undefined {
  if (hashes.length !== Math.ceil(size / LARGE_VALUES.pieceBytes)) return undefined
  const found = hashes.map((hash) => pieces.get(hash)).filter((piece) => piece !== undefined)
  const content = found.length === 1 ? found[0] : Buffer.concat(found)
  return found.length === hashes.length && content?.length === size ? content : undefined
}

function withContent(rest: StoredPart, kind: LargeKind, content: Buffer): readonly StoredPart[] {
  if (kind === 'raw') return [{ ...rest, raw: content.toString('base64') }]
  const text = content.toString('utf8')
  if (kind === 'text') return [{ ...rest, text }]
  if (kind === 'data') return [{ ...rest, data: JSON.parse(text) as NonNullable<StoredPart['data']> }]
  return JSON.parse(text) as readonly StoredPart[]
}
