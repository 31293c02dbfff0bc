/** Which values of a list of parts are kept outside. The one place where that is decided. */
import { utf8Bytes } from '../internal/utf8-bytes.js'
import { LARGE_VALUES, type LargeKind, type LargeValue, type StoredPart } from './large-values.js'

/**
 * Keeps a value elsewhere.
 *
 * @param content the text, the base64 of raw, or the JSON of data and parts
 * @returns undefined when it could not be put back as it is
 */
export type Keep = (kind: LargeKind, content: string) => LargeValue | undefined

/**
 * Values above the threshold one by one; and of a list that is above it, what lies between them, as runs. What is kept
 * outside already stays so.
 */
export function withStandIns(parts: readonly StoredPart[], keep: Keep): readonly StoredPart[] {
  if (!parts.some(isLarge) && sizeOf(parts) < LARGE_VALUES.from) return parts
  const stored: StoredPart[] = []
  let run: StoredPart[] = []
  const endRun = () => {
    stored.push(...keptRun(run, keep))
    run = []
  }
  for (const part of parts) {
    const standIn = part.large === undefined ? keptPart(part, keep) : part
    if (standIn === undefined) {
      run.push(part)
    } else {
      endRun()
      stored.push(standIn)
    }
  }
  endRun()
  return stored
}

/** Undefined when the part has no large value. */
function keptPart(part: StoredPart, keep: Keep): StoredPart | undefined {
  const { text, raw, data, ...rest } = part
  const kind = text !== undefined ? 'text' : raw !== undefined ? 'raw' : 'data'
  if (!isLarge(part)) return undefined
  const large = keep(kind, text ?? raw ?? JSON.stringify(data))
  return large === undefined ? undefined : { ...rest, large }
}

function keptRun(run: readonly StoredPart[], keep: Keep): readonly StoredPart[] {
  if (run.length === 0) return run
  const json = JSON.stringify(run)
  const large = utf8Bytes(json) < LARGE_VALUES.runFrom ? undefined : keep('parts', json)
  return large === undefined ? run : [{ large }]
}

function isLarge({ text, raw, data }: StoredPart): boolean {
  // Half a character has no bytes that it could be made from again; as JSON it has.
  if (text !== undefined) return isLong(text) && text.isWellFormed()
  if (raw !== undefined) return raw.length >= (LARGE_VALUES.from / 3) * 4
  return data !== undefined && isLong(JSON.stringify(data))
}

function isLong(text: string): boolean {
  const { from } = LARGE_VALUES
  return text.length >= from || (text.length >= from / 3 && utf8Bytes(text) >= from)
}

function sizeOf(parts: readonly StoredPart[]): number {
  let size = 0
  for (const part of parts) size += utf8Bytes(JSON.stringify(part))
  return size
}
