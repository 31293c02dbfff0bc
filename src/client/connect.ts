/** From a URL or a card to the client of one agent. */
import type { JsonObject } from '@bufbuild/protobuf'
import type { AgentCardJson } from '../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError } from '../a2a/errors.js'
import { AgentClient } from './agent-client.js'
import type { AuthProvider } from './auth/auth.js'
import { guarded } from './auth/guarded.js'
import { DEFAULT_RETRY, type RetryOptions } from './backoff.js'
import { Caller } from './caller.js'
import { chooseInterface } from './card/agent-interface.js'
import { sharedCards } from './card/card-cache.js'
import { discoverCard } from './card/discover.js'
import { interfaceUrl, originRules, readOrigins } from './card/origins.js'
import { readCardJson } from './card/read-card.js'
import { requireSendable } from './http/headers.js'
import { createSender } from './http/sender.js'
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './limits.js'
import type { ConnectOptions } from './options.js'
import { BOUND, MILLISECONDS, settings } from './settings.js'
import { openTransport } from './transports/open.js'

const DEFAULT_TIMEOUT_MS = 30_000

/**
 * A client of the agent.
 *
 * @param target the agent's URL (its base, its card, or an endpoint that its card names), or its card. A card that is
 *   given is trusted: it says where credentials are sent to.
 * @throws A2AError INVALID_PARAMS an option or the target is none; the violations say which
 * @throws A2AError UNAVAILABLE nothing answers at the URL
 * @throws A2AError METHOD_NOT_FOUND there is no agent card
 * @throws A2AError INVALID_AGENT_RESPONSE what is there is no agent card
 * @throws A2AError UNSUPPORTED_OPERATION no interface of the agent can be used; the message says why
 */
export async function connect(
  target: string | URL | AgentCardJson | JsonObject,
  options: ConnectOptions = {},
): Promise<AgentClient> {
  const limits = settings<ClientLimits>('limits', BOUND, DEFAULT_CLIENT_LIMITS, options.limits)
  const retry = settings<Required<RetryOptions>>('retry', MILLISECONDS, DEFAULT_RETRY, options.retry)
  const { timeoutMs } = settings('', MILLISECONDS, { timeoutMs: DEFAULT_TIMEOUT_MS }, options)
  const auth = options.auth === undefined ? undefined : guarded(options.auth)
  const { headers = {} } = options
  requireSendable(headers)
  const origins = readOrigins(options.origins ?? [])
  const url = typeof target === 'string' || target instanceof URL ? absolute(target) : undefined
  const card =
    url === undefined ? await readCardJson(target as JsonObject) : await fetchCard(url, limits, { ...options, auth })
  const rules = originRules(
    url,
    (card.supportedInterfaces ?? []).map((each) => each.url ?? ''),
    { origins, withCredentials: auth !== undefined || Object.keys(headers).length > 0 },
  )
  const chosen = chooseInterface(card, { transports: options.transports, mayCall: rules.mayCall })
  return new AgentClient(
    new Caller({
      transport: await openTransport(chosen, {
        protocol: url === undefined ? schemeOf(chosen.url) : new URL(url).protocol,
        rules,
        fetch: options.fetch ?? globalThis.fetch,
        auth,
        headers,
        limits,
      }),
      card,
      tenant: chosen.tenant,
      extensions: options.extensions ?? [],
      timeoutMs,
      retry,
      retrySends: options.retrySends,
      signal: options.signal,
    }),
  )
}

async function fetchCard(
  url: string,
  limits: ClientLimits,
  options: Omit<ConnectOptions, 'auth'> & { readonly auth: AuthProvider | undefined },
): Promise<AgentCardJson> {
  const { origin } = new URL(url)
  const { fetch = globalThis.fetch, auth, headers = {} } = options
  const found = await discoverCard(url, {
    send: createSender({ fetch, auth: undefined, origins: new Set(), headers }),
    sendWithCredentials:
      auth === undefined ? undefined : createSender({ fetch, auth, origins: new Set([origin]), headers }),
    // What one caller is shown for its headers is not for the next.
    cache: Object.keys(headers).length > 0 ? undefined : (options.cardCache ?? sharedCards),
    limits,
    signal: options.signal,
  })
  const checked = await options.verifyCard?.(found.card, found.raw)
  return checked === undefined ? found.card : readCardJson(checked as JsonObject)
}

/** Of a gRPC address in a card that was given: with TLS, unless it is this machine's. */
function schemeOf(address: string): string {
  const url = interfaceUrl(address, 'https:')
  return url !== undefined && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname) ? 'http:' : 'https:'
}

/** @throws A2AError INVALID_PARAMS */
function absolute(target: string | URL): string {
  const url = String(target)
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new A2AError('INVALID_PARAMS', `Not an HTTP URL: ${url}`, {
    violations: [{ field: 'target', description: 'must be an absolute http or https URL, or a card' }],
  })
}
