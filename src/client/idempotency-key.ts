/** The key by which a server finds the task of a message that it has taken before. */
import { IDEMPOTENCY_HEADER } from '../a2a/service-params.js'
import { randomId } from './ids.js'

/** The headers with a key: the one that is given, else the one that is among them, else a new one. */
export function withIdempotencyKey(
  headers: Readonly<Record<string, string>> = {},
  key?: string,
): Record<string, string> {
  const all = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { ...all, [IDEMPOTENCY_HEADER]: key ?? all[IDEMPOTENCY_HEADER] ?? randomId() }
}
