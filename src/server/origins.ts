/**
 * Who may talk to the server from where: the Host a request names, and the Origin a browser sends.
 *
 * A server on loopback is within reach of every page its user opens. A page that had its own name point to 127.0.0.1
 * (DNS rebinding) shows by its Host; a page that just sends requests shows by its Origin.
 */
import { cors as connectCors } from '@connectrpc/connect'
import { EXTENSIONS_HEADER, IDEMPOTENCY_HEADER, LAST_EVENT_ID_HEADER, VERSION_HEADER } from '../a2a/service-params.js'
import { type HttpRequest, type HttpResponse, header } from '../bindings/http/exchange.js'
import { Lru } from '../internal/lru.js'

export interface OriginOptions {
  /** Host names that requests may be addressed to, without a port; undefined allows all. */
  readonly allowedHosts: readonly string[] | undefined
  /** Origins whose pages may call, exactly as browsers send them: `https://app.example`. `*` allows all. */
  readonly corsOrigins: readonly string[]
  /** Headers with credentials that pages may send besides Authorization. */
  readonly credentialHeaders: readonly string[]
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])

/** True for an address that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127(?:\.\d{1,3}){3}$/.test(host)
}

const ALLOWED_HEADERS = [
  ...connectCors.allowedHeaders,
  'authorization',
  VERSION_HEADER,
  EXTENSIONS_HEADER,
  IDEMPOTENCY_HEADER,
  LAST_EVENT_ID_HEADER,
  'accept',
]
const EXPOSED_HEADERS = [...connectCors.exposedHeaders, EXTENSIONS_HEADER, 'www-authenticate', 'retry-after', 'etag']
const METHODS = 'GET, POST, DELETE, OPTIONS'
const PREFLIGHT_SECONDS = 7_200

export type OriginVerdict = 'ok' | 'preflight' | 'wrong host' | 'wrong origin'

/** Sets the CORS headers and says what is to become of the request. */
export function checkOrigin(req: HttpRequest, res: HttpResponse, options: OriginOptions): OriginVerdict {
  const host = header(req, ':authority') ?? header(req, 'host')
  const name = knownHostName(host)
  if (name === undefined || namesSeveralHosts(req)) return 'wrong host'
  if (options.allowedHosts !== undefined && !options.allowedHosts.includes(name)) return 'wrong host'
  const origin = header(req, 'origin')
  if (origin === undefined || sameOrigin(origin, host)) return 'ok'
  const all = options.corsOrigins.includes('*')
  if (!all && !options.corsOrigins.includes(origin)) return 'wrong origin'
  res.setHeader('access-control-allow-origin', all ? '*' : origin)
  if (!all) res.setHeader('vary', 'Origin')
  res.setHeader('access-control-expose-headers', EXPOSED_HEADERS.join(', '))
  if (req.method !== 'OPTIONS') return 'ok'
  res.setHeader('access-control-allow-methods', METHODS)
  res.setHeader('access-control-allow-headers', [...ALLOWED_HEADERS, ...options.credentialHeaders].join(', '))
  res.setHeader('access-control-max-age', String(PREFLIGHT_SECONDS))
  return 'preflight'
}

/** Almost all requests name one of a few. */
const hostNames = new Lru<string, string>(100)

/** As {@link hostName}; undefined for what no URL could have as its host. */
function knownHostName(host = ''): string | undefined {
  const known = hostNames.get(host)
  if (known !== undefined) return known
  if (host !== '' && !URL.canParse(`http://${host}`)) return undefined
  const name = hostName(host)
  hostNames.set(host, name)
  return name
}

/** Node takes the first of several Host headers; another server on the way might have taken another. */
function namesSeveralHosts({ httpVersionMajor, rawHeaders }: HttpRequest): boolean {
  if (httpVersionMajor !== 1) return false
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count > 1
}

function sameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
}

/** Without port and brackets, in lower case; empty when there is none. */
export function hostName(host: string | undefined): string {
  return (
    /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/
      .exec(host ?? '')
      ?.slice(1)
      .find(Boolean) ?? ''
  ).toLowerCase()
}
