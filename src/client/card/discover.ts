/** Finding the card of an agent by a URL: the agent's base, the card itself, or an endpoint (A2A section 8.2). */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { AgentCardJson } from '../../../gen/lf/a2a/v1/a2a_pb.js'
import { A2AError, isA2AError } from '../../a2a/errors.js'
import { VERSION_HEADER } from '../../a2a/service-params.js'
import { openScope } from '../call-scope.js'
import { invalidAnswer, isTransient, peerError, reasonOfHttp, tooLarge } from '../errors.js'
import { parseJson, readText } from '../http/read-body.js'
import { retryAfterMs } from '../http/retry-after.js'
import type { Sender } from '../http/sender.js'
import type { ClientLimits } from '../limits.js'
import type { CachedCard, CardCache } from './card-cache.js'
import { readCardJson } from './read-card.js'

/** Below an agent's base: of A2A from 0.3 on, and of 0.2. */
export const CARD_PATHS = ['/.well-known/agent-card.json', '/.well-known/agent.json'] as const

export interface FoundCard {
  readonly card: AgentCardJson
  /** As it came, for the check of signatures. */
  readonly raw: JsonObject
  readonly url: string
}

export interface DiscoverOptions {
  /** Without credentials. */
  readonly send: Sender
  /** Used when a card is not public. */
  readonly sendWithCredentials: Sender | undefined
  /** Undefined when a card is neither taken from one nor kept. */
  readonly cache: CardCache | undefined
  readonly limits: ClientLimits
  readonly signal: AbortSignal | undefined
}

/**
 * @throws A2AError UNAVAILABLE nothing answers there
 * @throws A2AError METHOD_NOT_FOUND no card at any of the known paths
 * @throws A2AError INVALID_AGENT_RESPONSE what is there is no agent card
 * @throws A2AError what the first place was refused with, when there is no card at another
 */
export async function discoverCard(url: string, options: DiscoverOptions): Promise<FoundCard> {
  const places = cardPlaces(url)
  let first: unknown
  for (const place of places) {
    try {
      const found = await readCard(place.url, options)
      if (found === undefined) continue
      // A card of the whole host is that of this endpoint only when it says so: there may be many agents on a host.
      if (place.ofHost && !namesEndpoint(found.card, url)) continue
      return found
    } catch (error) {
      if (!isOfPlace(error)) throw error
      first ??= error
    }
  }
  if (first !== undefined) throw first
  throw new A2AError(
    'METHOD_NOT_FOUND',
    `No agent card found for ${url}; tried ${places.map((place) => place.url).join(', ')}`,
  )
}

/** Gateways answer for paths that they do not know with a page, or with a refusal: the card may be at the next place. */
function isOfPlace(error: unknown): boolean {
  return isA2AError(error) && error.reason !== 'DEADLINE_EXCEEDED' && !isTransient(error)
}

function cardPlaces(url: string): { url: string; ofHost: boolean }[] {
  const { origin, pathname, search } = new URL(url)
  if (pathname.endsWith('.json')) return [{ url, ofHost: false }]
  const base = pathname.replace(/\/+$/, '')
  const own = CARD_PATHS.map((path) => ({ url: `${origin}${base}${path}${search}`, ofHost: false }))
  return base === '' ? own : [...own, ...CARD_PATHS.map((path) => ({ url: `${origin}${path}`, ofHost: true }))]
}

function namesEndpoint({ supportedInterfaces = [] }: AgentCardJson, url: string): boolean {
  const bare = (text: string) => text.replace(/[/?#]+$/, '')
  return supportedInterfaces.some((each) => bare(each.url ?? '') === bare(url))
}

/** Undefined when there is none at this place. */
async function readCard(url: string, options: DiscoverOptions): Promise<FoundCard | undefined> {
  const cached = options.cache?.get(url)
  if (cached !== undefined && cached.freshUntil > Date.now()) return await fromText(url, cached.text)
  const scope = openScope([options.signal], options.limits.cardTimeoutMs)
  try {
    const request = {
      method: 'GET',
      headers: {
        accept: 'application/json, application/a2a+json',
        [VERSION_HEADER]: '1.0',
        ...(cached?.etag === undefined ? {} : { 'if-none-match': cached.etag }),
      },
      signal: scope.signal,
    }
    let response = await options.send(url, request)
    let isPublic = true
    if ((response.status === 401 || response.status === 403) && options.sendWithCredentials !== undefined) {
      void response.body?.cancel().catch(() => {})
      response = await options.sendWithCredentials(url, request)
      isPublic = false
    }
    if (response.status === 304 && cached !== undefined) {
      if (isPublic) options.cache?.set(url, { ...cached, freshUntil: freshUntil(response) })
      return await fromText(url, cached.text)
    }
    const { cardBytes } = options.limits
    const text = await readText(response, {
      maxBytes: cardBytes,
      signal: scope.signal,
      tooLarge: () => tooLarge('The agent card', cardBytes, 'cardBytes'),
    })
    if (response.status === 404 || response.status === 405 || response.status === 410) return undefined
    if (!response.ok) throw refused(url, response)
    const found = await fromText(url, text)
    // What one caller was allowed to see is not for the next.
    if (isPublic && mayKeep(response)) options.cache?.set(url, remembered(response, text))
    return found
  } finally {
    scope.close()
  }
}

function remembered(response: Response, text: string): CachedCard {
  const etag = response.headers.get('etag')
  return { text, freshUntil: freshUntil(response), ...(etag === null ? {} : { etag }) }
}

/** A cache may be shared by all callers of the process, or by more. */
function mayKeep({ headers }: Response): boolean {
  return !/(?:^|[\s,])(?:private|no-store)/i.test(headers.get('cache-control') ?? '')
}

/** RFC 9111 as far as a card needs it. */
function freshUntil({ headers }: Response): number {
  const control = (headers.get('cache-control') ?? '').toLowerCase()
  if (control.includes('no-cache')) return 0
  const seconds = Number(/max-age=(\d+)/.exec(control)?.[1] ?? 0) - Number(headers.get('age') ?? 0)
  return Date.now() + Math.max(0, seconds) * 1_000
}

async function fromText(url: string, text: string): Promise<FoundCard> {
  const raw = parseCard(text, url)
  return { url, raw, card: await readCardJson(raw) }
}

function parseCard(text: string, url: string): JsonObject {
  let json: JsonValue
  try {
    json = parseJson(text)
  } catch (error) {
    throw invalidAnswer(`no agent card at ${url}`, isA2AError(error) ? error.cause : error)
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalidAnswer(`no agent card at ${url}`)
  return json
}

function refused(url: string, response: Response): A2AError {
  const retryMs = retryAfterMs(response.headers)
  return peerError({
    message: `The agent card at ${url} was answered with HTTP status ${response.status}`,
    fallback: reasonOfHttp(response.status),
    ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }),
  })
}
