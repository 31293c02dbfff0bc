/** What an HTTP method and a path mean, in each version. */
import type { JsonObject } from '@bufbuild/protobuf'
import { readRequest } from '../../a2a/proto-json.js'
import type { ProtocolVersion } from '../../a2a/service-params.js'
import { V0_2_ROUTES } from '../dialects/v0_2/routes.js'
import { V0_3_SERVICE } from '../dialects/v0_3/proto/methods.js'
import { chosen, type Method, NATIVE, type ServiceVersion } from '../method.js'
import { isBelow, OLDER_PATHS, V0_3_PATH } from '../versions.js'
import { parseTemplate } from './path-template.js'
import { setFields } from './query.js'
import { createRouter, type OtherMethods, restRoutes } from './routes.js'

export interface RestTarget {
  readonly takesBody: boolean
  /**
   * Which method is meant, and its request.
   *
   * @throws A2AError INVALID_PARAMS
   */
  read(query: URLSearchParams, body: JsonObject): { readonly method: Method; readonly json: JsonObject }
  /** The operation's request out of what was read. */
  request(method: Method, json: JsonObject): JsonObject
}

type Find = (httpMethod: string, path: string) => RestTarget | OtherMethods | undefined

const FINDERS: Readonly<Record<ProtocolVersion, Find>> = {
  '1.0': outside(OLDER_PATHS, bySchema(NATIVE)),
  '0.3': withoutPrefix(V0_3_PATH, bySchema(V0_3_SERVICE)),
  '0.2': byTable(),
}

export function restTarget(version: ProtocolVersion, httpMethod: string, path: string): ReturnType<Find> {
  return FINDERS[version](httpMethod, path)
}

function bySchema({ service, methods }: ServiceVersion): Find {
  const find = createRouter(restRoutes(service))
  return (httpMethod, path) => {
    const match = find(httpMethod, path)
    if (match === undefined || 'allow' in match) return match
    const { route, variables } = match
    const { input, name } = route.method
    const method = methods.get(name)
    if (method === undefined) return undefined
    return {
      takesBody: route.body !== '',
      read(query, body) {
        const json = fieldsOf(route.body, body)
        // Where one field is the body, the others are in the query.
        if (route.body !== '*') setFields(input, json, query)
        bindPath(json, variables, (name) => input.fields.find((field) => field.name === name)?.jsonName ?? name)
        return { method, json }
      },
      request: (_, json) => method.otherRequest?.(json) ?? method.request(readRequest(input, json)),
    }
  }
}

/**
 * Clients put the whole request into the body also where one field of it is asked for. Not by assignment: a key named
 * __proto__ has to stay one, and be refused.
 */
function fieldsOf(expected: string, body: JsonObject): JsonObject {
  if (expected === '') return {}
  return expected === '*' || Object.hasOwn(body, expected) ? { ...body } : { [expected]: body }
}

/**
 * What the path says, which wins over the same field in the body or the query: Python's client of 0.3 names another parent
 * in the body than in the path.
 */
function bindPath(json: JsonObject, variables: Readonly<Record<string, string>>, jsonName: (name: string) => string) {
  for (const [name, value] of Object.entries(variables)) {
    const field = jsonName(name)
    delete json[name]
    json[field] = value
  }
}

/** What comes first in paths of other versions is no tenant. */
function outside(prefixes: readonly string[], find: Find): Find {
  return (httpMethod, path) => (prefixes.some((prefix) => isBelow(path, prefix)) ? undefined : find(httpMethod, path))
}

/** Clients that name the version in a header leave it out of the path. */
function withoutPrefix(prefix: string, find: Find): Find {
  return (httpMethod, path) => find(httpMethod, isBelow(path, prefix) ? path : `${prefix}${path}`)
}

function byTable(): Find {
  const find = createRouter(V0_2_ROUTES.map((route) => ({ ...route, ...parseTemplate(route.template) })))
  return (httpMethod, path) => {
    const match = find(httpMethod, path)
    if (match === undefined || 'allow' in match) return match
    const { route, variables } = match
    return {
      takesBody: httpMethod === 'POST' || httpMethod === 'PUT',
      read(query, body) {
        const json = { ...Object.fromEntries(query), ...body }
        bindPath(json, variables, (name) => name)
        return { method: chosen(route.method, json), json }
      },
      request: (method, json) => method.request(json),
    }
  }
}
