/** Reading and building Part lists. */
import type { PartJson } from '../../gen/lf/a2a/v1/a2a_pb.js'

/** The text parts, joined without a separator: chunks of one text stay one text. */
export function textOf(parts: readonly PartJson[] | undefined): string {
  let text = ''
  for (const part of parts ?? []) if (part.text !== undefined) text += part.text
  return text
}

/** A string as a list of one text part; a list stays as it is. */
export function toParts(content: string | readonly PartJson[]): PartJson[] {
  return typeof content === 'string' ? [{ text: content }] : [...content]
}

/** True for a part that is nothing but text, so that a following one can be joined to it. */
export function isPlainText(part: PartJson | undefined): part is PartJson & { text: string } {
  return part?.text !== undefined && part.metadata === undefined && part.filename === undefined
}

/** Adds `part` in place, to the last one when both are plain texts of one media type. */
function addPart(parts: PartJson[], part: PartJson): void {
  const last = parts.at(-1)
  if (isPlainText(part) && isPlainText(last) && last.mediaType === part.mediaType) {
    parts[parts.length - 1] = { ...last, text: last.text + part.text }
  } else {
    parts.push(part)
  }
}

/**
 * Appends a chunk to `parts` in place. Where it begins with plain text and they end with it, the text goes on: one that came
 * in 100,000 chunks is kept as one string. The parts of one chunk stay apart.
 */
export function appendChunk(parts: PartJson[], chunk: readonly PartJson[]): void {
  const [first, ...more] = chunk
  if (first === undefined) return
  addPart(parts, first)
  for (const part of more) parts.push(part)
}

/** Neighbouring plain texts as one: for those to whom it means nothing where one part ends and the next begins. */
export function joinTexts(parts: readonly PartJson[]): PartJson[] {
  const joined: PartJson[] = []
  for (const part of parts) addPart(joined, part)
  return joined
}
