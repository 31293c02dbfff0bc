/**
 * Path templates of `google.api.http`: as much of their grammar as variables of one or several fixed segments and custom
 * verbs need.
 */

/** A literal, a piece of any text that a field is bound to, or a literal that belongs to what a field is bound to. */
export type Segment =
  | { readonly literal: string; readonly field?: string }
  | { readonly literal?: undefined; readonly field: string }

export interface PathTemplate {
  readonly segments: readonly Segment[]
  /** What follows the colon of the last segment; empty without one. */
  readonly verb: string
}

/**
 * @throws Error a template that this reader does not know; the schema's are all known, and a test says so
 */
export function parseTemplate(template: string): PathTemplate {
  const match = /^(\/.*?)(?::([A-Za-z]+))?$/.exec(template)
  if (match?.[1] === undefined) throw new Error(`path template not supported: ${template}`)
  const segments: Segment[] = []
  for (const [piece, field, pattern = '*', literal] of match[1].matchAll(/\/(?:\{(\w+)(?:=([^{}]*))?\}|([^/{}*]+))/g)) {
    if (field === undefined) segments.push({ literal: literal ?? piece })
    else segments.push(...pattern.split('/').map((part) => (part === '*' ? { field } : { literal: part, field })))
  }
  const path = segments.map(({ literal, field }) => literal ?? `{${field}}`)
  const plain = match[1].replaceAll(/\{\w+=([^{}]*)\}/g, '$1').replaceAll(/\{\w+\}/g, '*')
  if (`/${path.map((part) => (part.startsWith('{') ? '*' : part)).join('/')}` !== plain || plain.includes('**')) {
    throw new Error(`path template not supported: ${template}`)
  }
  return { segments, verb: match[2] ?? '' }
}

/** The decoded variables, or undefined when the path is none of this template. */
export function matchPath(template: PathTemplate, segments: readonly string[]): Record<string, string> | undefined {
  const variables: Record<string, string> = {}
  for (const [index, { literal, field }] of template.segments.entries()) {
    const segment = segments[index] ?? ''
    if (literal !== undefined && literal !== segment) return undefined
    if (field === undefined) continue
    const value = literal ?? decodeSegment(segment)
    if (value === undefined) return undefined
    variables[field] = field in variables ? `${variables[field]}/${value}` : value
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
