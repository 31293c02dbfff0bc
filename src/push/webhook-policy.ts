/**
 * Where webhooks may go. What a caller names is fetched by this server, so it must lead out to the public internet, by
 * https, unless the operator has allowed its address (`--webhook-allow`).
 *
 * A URL is judged when it is registered and again at each attempt; the addresses of its host once more when a connection
 * is made (`webhook-agent.ts`), for a name may lead elsewhere by then.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { withDeadline } from '../internal/abort.js'
import { type AddressRange, addressRange, isPublicAddress, isWithin } from './webhook-addresses.js'

export interface WebhookPolicy {
  /** Addresses beyond the public ones that may be reached, also by http and at any port. */
  readonly allow: readonly AddressRange[]
  readonly resolve: Resolve
}

/** All addresses of a host. Rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * @param allow addresses and ranges such as `127.0.0.1` or `10.0.0.0/8`; none: only public addresses
 * @param resolve default: as the system resolves names
 * @throws TypeError for an entry that is neither
 */
export function webhookPolicy(allow: readonly string[] = [], resolve: Resolve = resolveBySystem): WebhookPolicy {
  return { allow: allow.map(addressRange), resolve }
}

/** Why a webhook is refused: a sentence for the caller, which tells nothing of what this server can see. */
export interface Refusal {
  readonly refused: string
}

/** Its host's name leads nowhere, now. Each attempt looks again. */
export interface Unresolved {
  readonly unresolved: true
}

/** Characters of a URL. Longer ones are refused. */
export const MAX_WEBHOOK_URL = 2_048
/** Milliseconds that the addresses of a host may take to find. */
const RESOLVE_MS = 5_000

const HTTP_NEEDS_LEAVE = 'it must begin with https://'
export const NOT_PUBLIC = 'its host has no address, or not only addresses, that webhooks may reach'

/**
 * All that can be said without looking up its host: form, scheme, port, and the address when it names one.
 * A URL with http and a name passes where addresses are allowed, for its addresses decide.
 */
export function judgeWebhookUrl(text: string, policy: WebhookPolicy): { url: URL } | Refusal {
  if (text.length > MAX_WEBHOOK_URL) return { refused: `it is longer than ${MAX_WEBHOOK_URL} characters` }
  // URL parsers drop or turn these, so that two readers of one text see two hosts.
  if (/[\p{Cc}\s\\]/u.test(text)) return { refused: 'it has white space, a control character or a backslash in it' }
  const url = URL.parse(text)
  if (url === null) return { refused: 'it is not an absolute URL' }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { refused: HTTP_NEEDS_LEAVE }
  if (url.username !== '' || url.password !== '') return { refused: 'it has a user name or a password in it' }
  const host = hostOf(url)
  if (host === '') return { refused: 'it has no host' }
  if (isIP(host) !== 0) return addressesRefused(url, [host], policy) ?? { url }
  if (policy.allow.length > 0) return { url }
  return publicUrlRefused(url) ?? { url }
}

/**
 * The whole judgement: that of {@link judgeWebhookUrl}, and of every address that its host has now.
 *
 * @throws the signal's reason when it aborts
 */
export async function checkWebhookTarget(
  text: string,
  policy: WebhookPolicy,
  signal?: AbortSignal,
): Promise<{ url: URL } | Refusal | Unresolved> {
  signal?.throwIfAborted()
  const verdict = judgeWebhookUrl(text, policy)
  if ('refused' in verdict) return verdict
  const { url } = verdict
  const host = hostOf(url)
  if (isIP(host) !== 0) return verdict
  try {
    const addresses = await withDeadline(policy.resolve(host), RESOLVE_MS, 'looking up a host', signal)
    return addressesRefused(url, addresses, policy) ?? { url }
  } catch {
    signal?.throwIfAborted()
    return { unresolved: true }
  }
}

/** Undefined when this URL may be fetched from all of these addresses. None at all: refused. */
export function addressesRefused(url: URL, addresses: readonly string[], policy: WebhookPolicy): Refusal | undefined {
  if (addresses.length > 0 && addresses.every((address) => isWithin(address, policy.allow))) return undefined
  const open = addresses.filter((address) => !isWithin(address, policy.allow))
  if (open.length === 0 || !open.every(isPublicAddress)) return { refused: NOT_PUBLIC }
  return publicUrlRefused(url)
}

/** The host as it is looked up: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
}

/** What holds for a URL whose host is on the public internet. */
function publicUrlRefused(url: URL): Refusal | undefined {
  if (url.protocol !== 'https:') return { refused: HTTP_NEEDS_LEAVE }
  const port = url.port === '' ? 443 : Number(url.port)
  // Below are the ports of mail, shells and the like, which a webhook is no client of.
  return port === 443 || port >= 1_024 ? undefined : { refused: `its port is ${port}, neither 443 nor above 1023` }
}

/** Libuv gives such look-ups at most half of its threads, so slow name servers cannot take them all. */
async function resolveBySystem(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}
