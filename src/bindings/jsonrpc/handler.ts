/** One HTTP request, one JSON-RPC answer or stream (A2A section 9). */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { A2AError } from '../../a2a/errors.js'
import { readRequest } from '../../a2a/proto-json.js'
import { EXTENSIONS_HEADER } from '../../a2a/service-params.js'
import type { CallContext } from '../../service/call-context.js'
import type { RequestHandler, StreamOperation, UnaryOperation } from '../../service/request-handler.js'
import { parseJson, readBody } from '../http/body.js'
import { type BindingLimits, type Call, httpCallContext } from '../http/call.js'
import {
  contentType,
  type HttpRequest,
  type HttpResponse,
  isJsonType,
  PRIVATE_HEADERS,
  reply,
} from '../http/exchange.js'
import { retryHeaders } from '../http/retry-after.js'
import { writeEvents } from '../sse/writer.js'
import { idOf, type RpcId, readEnvelope, resultText } from './envelope.js'
import { errorText, httpStatus } from './errors.js'
import { methodNamed } from './methods.js'

export interface JsonRpcOptions {
  readonly handler: RequestHandler
  readonly limits: BindingLimits
  /** Told of every error that is an answer, with its cause. */
  onError(error: unknown, call: Call): void
}

export function createJsonRpc({ handler, limits, onError }: JsonRpcOptions) {
  return async (req: HttpRequest, res: HttpResponse, call: Call): Promise<void> => {
    let json: JsonValue | undefined
    const isJson = isJsonType(contentType(req))
    try {
      if (!isJson) throw new A2AError('CONTENT_TYPE_NOT_SUPPORTED', 'The request must be application/json')
      json = parseJson(await readBody(req, limits))
      const { id, method: name, params } = readEnvelope(json)
      const ctx = httpCallContext(call, req)
      const method = methodNamed(name)
      if (method === undefined) throw new A2AError('METHOD_NOT_FOUND', 'Method not found')
      const request = readRequest(method.input, params)
      if (method.methodKind === 'server_streaming') {
        const frames = handler.stream(method.localName as StreamOperation, ctx, request)
        await stream(res, id, frames, ctx.signal, extensionHeaders(ctx, request))
      } else {
        const result = await handler.unary(method.localName as UnaryOperation, ctx, request)
        reply(res, 200, { ...JSON_HEADERS, ...extensionHeaders(ctx, request) }, resultText(id, result))
      }
    } catch (error) {
      onError(error, call)
      reply(
        res,
        isJson ? httpStatus(error) : 415,
        { ...JSON_HEADERS, ...retryHeaders(error) },
        errorText(idOf(json), error),
      )
    }
  }

  function extensionHeaders(ctx: CallContext, request: JsonObject): Record<string, string> {
    const active = handler.activeExtensions(ctx, request)
    return active.length === 0 ? {} : { [EXTENSIONS_HEADER]: active.join(', ') }
  }

  async function stream(
    res: HttpResponse,
    id: RpcId,
    frames: ReturnType<RequestHandler['stream']>,
    signal: AbortSignal,
    headers: Record<string, string>,
  ): Promise<void> {
    const prefix = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`
    await writeEvents(res, {
      frames,
      data: ({ event }) => `${prefix}${JSON.stringify(event)}}`,
      error: (error) => `data: ${errorText(id, error)}\n\n`,
      signal,
      limits,
      headers,
    })
  }
}

const JSON_HEADERS = { ...PRIVATE_HEADERS, 'content-type': 'application/json' }
