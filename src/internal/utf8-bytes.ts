/** Node counts many times faster; workflow code and browsers do without it. */
const native = (globalThis as { Buffer?: { byteLength(text: string): number } }).Buffer

/** Bytes of a text in UTF-8. */
export function utf8Bytes(text: string): number {
  return native === undefined ? countedBytes(text) : native.byteLength(text)
}

/** The same without Node. A lone half of a pair counts three, as what it is written as. */
export function countedBytes(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (code < 0x80) continue
    bytes += code < 0x800 ? 1 : 2
    if (isHighHalf(code) && isLowHalf(text.charCodeAt(i + 1))) i += 1
  }
  return bytes
}

function isHighHalf(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

function isLowHalf(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
