/**
 * RPCs on node:http and node:http2: unary operations of A2A directly, everything else by the library.
 *
 * In place of the stock adapter, because of what it does when a reader leaves in the middle of a stream: it waits for a
 * "drain" that never comes, or throws the failed write into the running generator. Here the iterator is always ended, and
 * failures go to a hook.
 */

import type { ServerResponse } from 'node:http'
import { Code, ConnectError, type ConnectRouter, createConnectRouter, createContextValues } from '@connectrpc/connect'
import { universalRequestFromNodeRequest } from '@connectrpc/connect-node'
import type { A2AError } from '../a2a/errors.js'
import { toConnectError } from '../bindings/connect/errors.js'
import { COMPRESS_MIN_BYTES, gzipCompression } from '../bindings/connect/gzip.js'
import { checkedBody } from '../bindings/connect/read-message.js'
import { UNARY_RPCS } from '../bindings/connect/services.js'
import { CALL, streamRoutes } from '../bindings/connect/streams.js'
import { MAX_TIMEOUT_MS, parseTimeout, timeoutHeader } from '../bindings/connect/timeout.js'
import { createUnary, type RpcOptions } from '../bindings/connect/unary.js'
import { type RpcWire, typesFor, wireOf } from '../bindings/connect/wire.js'
import { plainHeaders, writeError } from '../bindings/connect/write-answer.js'
import type { Call } from '../bindings/http/call.js'
import { type HttpRequest, type HttpResponse, PRIVATE_HEADERS, reply } from '../bindings/http/exchange.js'
import { type PacedLimits, PacedWriter } from '../bindings/http/paced-writer.js'
import { HEALTH_PATHS, MAX_HEALTH_BYTES } from './grpc-health.js'
import type { ServerLimits } from './limits.js'

export interface ConnectAdapterOptions extends RpcOptions {
  readonly limits: ServerLimits
  /** Services besides A2A's. */
  readonly routes: (router: ConnectRouter) => void
  /** Aborted, with a ConnectError, when the server stops: ends open streams. */
  readonly shutdownSignal: AbortSignal
  /** Failures of the transport itself; the caller of an RPC has been told what it may know. */
  onTransportError(error: ConnectError): void
}

export interface ConnectAdapter {
  /** True when the path is one of an RPC. */
  has(path: string): boolean
  handle(req: HttpRequest, res: HttpResponse, call: Call): Promise<void>
  /** The error as the whole answer, its body unread. False when the request is none of an RPC. */
  refuse(req: HttpRequest, res: HttpResponse, path: string, error: A2AError): boolean
}

export function createConnectAdapter(options: ConnectAdapterOptions): ConnectAdapter {
  const { limits } = options
  const router = createConnectRouter({
    acceptCompression: [gzipCompression],
    compressMinBytes: COMPRESS_MIN_BYTES,
    readMaxBytes: limits.maxMessageBytes,
    writeMaxBytes: limits.maxAnswerBytes,
    maxTimeoutMs: MAX_TIMEOUT_MS,
    shutdownSignal: options.shutdownSignal,
    jsonOptions: { ignoreUnknownFields: true },
  })
  streamRoutes(router, options)
  options.routes(router)
  const library = new Map(router.handlers.map((handler) => [handler.requestPath, handler]))
  const unary = createUnary(options)

  return {
    has: (path) => UNARY_RPCS.has(path) || library.has(path),
    refuse(req, res, path, error) {
      const method = UNARY_RPCS.get(path)?.rpc ?? library.get(path)?.method
      const wire = method === undefined ? undefined : wireOf(req, method.methodKind !== 'unary')
      if (wire === undefined) return false
      writeError(res, wire, toConnectError(error))
      return true
    },
    async handle(req, res, call) {
      const a2a = UNARY_RPCS.get(call.path)
      const method = a2a?.rpc ?? library.get(call.path)?.method
      if (method === undefined) return
      const streaming = method.methodKind !== 'unary'
      if (req.method !== 'POST') return reply(res, 405, { ...PRIVATE_HEADERS, allow: 'POST' })
      const wire = wireOf(req, streaming)
      if (wire === undefined) return reply(res, 415, { ...PRIVATE_HEADERS, 'accept-post': typesFor(streaming) })
      if (a2a !== undefined) return unary(req, res, wire, a2a, call)
      try {
        await byLibrary(req, res, wire, call)
      } catch (error) {
        const connectError = ConnectError.from(error)
        if (connectError.code !== Code.Aborted && connectError.code !== Code.Canceled) {
          options.onTransportError(connectError)
        }
        reply(res, 500, PRIVATE_HEADERS)
        res.end()
      }
    },
  }

  async function byLibrary(req: HttpRequest, res: HttpResponse, wire: RpcWire, call: Call): Promise<void> {
    const handler = library.get(call.path)
    if (handler === undefined) return
    const values = createContextValues().set(CALL, call)
    const request = universalRequestFromNodeRequest(req, res, undefined, values)
    const { header } = request
    header.set('content-type', wire.type)
    const { timeoutMs, error } = parseTimeout(header.get(timeoutHeader(wire)), wire)
    if (timeoutMs === undefined && error === undefined) header.delete(timeoutHeader(wire))
    const readLimits = HEALTH_PATHS.has(call.path) ? { ...limits, maxMessageBytes: MAX_HEALTH_BYTES } : limits
    const body = checkedBody(req, wire, handler.method, readLimits)
    // What comes out of there is not compressed any more.
    header.delete(wire.encodingHeader)
    await writeResponse(await handler({ ...request, body }), res as ServerResponse, limits)
  }
}

interface UniversalResponse {
  readonly status: number
  readonly header?: Headers
  readonly body?: AsyncIterable<Uint8Array>
  readonly trailer?: Headers
}

async function writeResponse(
  { status, header, body, trailer }: UniversalResponse,
  res: ServerResponse,
  limits: PacedLimits,
): Promise<void> {
  const chunks = body?.[Symbol.asyncIterator]()
  const out = new PacedWriter(res, limits)
  const head = () => {
    if (!res.headersSent && !out.gone) res.writeHead(status, plainHeaders(header))
  }
  try {
    while (chunks !== undefined) {
      const chunk = await chunks.next()
      if (chunk.done === true || out.gone) break
      // After the first read: until then an implementation may still set headers.
      head()
      await out.write(chunk.value)
      if (out.gone) break
    }
    if (out.gone) return
    head()
    if (trailer !== undefined) res.addTrailers(plainHeaders(trailer) as Record<string, string>)
    res.end()
  } finally {
    out.release()
    // Not awaited: a generator that waits for something ends when that does.
    chunks?.return?.()?.catch(() => {})
  }
}
