/**
 * Looks at JSON text before it is parsed: how deep, how many values, and whether an object has a key twice. One pass over
 * the bytes without allocation, so that a hostile text costs less here than it would in the parser.
 */
import { MAX_JSON_NODES } from '../../a2a/json-limits.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** Far below what a parser could not take. The request itself has a tighter limit, and an error that can name it. */
const MAX_DEPTH = 100

/** Where the keys of one open object are in the text: begin and end of each, one after the other. */
type Keys = number[]

/**
 * What is wrong, or undefined. Text that is not JSON at all is left to the parser.
 *
 * @param text UTF-8
 */
export function scanJson(text: Buffer): string | undefined {
  /** The objects that are open; undefined for an array. */
  const open: (Keys | undefined)[] = []
  let keys: Keys | undefined
  let nodes = 0
  let stringStart = -1
  let stringEnd = -1
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case QUOTE:
        stringStart = at
        stringEnd = endOfString(text, at)
        if (stringEnd < 0) return undefined
        at = stringEnd
        break
      case COLON:
        if (keys === undefined) break
        // No key before it: not JSON.
        if (stringStart < 0) return undefined
        if (hasKey(text, keys, stringStart, stringEnd)) return 'has an object with the same key twice'
        keys.push(stringStart, stringEnd)
        stringStart = -1
        break
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        if (open.length >= MAX_DEPTH) return `is nested deeper than ${MAX_DEPTH} levels`
        keys = text[at] === OPEN_OBJECT ? [] : undefined
        open.push(keys)
        nodes += 1
        break
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        open.pop()
        keys = open[open.length - 1]
        break
      case COMMA:
        nodes += 1
        break
      default:
    }
    if (nodes > MAX_JSON_NODES) return `has more than ${MAX_JSON_NODES} values`
  }
  return undefined
}

/** Index of the closing quote, or -1. */
function endOfString(text: Buffer, start: number): number {
  let at = start + 1
  for (;;) {
    const end = text.indexOf(QUOTE, at)
    if (end < 0) return -1
    let slashes = 0
    while (text[end - 1 - slashes] === BACKSLASH) slashes += 1
    if (slashes % 2 === 0) return end
    at = end + 1
  }
}

/** Objects with more keys are compared by a set: comparing each with each would take too long. */
const FEW_KEYS = 16

function hasKey(text: Buffer, keys: Keys, start: number, end: number): boolean {
  if (keys.length / 2 > FEW_KEYS) return setOf(text, keys).has(decodeKey(text, start, end))
  for (let i = 0; i < keys.length; i += 2) {
    if (sameKey(text, keys[i] ?? 0, keys[i + 1] ?? 0, start, end)) return true
  }
  return false
}

const sets = new WeakMap<Keys, { readonly known: Set<string>; read: number }>()

function setOf(text: Buffer, keys: Keys): Set<string> {
  const entry = sets.get(keys) ?? { known: new Set<string>(), read: 0 }
  sets.set(keys, entry)
  for (; entry.read < keys.length; entry.read += 2) {
    entry.known.add(decodeKey(text, keys[entry.read] ?? 0, keys[entry.read + 1] ?? 0))
  }
  return entry.known
}

function sameKey(text: Buffer, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean {
  if (isEscaped(text, aStart, aEnd) || isEscaped(text, bStart, bEnd)) {
    return decodeKey(text, aStart, aEnd) === decodeKey(text, bStart, bEnd)
  }
  return aEnd - aStart === bEnd - bStart && text.compare(text, aStart, aEnd, bStart, bEnd) === 0
}

function isEscaped(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (text[at] === BACKSLASH) return true
  return false
}

/** The key with its escapes resolved: two spellings of one key are one key. */
function decodeKey(text: Buffer, start: number, end: number): string {
  const raw = text.toString('utf8', start, end + 1)
  try {
    return JSON.parse(raw) as string
  } catch {
    return raw
  }
}
