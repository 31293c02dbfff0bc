/** The transport of an interface. What not every caller needs is loaded when it is asked for. */
import type { AuthProvider } from '../auth/auth.js'
import type { ChosenInterface } from '../card/agent-interface.js'
import { interfaceUrl, type OriginRules } from '../card/origins.js'
import { createSender } from '../http/sender.js'
import type { ClientLimits } from '../limits.js'
import type { Transport } from '../transport.js'

export interface OpenOptions {
  /** Scheme of the card's URL, for interfaces that have none. */
  readonly protocol: string
  readonly rules: OriginRules
  readonly fetch: typeof fetch
  readonly auth: AuthProvider | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly limits: ClientLimits
}

/** @throws A2AError UNSUPPORTED_OPERATION the transport cannot be had here */
export async function openTransport(chosen: ChosenInterface, options: OpenOptions): Promise<Transport> {
  const { url, transport } = chosen
  const { fetch, auth, headers, limits, rules } = options
  const send = createSender({ fetch, auth, origins: rules.trusted, headers })
  switch (transport) {
    case 'jsonrpc':
      if (chosen.protocolVersion === '0.3') {
        return (await import('./jsonrpc-v0-3.js')).jsonRpcV03Transport({ url, send, limits })
      }
      return (await import('./jsonrpc.js')).jsonRpcTransport({ url, send, limits })
    case 'rest':
      return (await import('./rest.js')).restTransport({ url, send, limits })
    case 'connect': {
      const trusted = rules.trusted.has(new URL(url).origin)
      const { connectTransport } = await import('./connect.js')
      return connectTransport({ url, send, limits, auth: trusted ? auth : undefined })
    }
    case 'grpc': {
      const target = interfaceUrl(url, options.protocol)?.origin ?? url
      const { grpcTransport } = await import('./grpc.js')
      return grpcTransport({ url: target, auth: rules.trusted.has(target) ? auth : undefined, headers, limits })
    }
  }
}
