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

/**
 * Appends `more` to `parts` in place, joining neighbouring plain texts of one media type into one part: a text that
 * came in 100,000 chunks is kept as one string, not as 100,000 parts.
 */
export function appendParts(parts: PartJson[], more: readonly PartJson[]): void {
  for (const part of more) {
    const last = parts.at(-1)
    if (isPlainText(part) && isPlainText(last) && last.mediaType === part.mediaType) {
      parts[parts.length - 1] = { ...last, text: last.text + part.text }
    } else {
      parts.push(part)
    }
  }
}
