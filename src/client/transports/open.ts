/** The transport of an interface. What not every caller needs is loaded when it is asked for. */
import type { ChosenInterface } from '../card/agent-interface.js'
import type { Sender } from '../http/sender.js'
import type { ClientLimits } from '../limits.js'
import type { Transport } from '../transport.js'
import { jsonRpcTransport } from './jsonrpc.js'

export interface OpenOptions {
  readonly send: Sender
  readonly limits: ClientLimits
}

export async function openTransport({ transport, url }: ChosenInterface, options: OpenOptions): Promise<Transport> {
  switch (transport) {
    case 'jsonrpc':
      return jsonRpcTransport({ url, ...options })
    default:
      throw new Error(`${transport} cannot be spoken yet`)
  }
}
