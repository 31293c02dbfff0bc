/** Which operation an HTTP method and a path mean: all from the `google.api.http` options of the schema. */
import { type DescMethod, type DescService, getOption } from '@bufbuild/protobuf'
import { http } from '../../../gen/google/api/annotations_pb.js'
import type { HttpRule } from '../../../gen/google/api/http_pb.js'
import { matchPath, type PathTemplate, parseTemplate } from './path-template.js'

export interface Route extends PathTemplate {
  readonly method: DescMethod
  readonly httpMethod: string
  /** What the body is: nothing, the whole request (`*`), or the field of this name. */
  readonly body: string
}

export interface RouteMatch<Each> {
  readonly route: Each
  /** By field name of the schema. */
  readonly variables: Readonly<Record<string, string>>
}

/** The path exists, but not with this HTTP method. */
export interface OtherMethods {
  readonly allow: readonly string[]
}

export type Router<Each> = (httpMethod: string, path: string) => RouteMatch<Each> | OtherMethods | undefined

export function restRoutes(service: DescService): Route[] {
  const routes = service.methods.flatMap((method) => {
    const rule = getOption(method, http)
    return [rule, ...rule.additionalBindings].map((binding) => toRoute(method, binding))
  })
  // To subscribe, the schema says GET and the text of the specification POST (A2A sections 5.3 and 11.3.2): both are served.
  const posts = routes
    .filter(({ method, httpMethod }) => method.methodKind === 'server_streaming' && httpMethod === 'GET')
    .map((route) => ({ ...route, httpMethod: 'POST', body: '*' }))
  return [...routes, ...posts]
}

export function createRouter<Each extends PathTemplate & { readonly httpMethod: string }>(
  routes: readonly Each[],
): Router<Each> {
  const byShape = new Map<string, Each[]>()
  const verbs = new Set<string>()
  for (const route of routes) {
    const shape = shapeOf(route.segments.length, route.verb)
    byShape.set(shape, [...(byShape.get(shape) ?? []), route].sort(literalsFirst))
    if (route.verb !== '') verbs.add(route.verb)
  }
  return (httpMethod, path) => {
    const { segments, verb } = splitPath(path, verbs)
    const allow: string[] = []
    for (const route of byShape.get(shapeOf(segments.length, verb)) ?? []) {
      const variables = matchPath(route, segments)
      if (variables === undefined) continue
      if (route.httpMethod === httpMethod) return { route, variables }
      allow.push(route.httpMethod)
    }
    return allow.length > 0 ? { allow } : undefined
  }
}

/** A verb is a suffix of the last segment, and only a verb of the schema is one: ids may contain colons. */
function splitPath(path: string, verbs: ReadonlySet<string>): { segments: string[]; verb: string } {
  const segments = path.slice(1).split('/')
  const last = segments.at(-1) ?? ''
  const colon = last.lastIndexOf(':')
  const verb = colon < 0 ? '' : last.slice(colon + 1)
  if (!verbs.has(verb)) return { segments, verb: '' }
  return { segments: [...segments.slice(0, -1), last.slice(0, colon)], verb }
}

function shapeOf(length: number, verb: string): string {
  return `${length}:${verb}`
}

/** `/tasks/{id}` before `/{tenant}/tasks`. */
function literalsFirst(a: PathTemplate, b: PathTemplate): number {
  const rank = (route: PathTemplate) =>
    route.segments.map((segment) => (segment.literal !== undefined ? '0' : '1')).join('')
  return rank(a) < rank(b) ? -1 : 1
}

function toRoute(method: DescMethod, { pattern, body }: HttpRule): Route {
  if (pattern.case === undefined || pattern.case === 'custom')
    throw new Error(`${method.name}: HTTP rule not supported`)
  return { method, httpMethod: pattern.case.toUpperCase(), body, ...parseTemplate(pattern.value) }
}
