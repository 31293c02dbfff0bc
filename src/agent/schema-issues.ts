/** What a Standard Schema has found wrong, in words. */
import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Issues of a schema that are told. */
const MAX_ISSUES = 10

export function issuesText(issues: readonly StandardSchemaV1.Issue[]): string {
  return issues
    .slice(0, MAX_ISSUES)
    .map(({ message, path }) => {
      const place = (path ?? []).map(segmentText).join('.')
      return place === '' ? message : `${place}: ${message}`
    })
    .join('; ')
}

function segmentText(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof segment === 'object' ? segment.key : segment)
}

/** The key of the state that the first issue is about. */
export function issueKey([first]: readonly StandardSchemaV1.Issue[]): string | undefined {
  const [segment] = first?.path ?? []
  return segment === undefined ? undefined : segmentText(segment)
}
