/** Takes large values out of parts before a task remembers them, and puts them back when it is shown. */
import { createHash } from 'node:crypto'
import { unavailable } from '../a2a/errors.js'
import { LARGE_VALUES, type LargeValue, type MapPart, type StoredPart } from '../task/large-values.js'
import type { Blobs } from './blobs.js'

/** What walks through the parts of a value: `mapTask` and the like. */
export type Walk<T> = (value: T, map: MapPart) => T

/**
 * The value with references in place of large values; those are written when this resolves.
 *
 * @throws A2AError UNAVAILABLE they cannot be written
 */
export async function takeOut<T>(blobs: Blobs, value: T, walk: Walk<T>): Promise<T> {
  const contents = new Map<string, Uint8Array>()
  const changed = walk(value, (part) => {
    const taken = split(part)
    if (taken === undefined) return part
    contents.set(taken.large.hash, taken.content)
    return { ...taken.rest, large: taken.large }
  })
  if (contents.size === 0) return value
  for (const [hash, content] of contents) await blobs.put(hash, content)
  return changed
}

/**
 * The value as it was before {@link takeOut}.
 *
 * @throws A2AError UNAVAILABLE the database does not answer, or has lost what belongs here
 */
export async function putBack<T>(blobs: Blobs, value: T, walk: Walk<T>): Promise<T> {
  const wanted = new Set<string>()
  walk(value, (part) => {
    if (part.large !== undefined) wanted.add(part.large.hash)
    return part
  })
  if (wanted.size === 0) return value
  const contents = new Map<string, Buffer>()
  for (const hash of wanted) {
    const content = await blobs.get(hash)
    if (content === undefined) throw unavailable('A part of the task is not available')
    contents.set(hash, content)
  }
  return walk(value, (part) => {
    if (part.large === undefined) return part
    const { large, ...rest } = part
    return { ...rest, ...join(large, contents.get(large.hash) as Buffer) }
  })
}

interface Taken {
  readonly rest: StoredPart
  readonly large: LargeValue
  readonly content: Buffer
}

function split(part: StoredPart): Taken | undefined {
  const { text, raw, data, ...rest } = part
  if (text !== undefined) {
    // Half a character has no bytes that it could be made from again.
    return text.length >= LARGE_VALUES.from / 3 && text.isWellFormed()
      ? taken(rest, 'text', Buffer.from(text))
      : undefined
  }
  if (raw !== undefined) {
    if (raw.length < LARGE_VALUES.from) return undefined
    const content = Buffer.from(raw, 'base64')
    return content.toString('base64') === raw ? taken(rest, 'raw', content) : undefined
  }
  return data === undefined ? undefined : taken(rest, 'data', Buffer.from(JSON.stringify(data)))
}

function taken(rest: StoredPart, kind: LargeValue['kind'], content: Buffer): Taken | undefined {
  if (content.length < LARGE_VALUES.from) return undefined
  const hash = createHash('sha256').update(content).digest('hex')
  return { rest, large: { kind, hash, size: content.length }, content }
}

function join({ kind }: LargeValue, content: Buffer): StoredPart {
  if (kind === 'raw') return { raw: content.toString('base64') }
  const text = content.toString('utf8')
  return kind === 'text' ? { text } : { data: JSON.parse(text) as NonNullable<StoredPart['data']> }
}
