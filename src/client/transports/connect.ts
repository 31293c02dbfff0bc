/** The Connect protocol by `fetch`: in browsers too, with streams. */
import { createConnectTransport } from '@connectrpc/connect-web'
import { boundedConnect } from '../http/bounded-connect.js'
import type { Transport } from '../transport.js'
import { connectCalls } from './connect-calls.js'
import type { HttpTransportOptions } from './jsonrpc.js'

export function connectTransport({ url, send, limits }: HttpTransportOptions): Transport {
  const transport = createConnectTransport({
    baseUrl: url.replace(/\/+$/, ''),
    useBinaryFormat: true,
    fetch: boundedConnect(send, limits),
  })
  return connectCalls('connect', url, { transport })
}
