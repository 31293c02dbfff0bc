/** The Connect protocol by `fetch`: in browsers too, with streams. */
import { createConnectTransport } from '@connectrpc/connect-web'
import type { AuthProvider } from '../auth/auth.js'
import { boundedConnect } from '../http/bounded-connect.js'
import type { Transport } from '../transport.js'
import { connectCalls } from './connect-calls.js'
import type { HttpTransportOptions } from './jsonrpc.js'

export interface ConnectTransportOptions extends HttpTransportOptions {
  /** Undefined when this place may not have credentials. */
  readonly auth: AuthProvider | undefined
}

export function connectTransport({ url, send, auth, limits }: ConnectTransportOptions): Transport {
  const transport = createConnectTransport({
    baseUrl: url.replace(/\/+$/, ''),
    useBinaryFormat: true,
    fetch: boundedConnect(send, limits),
  })
  return connectCalls('connect', url, { transport, auth })
}
