/** Path templates of `google.api.http`: as much of their grammar as one-segment variables and custom verbs need. */

export interface PathTemplate {
  /** A literal, or the field that the segment is bound to. */
  readonly segments: readonly ({ readonly literal: string } | { readonly field: string })[]
  /** What follows the colon of the last segment; empty without one. */
  readonly verb: string
}

/**
 * @throws Error a template that this reader does not know; the schema's are all known, and a test says so
 */
export function parseTemplate(template: string): PathTemplate {
  const match = /^(\/.*?)(?::([A-Za-z]+))?$/.exec(template)
  if (match?.[1] === undefined) throw new Error(`path template not supported: ${template}`)
  const segments = match[1]
    .slice(1)
    .split('/')
    .map((segment) => {
      const field = /^\{(\w+)(?:=\*)?\}$/.exec(segment)?.[1]
      if (field !== undefined) return { field }
      if (/[{}*]/.test(segment)) throw new Error(`path template not supported: ${template}`)
      return { literal: segment }
    })
  return { segments, verb: match[2] ?? '' }
}

/** The decoded variables, or undefined when the path is none of this template. */
export function matchPath(template: PathTemplate, segments: readonly string[]): Record<string, string> | undefined {
  const variables: Record<string, string> = {}
  for (const [index, expected] of template.segments.entries()) {
    const segment = segments[index] ?? ''
    if ('literal' in expected) {
      if (expected.literal !== segment) return undefined
      continue
    }
    const value = decodeSegment(segment)
    if (value === undefined) return undefined
    variables[expected.field] = value
  }
  return variables
}

/** Undefined for a segment that is empty, is no valid escape, or would leave its place in the path. */
function decodeSegment(segment: string): string | undefined {
  if (segment === '' || segment === '.' || segment === '..') return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
