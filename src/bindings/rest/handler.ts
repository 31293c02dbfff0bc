/** HTTP+JSON (A2A section 11). */
import type { JsonObject } from '@bufbuild/protobuf'
import { A2AError, toA2AError } from '../../a2a/errors.js'
import { readRequest } from '../../a2a/proto-json.js'
import type { ProtocolVersion } from '../../a2a/service-params.js'
import type { RequestHandler } from '../../service/request-handler.js'
import { V0_3_SERVICE } from '../dialects/v0_3/proto/methods.js'
import { parseJson, readBody } from '../http/body.js'
import { askedVersion, type BindingLimits, type Call, extensionHeaders, httpCallContext } from '../http/call.js'
import { errorHeaders } from '../http/error-headers.js'
import {
  contentType,
  type HttpRequest,
  type HttpResponse,
  header,
  isJsonType,
  PRIVATE_HEADERS,
  reply,
} from '../http/exchange.js'
import { type Method, NATIVE, translated } from '../method.js'
import { writeEvents } from '../sse/writer.js'
import { restPathVersion, restVersion, type VersionOptions } from '../versions.js'
import { httpStatus, restForm } from './forms.js'
import { setFields } from './query.js'
import { createRestRouter, type OtherMethods, type RouteMatch } from './routes.js'

export interface RestOptions extends VersionOptions {
  readonly handler: RequestHandler
  readonly limits: BindingLimits
  /** Told of every error that is an answer, with its cause. */
  onError(error: unknown, call: Call): void
  /** What to tell somebody who asked for a path that does not exist. */
  hint(call: Call): string
}

export function createRest(options: RestOptions) {
  const { handler, limits, onError, hint } = options
  const find = createFinder()
  return async (req: HttpRequest, res: HttpResponse, call: Call): Promise<void> => {
    let form = restForm(restPathVersion(call.path))
    let method: Method | undefined
    const mediaType = () => form.mediaType(header(req, 'accept') ?? '')
    try {
      const version = restVersion(askedVersion(call, req), call.path, options)
      form = restForm(version)
      const match = find(version, req.method ?? '', call.path)
      if (match === undefined) throw new A2AError('METHOD_NOT_FOUND', `Nothing is served at this path. ${hint(call)}`)
      if ('allow' in match) throw wrongMethod(match.allow)
      method = match.method
      const ctx = httpCallContext(call, req, version)
      const json = await requestJson(req, call, match)
      const request = method.otherRequest?.(json) ?? method.request(readRequest(match.route.method.input, json))
      const headers = extensionHeaders(version, handler.activeExtensions(ctx, request))
      if (method.kind === 'stream') {
        const { event, error: translate } = method
        await writeEvents(res, {
          frames: handler.stream(method.operation, ctx, request),
          data: (frame) => JSON.stringify(event(frame)),
          error: (error) => `event: error\ndata: ${form.errorText(translate(toA2AError(error)))}\n\n`,
          signal: ctx.signal,
          limits,
          headers,
        })
      } else {
        const answer = method.answer(await handler.unary(method.operation, ctx, request))
        reply(res, 200, { ...PRIVATE_HEADERS, 'content-type': mediaType(), ...headers }, JSON.stringify(answer))
      }
    } catch (thrown) {
      onError(thrown, call)
      const error = translated(method, thrown)
      const { allow } = error.metadata
      const headers = {
        ...PRIVATE_HEADERS,
        'content-type': mediaType(),
        ...errorHeaders(error),
        ...(allow === undefined ? {} : { allow }),
      }
      reply(res, httpStatus(error), headers, form.errorText(error))
    }
  }

  async function requestJson(req: HttpRequest, call: Call, { route, variables }: RouteMatch): Promise<JsonObject> {
    let request: JsonObject = {}
    if (route.body === '') {
      setFields(route.method.input, request, call.query)
    } else {
      const body = await readBody(req, limits)
      if (body.length > 0 && !isJsonType(contentType(req))) {
        throw new A2AError('CONTENT_TYPE_NOT_SUPPORTED', 'The request must be application/a2a+json or application/json')
      }
      const json = body.length === 0 ? {} : (parseJson(body) ?? {})
      if (typeof json !== 'object' || Array.isArray(json)) {
        throw new A2AError('INVALID_PARAMS', 'Invalid parameters: the body must be an object')
      }
      // Clients put the whole request into the body also where one field of it is asked for. Not by assignment: a key named
      // __proto__ has to stay one, and be refused.
      request = route.body === '*' || Object.hasOwn(json, route.body) ? { ...json } : { [route.body]: json }
    }
    // What the path says wins over the body and the query.
    setFields(route.method.input, request, Object.entries(variables))
    return request
  }
}

type Found = (RouteMatch & { readonly method: Method }) | OtherMethods | undefined

/** The routes of all versions. */
function createFinder(): (version: ProtocolVersion, httpMethod: string, path: string) => Found {
  const byVersion = new Map(
    [NATIVE, V0_3_SERVICE].map(({ version, service, methods }) => [
      version,
      { route: createRestRouter(service), methods },
    ]),
  )
  return (version, httpMethod, path) => {
    const served = byVersion.get(version)
    // Clients that name the version in a header leave it out of the path.
    const whole = version === '0.3' && !path.startsWith('/v1/') ? `/v1${path}` : path
    const match = served?.route(httpMethod, whole)
    if (match === undefined || 'allow' in match) return match
    const method = served?.methods.get(match.route.method.name)
    return method === undefined ? undefined : { ...match, method }
  }
}

function wrongMethod(allow: readonly string[]): A2AError {
  return new A2AError('METHOD_NOT_ALLOWED', `This path is served with ${allow.join(' and ')}`, {
    metadata: { allow: allow.join(', ') },
  })
}
