/** The deadline that a caller sets with a header. */
import type { ConnectError } from '@connectrpc/connect'
import { parseTimeout as parseConnectTimeout } from '@connectrpc/connect/protocol-connect'
import { parseTimeout as parseGrpcTimeout } from '@connectrpc/connect/protocol-grpc'
import type { RpcWire } from './wire.js'

/** The longest deadline that is kept: what a timer of Node can hold, about 24 days. A longer one is as good as none. */
export const MAX_TIMEOUT_MS = 2_147_483_647

export function timeoutHeader({ protocol }: RpcWire): string {
  return protocol === 'connect' ? 'connect-timeout-ms' : 'grpc-timeout'
}

/** Milliseconds from now; absent when the caller has set no deadline that is kept. */
export function parseTimeout(
  value: string | undefined | null,
  { protocol }: RpcWire,
): { readonly timeoutMs?: number; readonly error?: ConnectError } {
  if (value === undefined || value === null) return {}
  const parse = protocol === 'connect' ? parseConnectTimeout : parseGrpcTimeout
  const { timeoutMs, error } = parse(value, Number.POSITIVE_INFINITY)
  if (error !== undefined) return { error }
  return timeoutMs === undefined || timeoutMs > MAX_TIMEOUT_MS ? {} : { timeoutMs }
}
