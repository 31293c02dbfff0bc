/** One HTTP request, one JSON-RPC answer or stream (A2A section 9). */
import type { JsonValue } from '@bufbuild/protobuf'
import { A2AError } from '../../a2a/errors.js'
import { PROTOCOL_VERSION } from '../../a2a/service-params.js'
import type { RequestHandler } from '../../service/request-handler.js'
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
  isJsonType,
  PRIVATE_HEADERS,
  reply,
} from '../http/exchange.js'
import { type Method, type StreamMethod, translated } from '../method.js'
import { type SseOptions, startEvents } from '../sse/writer.js'
import { jsonRpcVersion, type VersionOptions } from '../versions.js'
import { idOf, type RpcId, readEnvelope, resultText, wrongId } from './envelope.js'
import { errorText, httpStatus } from './errors.js'
import { methodNamed } from './methods.js'

export interface JsonRpcOptions extends VersionOptions {
  readonly handler: RequestHandler
  readonly limits: BindingLimits
  /** Told of every error that is an answer, with its cause. */
  onError(error: unknown, call: Call): void
}

/** An answer to a request whose body nobody reads, since nobody may make it. */
export function refuseJsonRpc(res: HttpResponse, error: A2AError): void {
  reply(res, httpStatus(error), { ...JSON_HEADERS, ...errorHeaders(error) }, errorText(null, error))
}

export function createJsonRpc(options: JsonRpcOptions) {
  const { handler, limits, onError } = options
  return async (req: HttpRequest, res: HttpResponse, call: Call): Promise<void> => {
    let json: JsonValue | undefined
    let method: Method | undefined
    const isJson = isJsonType(contentType(req))
    try {
      if (!isJson) throw new A2AError('CONTENT_TYPE_NOT_SUPPORTED', 'The request must be application/json')
      json = parseJson(await readBody(req, limits))
      const { id, hasId, method: name, params } = readEnvelope(json)
      const version = jsonRpcVersion(askedVersion(call, req), { method: name, path: call.path }, options)
      // Before 1.0 an id could be missing; the answer has null in its place.
      if (!hasId && version === PROTOCOL_VERSION) throw wrongId()
      const ctx = httpCallContext(call, req, version)
      method = methodNamed(version, name, params)
      const request = method.request(params)
      const headers = extensionHeaders(version, handler.activeExtensions(ctx, request))
      if (method.kind === 'stream') {
        const paced = pacedLimits(limits, method.pace?.(params))
        await stream(res, id, method, handler.stream(method.operation, ctx, request), {
          signal: ctx.signal,
          headers,
          limits: paced,
        })
      } else {
        const answer = method.answer(await handler.unary(method.operation, ctx, request))
        reply(res, 200, { ...JSON_HEADERS, ...headers }, resultText(id, answer))
      }
    } catch (thrown) {
      onError(thrown, call)
      const error = translated(method, thrown)
      const text = errorText(idOf(json), error)
      if (method?.kind === 'stream' && method.errorIsEvent) {
        reply(res, 200, EVENT_HEADERS, `data: ${text}\n\n`)
      } else {
        reply(res, isJson ? httpStatus(error) : 415, { ...JSON_HEADERS, ...errorHeaders(error) }, text)
      }
    }
  }

  async function stream(
    res: HttpResponse,
    id: RpcId,
    method: StreamMethod,
    frames: ReturnType<RequestHandler['stream']>,
    options: Pick<SseOptions, 'signal' | 'headers' | 'limits'>,
  ): Promise<void> {
    const prefix = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`
    await startEvents(res, {
      frames,
      form: {
        data: (frame) => `${prefix}${JSON.stringify(method.event(frame))}}`,
        error: (error) => `data: ${errorText(id, translated(method, error))}\n\n`,
      },
      firstHeaders: method.headers,
      ...options,
    })
  }
}

const JSON_HEADERS = { ...PRIVATE_HEADERS, 'content-type': 'application/json' }
const EVENT_HEADERS = { ...PRIVATE_HEADERS, 'content-type': 'text/event-stream' }
