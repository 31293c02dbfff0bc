/** What a durable call may give back: a value that is the same after it was written down and read again. */

/** Values that lie deeper are refused, before they can exhaust the stack. */
const MAX_DEPTH = 200

/**
 * Why the value cannot be kept, in words that follow its name; undefined when it can.
 *
 * It can when it is made of JSON values. `undefined` is fine on its own, and as a property, where it means the same as a
 * property that is not there.
 *
 * @param maxDepth how deep objects and arrays may be nested
 */
export function notKeepable(value: unknown, maxDepth = MAX_DEPTH): string | undefined {
  return value === undefined ? undefined : problem(value, '', [], maxDepth)
}

function problem(value: unknown, path: string, above: readonly object[], maxDepth: number): string | undefined {
  const at = path === '' ? '' : ` at ${path}`
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${value}${at}, which JSON does not have`
    case 'object':
      break
    case 'undefined':
      return `is undefined${at}, which would come back as null`
    case 'bigint':
      return `is a BigInt${at}; return it as a string`
    default:
      return `is a ${typeof value}${at}, which cannot be written down`
  }
  if (value === null) return undefined
  if (above.includes(value)) return `refers to itself${at}`
  if (above.length >= maxDepth) return `is nested deeper than ${maxDepth} levels`
  const inside = [...above, value]
  if (Array.isArray(value)) return first(value.entries(), (index) => `${path}[${index}]`, inside, maxDepth)
  if (!isPlain(value)) return `is a ${value.constructor?.name || 'class instance'}${at}${hint(value)}`
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return `has a method toJSON${at}`
  const set = Object.entries(value).filter(([, each]) => each !== undefined)
  return first(set, (name) => `${path}.${name}`, inside, maxDepth)
}

function first<Key>(
  values: Iterable<[Key, unknown]>,
  path: (key: Key) => string,
  above: readonly object[],
  maxDepth: number,
): string | undefined {
  for (const [key, each] of values) {
    const found = problem(each, path(key), above, maxDepth)
    if (found !== undefined) return found
  }
  return undefined
}

/** Made by a literal, `JSON.parse` or `Object.create(null)`, here or in another realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function hint(value: object): string {
  if (value instanceof Date) return '; return its toISOString()'
  if (value instanceof Map || value instanceof Set) return '; return its entries as an array'
  if (ArrayBuffer.isView(value)) return '; return it as base64'
  return ', which would come back as a plain object; return its data'
}
