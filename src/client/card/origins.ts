/** Where a card may lead this client: a card is written by its agent, and must not aim requests or credentials elsewhere. */
import { invalidParams } from '../../a2a/errors.js'

export interface OriginRules {
  /** Origins that get the credentials. */
  readonly trusted: ReadonlySet<string>
  mayCall(url: string): boolean
}

/**
 * Interfaces on the host that the caller named may be called, and those on `origins`. With credentials it has to be the
 * very origin: another port can be another party. HTTPS is never left for HTTP.
 *
 * @param base what the caller named; undefined when the card itself was given, which then names the origins
 */
export function originRules(
  base: string | undefined,
  interfaces: readonly string[],
  { origins, withCredentials }: { origins: readonly string[]; withCredentials: boolean },
): OriginRules {
  const trusted = new Set(origins)
  if (base === undefined) {
    for (const url of interfaces) {
      for (const protocol of ['https:', 'http:']) {
        const target = interfaceUrl(url, protocol)
        if (target !== undefined) trusted.add(target.origin)
      }
    }
    return { trusted, mayCall: () => true }
  }
  const named = new URL(base)
  trusted.add(named.origin)
  return {
    trusted,
    mayCall(url) {
      const target = interfaceUrl(url, named.protocol)
      if (target === undefined) return false
      if (trusted.has(target.origin)) return true
      if (withCredentials || target.hostname !== named.hostname) return false
      return named.protocol !== 'https:' || target.protocol === 'https:'
    },
  }
}

/**
 * What a caller has named as origins.
 *
 * @throws A2AError INVALID_PARAMS
 */
export function readOrigins(texts: readonly string[]): string[] {
  const wrong = texts.filter((text) => !isHttp(text)).map((text) => `${JSON.stringify(text)} is no origin`)
  if (wrong.length === 0) return texts.map((text) => new URL(text).origin)
  throw invalidParams([{ field: 'origins', description: `must be such as https://api.example: ${wrong.join(', ')}` }])
}

/**
 * The URL of an interface; gRPC ones are `host:port` without a scheme (A2A section 8.3.1) and take the card's.
 */
export function interfaceUrl(url: string, protocol: string): URL | undefined {
  const full = isHttp(url) ? url : /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? '' : `${protocol}//${url}`
  return URL.canParse(full) ? new URL(full) : undefined
}

/** An absolute URL of HTTP or HTTPS. */
export function isHttp(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url)
}
