/** HTTP+JSON (A2A section 11). */
import type { JsonObject } from '@bufbuild/protobuf'
import { A2AError } from '../../a2a/errors.js'
import type { RequestHandler } from '../../service/request-handler.js'
import type { Frame } from '../../service/stream-step.js'
import { parseJson, readBody } from '../http/body.js'
import {
  askedVersion,
  type BindingLimits,
  type Call,
  extensionHeaders,
  httpCallContext,
  pacedLimits,
} from '../http/call.js'
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
import { type Method, type StreamMethod, translated } from '../method.js'
import { type SseForm, startEvents } from '../sse/writer.js'
import { restPathVersion, restVersion, type VersionOptions } from '../versions.js'
import { httpStatus, type RestForm, restForm } from './forms.js'
import { restTarget } from './targets.js'

export interface RestOptions extends VersionOptions {
  readonly handler: RequestHandler
  readonly limits: BindingLimits
  /** Told of every error that is an answer, with its cause. */
  onError(error: unknown, call: Call): void
  /** What to tell somebody who asked for a path that does not exist. */
  hint(call: Call): string
}

/** An answer to a request whose body nobody reads, since nobody may make it; in the words of the version of its path. */
export function refuseRest(req: HttpRequest, res: HttpResponse, path: string, error: A2AError): void {
  const form = restForm(restPathVersion(path))
  const headers = { 'content-type': form.mediaType(header(req, 'accept') ?? ''), ...errorHeaders(error) }
  reply(res, httpStatus(error), { ...PRIVATE_HEADERS, ...headers }, form.errorText(error))
}

export function createRest(options: RestOptions) {
  const { handler, limits, onError, hint } = options
  return async (req: HttpRequest, res: HttpResponse, call: Call): Promise<void> => {
    let form = restForm(restPathVersion(call.path))
    let method: Method | undefined
    const mediaType = () => form.mediaType(header(req, 'accept') ?? '')
    try {
      const version = restVersion(askedVersion(call, req), call.path, options)
      form = restForm(version)
      const target = restTarget(version, req.method ?? '', call.path)
      if (target === undefined) throw new A2AError('METHOD_NOT_FOUND', `Nothing is served at this path. ${hint(call)}`)
      if ('allow' in target) throw wrongMethod(target.allow)
      const ctx = httpCallContext(call, req, version)
      const read = target.read(call.query, target.takesBody ? await readObject(req) : {})
      method = read.method
      const request = target.request(method, read.json)
      const headers = extensionHeaders(version, handler.activeExtensions(ctx, request))
      if (method.kind === 'stream') {
        await startEvents(res, {
          frames: handler.stream(method.operation, ctx, request),
          form: new RestEvents(form, method),
          signal: ctx.signal,
          limits: pacedLimits(limits, method.pace?.(read.json)),
          headers,
          firstHeaders: method.headers,
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

  async function readObject(req: HttpRequest): Promise<JsonObject> {
    const body = await readBody(req, limits)
    if (body.length > 0 && !isJsonType(contentType(req))) {
      throw new A2AError('CONTENT_TYPE_NOT_SUPPORTED', 'The request must be application/a2a+json or application/json')
    }
    const json = body.length === 0 ? {} : (parseJson(body) ?? {})
    if (typeof json === 'object' && !Array.isArray(json)) return json
    throw new A2AError('INVALID_PARAMS', 'Invalid parameters: the body must be an object')
  }
}

class RestEvents implements SseForm {
  private readonly form: RestForm
  private readonly method: StreamMethod

  constructor(form: RestForm, method: StreamMethod) {
    this.form = form
    this.method = method
  }

  data(frame: Frame): string {
    return JSON.stringify(this.method.event(frame))
  }

  error(error: unknown): string {
    return `event: error\ndata: ${this.form.errorText(translated(this.method, error))}\n\n`
  }
}

function wrongMethod(allow: readonly string[]): A2AError {
  return new A2AError('METHOD_NOT_ALLOWED', `This path is served with ${allow.join(' and ')}`, {
    metadata: { allow: allow.join(', ') },
  })
}
