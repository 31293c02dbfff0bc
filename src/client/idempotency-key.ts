/** The key by which a server finds the task of a message that it has taken before. */
import { IDEMPOTENCY_HEADER } from '../a2a/service-params.js'
import { randomId } from './ids.js'

type Headers = Readonly<Record<string, string>>

/** The headers with a key: the one that is given, else the one that is among them, else a new one. */
export function withIdempotencyKey(headers: Headers = {}, key?: string): Headers {
  const others = Object.entries(headers).filter(([name]) => name.toLowerCase() !== IDEMPOTENCY_HEADER)
  const own = Object.entries(headers).find(([name]) => name.toLowerCase() === IDEMPOTENCY_HEADER)?.[1]
  return { ...Object.fromEntries(others), [IDEMPOTENCY_HEADER]: key ?? own ?? randomId() }
}
