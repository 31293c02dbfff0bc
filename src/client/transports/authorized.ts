/** Credentials for a transport that knows none: with every call, and new ones when they were refused, once. */
import type { AuthProvider, Credentials } from '../auth/auth.js'
import { isUnauthenticated } from '../errors.js'
import type { StreamOperation, Transport, UnaryOperation, WireCall } from '../transport.js'

/** @param urlOf what the request of an operation is sent to */
export function authorized(
  transport: Transport,
  auth: AuthProvider,
  urlOf: (operation: UnaryOperation | StreamOperation) => string,
): Transport {
  const open = async (operation: UnaryOperation | StreamOperation, call: WireCall): Promise<Access> => {
    const credentials = await auth.credentials({ url: urlOf(operation), signal: call.signal })
    return { credentials, call: { ...call, headers: { ...call.headers, ...lowerCase(credentials.headers) } } }
  }
  /** Undefined when the error is final. */
  const renew = async (
    error: unknown,
    operation: UnaryOperation | StreamOperation,
    { credentials, call }: Access,
  ): Promise<Access | undefined> => {
    if (!isUnauthenticated(error)) return undefined
    const refused = { url: urlOf(operation), signal: call.signal, challenge: null, credentials }
    return (await auth.refresh?.(refused)) === true ? open(operation, call) : undefined
  }
  return {
    name: transport.name,
    protocolVersion: transport.protocolVersion,
    url: transport.url,
    async unary(operation, request, call) {
      const access = await open(operation, call)
      try {
        return await transport.unary(operation, request, access.call)
      } catch (error) {
        const again = await renew(error, operation, access)
        if (again === undefined) throw error
        return transport.unary(operation, request, again.call)
      }
    },
    async *stream(operation, request, call) {
      const access = await open(operation, call)
      let begun = false
      let again: Access | undefined
      try {
        for await (const item of transport.stream(operation, request, access.call)) {
          begun = true
          yield item
        }
      } catch (error) {
        again = begun ? undefined : await renew(error, operation, access)
        if (again === undefined) throw error
      }
      if (again !== undefined) yield* transport.stream(operation, request, again.call)
    },
    ...(transport.close === undefined ? {} : { close: transport.close }),
  }
}

interface Access {
  readonly credentials: Credentials
  readonly call: WireCall
}

function lowerCase(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
