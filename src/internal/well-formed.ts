/** Text that every wire can carry: a lone half of a surrogate pair, which UTF-8 does not have, becomes U+FFFD. */

/** A copy of a JSON value whose texts and keys are all well-formed. Properties that are undefined are left out. */
export function wellFormed<Value>(value: Value): Value {
  return copy(value) as Value
}

function copy(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const set = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(set.map(([key, each]) => [key.toWellFormed(), copy(each)]))
}

/** Whether the text ends in the first half of a surrogate pair, whose second half may follow. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}
