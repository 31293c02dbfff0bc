/** The Connect protocol by `fetch`: in browsers too, with streams. */
import type { Transport as ConnectTransport } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-web'
import type { AuthProvider } from '../auth/auth.js'
import { boundedConnect } from '../http/bounded-connect.js'
import type { Sender } from '../http/sender.js'
import type { Transport } from '../transport.js'
import { connectCalls } from './connect-calls.js'
import type { HttpTransportOptions } from './jsonrpc.js'

export interface ConnectTransportOptions extends HttpTransportOptions {
  /** Undefined when this place may not have credentials. */
  readonly auth: AuthProvider | undefined
}

export function connectTransport({ url, send, auth, limits }: ConnectTransportOptions): Transport {
  const open = (from: Sender): ConnectTransport =>
    createConnectTransport({
      baseUrl: url.replace(/\/+$/, ''),
      useBinaryFormat: true,
      fetch: boundedConnect(from, limits),
    })
  return connectCalls('connect', url, {
    unary: open(send).unary,
    stream: (onCredentials) => open((to, request) => send(to, { ...request, onCredentials })).stream,
    watchesBytes: true,
    limits,
    auth,
  })
}
