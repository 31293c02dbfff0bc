/**
 * Bounds on the shape of JSON that callers send. What passes here can be read again on every wire: JSON that some
 * decoder could not take would make its task unreadable for ever.
 */

/** How deep objects and arrays may be nested in a request: 32 levels inside a data part, which itself lies 4 deep. */
export const MAX_JSON_DEPTH = 36
/** Values, keys and members in one request. */
export const MAX_JSON_NODES = 50_000
/** Parts of one message of a caller. */
export const MAX_PARTS = 1_000
/** Keys of one object, and bytes of one key. */
export const MAX_KEYS = 1_000
export const MAX_KEY_LENGTH = 65_536

/** What is wrong with a JSON value, or undefined when nothing is. Cost is bounded by {@link MAX_JSON_NODES}. */
export function jsonProblem(root: unknown): string | undefined {
  let nodes = 0
  const visit = (value: unknown, depth: number): string | undefined => {
    nodes += 1
    if (nodes > MAX_JSON_NODES) return `has more than ${MAX_JSON_NODES} values`
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? undefined : 'has text that is not well-formed Unicode'
      case 'number':
        return Number.isFinite(value) ? undefined : 'has a number that is not finite'
      case 'object':
        break
      default:
        return undefined
    }
    if (value === null) return undefined
    if (depth >= MAX_JSON_DEPTH) return `is nested deeper than ${MAX_JSON_DEPTH} levels`
    if (Array.isArray(value)) {
      for (const item of value) {
        const problem = visit(item, depth + 1)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    const keys = Object.keys(value)
    if (keys.length > MAX_KEYS) return `has an object with more than ${MAX_KEYS} keys`
    for (const key of keys) {
      if (key.length > MAX_KEY_LENGTH) return `has a key longer than ${MAX_KEY_LENGTH} characters`
      if (key === '__proto__') return 'has a key named __proto__'
      if (!key.isWellFormed()) return 'has a key that is not well-formed Unicode'
      const problem = visit((value as Record<string, unknown>)[key], depth + 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  return visit(root, 0)
}
