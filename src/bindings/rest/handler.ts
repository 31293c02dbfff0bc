/** HTTP+JSON (A2A section 11). */
import type { JsonObject } from '@bufbuild/protobuf'
import { A2AError, isA2AError } from '../../a2a/errors.js'
import { readRequest } from '../../a2a/proto-json.js'
import { EXTENSIONS_HEADER } from '../../a2a/service-params.js'
import type { RequestHandler, StreamOperation, UnaryOperation } from '../../service/request-handler.js'
import { parseJson, readBody } from '../http/body.js'
import { type BindingLimits, type Call, httpCallContext } from '../http/call.js'
import {
  contentType,
  type HttpRequest,
  type HttpResponse,
  header,
  isJsonType,
  PRIVATE_HEADERS,
  reply,
} from '../http/exchange.js'
import { retryHeaders } from '../http/retry-after.js'
import { writeEvents } from '../sse/writer.js'
import { errorText, httpStatus } from './errors.js'
import { setFields } from './query.js'
import { createRestRouter, type RouteMatch } from './routes.js'

export interface RestOptions {
  readonly handler: RequestHandler
  readonly limits: BindingLimits
  /** Told of every error that is an answer, with its cause. */
  onError(error: unknown, call: Call): void
  /** What to tell somebody who asked for a path that does not exist. */
  hint(call: Call): string
}

export function createRest({ handler, limits, onError, hint }: RestOptions) {
  const route = createRestRouter()
  return async (req: HttpRequest, res: HttpResponse, call: Call): Promise<void> => {
    const mediaType = answerType(req)
    try {
      const match = route(req.method ?? '', call.path)
      if (match === undefined) throw new A2AError('METHOD_NOT_FOUND', `Nothing is served at this path. ${hint(call)}`)
      if ('allow' in match) throw wrongMethod(match.allow)
      const { method } = match.route
      const ctx = httpCallContext(call, req)
      const request = readRequest(method.input, await requestJson(req, call, match))
      const active = handler.activeExtensions(ctx, request)
      const headers = active.length === 0 ? {} : { [EXTENSIONS_HEADER]: active.join(', ') }
      if (method.methodKind === 'server_streaming') {
        await writeEvents(res, {
          frames: handler.stream(method.localName as StreamOperation, ctx, request),
          data: ({ event }) => JSON.stringify(event),
          error: (error) => `event: error\ndata: ${errorText(error)}\n\n`,
          signal: ctx.signal,
          limits,
          headers,
        })
      } else {
        const answer = await handler.unary(method.localName as UnaryOperation, ctx, request)
        reply(res, 200, { ...PRIVATE_HEADERS, 'content-type': mediaType, ...headers }, JSON.stringify(answer))
      }
    } catch (error) {
      onError(error, call)
      const allow = isA2AError(error) ? error.metadata.allow : undefined
      const headers = {
        ...PRIVATE_HEADERS,
        'content-type': mediaType,
        ...retryHeaders(error),
        ...(allow === undefined ? {} : { allow }),
      }
      reply(res, httpStatus(error), headers, errorText(error))
    }
  }

  async function requestJson(req: HttpRequest, call: Call, { route, variables }: RouteMatch): Promise<JsonObject> {
    let request: JsonObject = {}
    if (route.hasBody) {
      const body = await readBody(req, limits)
      if (body.length > 0 && !isJsonType(contentType(req))) {
        throw new A2AError('CONTENT_TYPE_NOT_SUPPORTED', 'The request must be application/a2a+json or application/json')
      }
      const json = body.length === 0 ? {} : (parseJson(body) ?? {})
      if (typeof json !== 'object' || Array.isArray(json)) {
        throw new A2AError('INVALID_PARAMS', 'Invalid parameters: the body must be an object')
      }
      // Not by assignment: a key named __proto__ has to stay one, and be refused.
      request = { ...json }
    } else {
      setFields(route.method.input, request, call.query)
    }
    // What the path says wins over the body and the query.
    setFields(route.method.input, request, Object.entries(variables))
    return request
  }
}

/** `application/a2a+json`, unless the caller takes only `application/json`. */
function answerType(req: HttpRequest): string {
  const accept = header(req, 'accept') ?? ''
  const plain =
    accept.includes('application/json') && !accept.includes('application/a2a+json') && !accept.includes('*/*')
  return plain ? 'application/json' : 'application/a2a+json'
}

function wrongMethod(allow: readonly string[]): A2AError {
  return new A2AError('METHOD_NOT_ALLOWED', `This path is served with ${allow.join(' and ')}`, {
    metadata: { allow: allow.join(', ') },
  })
}
