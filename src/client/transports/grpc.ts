/** gRPC over HTTP/2, in Node. */
import type { Transport as ConnectTransport, Interceptor } from '@connectrpc/connect'
import { A2AError } from '../../a2a/errors.js'
import type { AuthProvider } from '../auth/auth.js'
import type { ClientLimits } from '../limits.js'
import type { Transport } from '../transport.js'
import { connectCalls } from './connect-calls.js'
import { fromConnect } from './connect-errors.js'

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

/** @throws A2AError UNSUPPORTED_OPERATION not in Node, or `@connectrpc/connect-node` is not installed */
export async function grpcTransport({ url, auth, headers, limits }: GrpcOptions): Promise<Transport> {
  const { createGrpcTransport, Http2SessionManager } = await loadConnectNode()
  const sessionManager = new Http2SessionManager(url, { pingIntervalMs: PING_MS })
  const transport: ConnectTransport = createGrpcTransport({
    baseUrl: url,
    sessionManager,
    readMaxBytes: limits.answerBytes,
    interceptors: [withHeaders(headers), ...(auth === undefined ? [] : [withCredentials(auth)])],
  })
  return connectCalls('grpc', url, { transport, auth, close: () => sessionManager.abort() })
}

function withHeaders(headers: Readonly<Record<string, string>>): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) {
      if (!request.header.has(name)) request.header.set(name, value)
    }
    return next(request)
  }
}

function withCredentials(auth: AuthProvider): Interceptor {
  return (next) => async (request) => {
    const { url, signal } = request
    const add = async () => {
      const { headers = {} } = await auth.credentials({ url, signal })
      for (const [name, value] of Object.entries(headers)) request.header.set(name, value)
    }
    await add()
    try {
      return await next(request)
    } catch (thrown) {
      const error = fromConnect(thrown, url, signal)
      const refused = error instanceof A2AError && error.reason === 'UNAUTHENTICATED' && !request.stream
      if (!refused || (await auth.refresh?.({ url, signal, challenge: null })) !== true) throw thrown
      await add()
      return next(request)
    }
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
