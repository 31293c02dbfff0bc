/**
 * A connection to a webhook's host, and to no address that the policy refuses: not to one that its name has got since it
 * was registered, and not to one of several.
 *
 * Each attempt has a connection of its own. One that is kept would lead to where a name has led once; Node's agents are
 * left out, and with them the proxies of the environment.
 */
import { isIP, type LookupFunction, type Socket, connect as tcpConnect } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { addressesRefused, hostOf, type WebhookPolicy } from './webhook-policy.js'

/** The host has an address that webhooks may not reach; none of its addresses was connected to. */
export class BlockedAddressError extends Error {
  override readonly name = 'BlockedAddressError'
}

/**
 * @param url judged already
 * @param ca certificates of authorities (PEM) in place of the well-known ones
 */
export function connectToWebhook(url: URL, policy: WebhookPolicy, ca?: string): Socket {
  const host = hostOf(url)
  const lookup = guardedLookup(url, policy)
  const socket =
    url.protocol === 'http:'
      ? tcpConnect({ host, port: Number(url.port || 80), lookup })
      : tlsConnect({
          host,
          port: Number(url.port || 443),
          lookup,
          // Addresses have no server name (RFC 6066, section 3), and names end without a dot there.
          ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {}),
          ALPNProtocols: ['http/1.1'],
          minVersion: 'TLSv1.2',
          // Whatever the environment says.
          rejectUnauthorized: true,
          ...(ca === undefined ? {} : { ca }),
        })
  // Before anything else that waits for the connection: nothing may have been written to it.
  socket.prependOnceListener('connect', () => {
    const refused = addressesRefused(url, [socket.remoteAddress ?? ''], policy) !== undefined
    if (refused) socket.destroy(new BlockedAddressError('connected to an address that is not allowed'))
  })
  return socket
}

/** Addresses of a kind that are tried, one after the other: a name with hundreds would have us knock at each. */
const MAX_TRIED = 3

/** Looks a name up once and judges all that it has; what passes is what the connection is made to. */
function guardedLookup(url: URL, policy: WebhookPolicy): LookupFunction {
  return (host, options, callback) => {
    const answer = async () => {
      const addresses = await policy.resolve(host)
      if (addresses.length === 0) throw Object.assign(new Error('the host has no address'), { code: 'ENOTFOUND' })
      if (addressesRefused(url, addresses, policy) !== undefined) {
        throw new BlockedAddressError('the host has an address that is not allowed')
      }
      const all = addresses.map((address) => ({ address, family: isIP(address) }))
      return [4, 6].flatMap((family) => all.filter((one) => one.family === family).slice(0, MAX_TRIED))
    }
    answer().then(
      (found) => (options.all ? callback(null, found) : callback(null, found[0]?.address ?? '', found[0]?.family)),
      (error: NodeJS.ErrnoException) => callback(error, ''),
    )
  }
}
