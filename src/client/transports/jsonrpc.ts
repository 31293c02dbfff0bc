/** JSON-RPC 2.0 over HTTP, with server-sent events for streams (A2A section 9). */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { A2AError } from '../../a2a/errors.js'
import { checkAnswer, checkEvent } from '../answers.js'
import { invalidAnswer, peerError, reasonOfHttp, reasonOfJsonRpc, tooLarge } from '../errors.js'
import { errorBody, mediaType, parseJson, readText } from '../http/read-body.js'
import { readEvents } from '../http/read-events.js'
import type { Sender } from '../http/sender.js'
import { watchStream } from '../http/silence-watch.js'
import { randomId } from '../ids.js'
import type { ClientLimits } from '../limits.js'
import type { StreamItem, StreamOperation, Transport, UnaryOperation, WireCall } from '../transport.js'
import { httpError, retryIn, statusIn } from './http-errors.js'

export interface HttpTransportOptions {
  /** The interface's URL, as the card has it. */
  readonly url: string
  readonly send: Sender
  readonly limits: ClientLimits
}

export function jsonRpcTransport({ url, send, limits }: HttpTransportOptions): Transport {
  const rpc = createJsonRpc({ url, send, limits })
  return {
    name: 'jsonrpc',
    protocolVersion: '1.0',
    url,
    async unary(operation, request, call) {
      return checkAnswer(operation, await rpc.call(methodName(operation), request, call))
    },
    async *stream(operation, request, call) {
      for await (const { result, id } of rpc.stream(operation, methodName(operation), request, call)) {
        yield { event: checkEvent(result), ...(id === undefined ? {} : { id }) } satisfies StreamItem
      }
    },
  }
}

/** In A2A 1.0 a method is named as its RPC (section 9.1). */
function methodName(operation: UnaryOperation | StreamOperation): string {
  return operation.charAt(0).toUpperCase() + operation.slice(1)
}

interface RpcEvent {
  readonly result: JsonValue | undefined
  /** SSE `id:`. */
  readonly id?: string
}

/** The envelopes, which are the same in every version of A2A. */
export function createJsonRpc({ url, send, limits }: HttpTransportOptions) {
  const post = (id: string, method: string, params: JsonObject, call: WireCall) =>
    send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...call.headers },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      signal: call.signal,
    })

  const answerOf = async (response: Response, id: string, signal: AbortSignal): Promise<JsonValue | undefined> => {
    const text = await readText(response, {
      maxBytes: limits.answerBytes,
      signal,
      tooLarge: () => tooLarge('The answer', limits.answerBytes, 'answerBytes'),
    })
    if (!response.ok) throw failureIn(response, text)
    return resultOf(parseJson(text), id, response)
  }

  return {
    async call(method: string, params: JsonObject, call: WireCall): Promise<JsonValue | undefined> {
      const id = randomId()
      return answerOf(await post(id, method, params, call), id, call.signal)
    },

    /** A peer that answers with one result in place of a stream has given the one event of it. */
    async *stream(
      operation: StreamOperation,
      method: string,
      params: JsonObject,
      call: WireCall,
    ): AsyncGenerator<RpcEvent, void, undefined> {
      const id = randomId()
      const silence = watchStream(operation, call.signal, limits.idleMs)
      try {
        const response = await post(id, method, params, { ...call, signal: silence.signal })
        if (mediaType(response) !== 'text/event-stream') {
          yield { result: await answerOf(response, id, silence.signal) }
          return
        }
        for await (const event of readEvents(response, silence, limits, call)) {
          const result = resultOf(parseJson(event.data), id, response)
          yield { result, ...(event.id === undefined ? {} : { id: event.id }) }
        }
      } finally {
        silence.close()
      }
    },
  }
}

/** A body that is no error of JSON-RPC is that of a proxy: the status says all. */
function failureIn(response: Response, text: string): A2AError {
  const error = errorBody(response, text)?.error
  return isObject(error) ? rpcError(error, response) : httpError(response)
}

function resultOf(json: JsonValue, id: string, response: Response): JsonValue | undefined {
  if (!isObject(json)) throw invalidAnswer('no JSON-RPC response')
  const { error } = json
  if (isObject(error)) throw rpcError(error, response)
  if (error !== undefined && error !== null) throw invalidAnswer('an error without a code')
  if (json.jsonrpc !== '2.0') throw invalidAnswer('no JSON-RPC 2.0 response')
  if (json.id !== id) throw invalidAnswer('a response to another request')
  return json.result
}

function rpcError(error: JsonObject, response: Response): A2AError {
  return peerError({
    message: typeof error.message === 'string' ? error.message : '',
    ...(error.data === undefined ? {} : { details: error.data }),
    fallback: response.ok ? reasonOfJsonRpc(error.code) : reasonOfHttp(response.status),
    ...statusIn(response),
    ...retryIn(response.headers),
  })
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
