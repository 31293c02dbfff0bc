/** gRPC over HTTP/2, in Node. */
import type { Transport as ConnectTransport, Interceptor } from '@connectrpc/connect'
import { A2AService } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../../a2a/errors.js'
import type { AuthProvider } from '../auth/auth.js'
import type { ClientLimits } from '../limits.js'
import type { Transport } from '../transport.js'
import { authorized } from './authorized.js'
import { connectCalls } from './connect-calls.js'

export interface GrpcOptions {
  /** With a scheme. */
  readonly url: string
  /** Undefined when this place may not have them. */
  readonly auth: AuthProvider | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly limits: ClientLimits
}

/** Milliseconds after which a quiet connection is asked for a sign of life. */
const PING_MS = 15_000
/** The most that the length of a gRPC message can say. */
const MAX_MESSAGE_BYTES = 2 ** 32 - 1

/** @throws A2AError UNSUPPORTED_OPERATION not in Node, or `@connectrpc/connect-node` is not installed */
export async function grpcTransport({ url, auth, headers, limits }: GrpcOptions): Promise<Transport> {
  const { createGrpcTransport, Http2SessionManager } = await loadConnectNode()
  const sessionManager = new Http2SessionManager(url, { pingIntervalMs: PING_MS })
  const open = (readMaxBytes: number): ConnectTransport =>
    createGrpcTransport({
      baseUrl: url,
      sessionManager,
      readMaxBytes: Math.min(readMaxBytes, MAX_MESSAGE_BYTES),
      interceptors: [withHeaders(headers)],
    })
  const calls = connectCalls('grpc', url, {
    unary: open(limits.answerBytes).unary,
    stream: () => open(limits.eventBytes).stream,
    watchesBytes: false,
    limits,
    close: () => sessionManager.abort(),
  })
  const urlOf = (operation: keyof typeof A2AService.method) =>
    `${url}/${A2AService.typeName}/${A2AService.method[operation].name}`
  return auth === undefined ? calls : authorized(calls, auth, urlOf)
}

function withHeaders(headers: Readonly<Record<string, string>>): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) {
      if (!request.header.has(name)) request.header.set(name, value)
    }
    return next(request)
  }
}

async function loadConnectNode(): Promise<typeof import('@connectrpc/connect-node')> {
  try {
    return await load('@connectrpc/connect-node')
  } catch (cause) {
    throw new A2AError('UNSUPPORTED_OPERATION', 'gRPC needs Node and the package @connectrpc/connect-node', { cause })
  }
}

/** By a name that bundlers do not see: it is for Node alone, and a bundle for browsers must not look for it. */
function load(name: string): Promise<typeof import('@connectrpc/connect-node')> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name)
}
