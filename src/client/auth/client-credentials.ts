/** OAuth 2.0 client credentials (RFC 6749, section 4.4): one token for all calls, until it is about to expire. */
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { A2AError, isA2AError } from '../../a2a/errors.js'
import { openScope, unlessAborted } from '../call-scope.js'
import { tooLarge } from '../errors.js'
import { fetchDirectly } from '../http/fetch-directly.js'
import { parseJson, readText } from '../http/read-body.js'
import type { AuthProvider } from './auth.js'

/** The token endpoint and what is sent to it (RFC 6749, section 4.4). */
export interface ClientCredentialsOptions {
  /** HTTPS, or on this machine. */
  readonly tokenUrl: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes?: readonly string[]
  /** Further parameters, such as `audience` or `resource`. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Where the secret goes: in the `Authorization` header (RFC 6749, section 2.3.1) or in the body. Default `header`. */
  readonly secretIn?: 'header' | 'body'
  /** Milliseconds for one request of a token. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: the global one. */
  readonly fetch?: typeof fetch
}

interface Token {
  readonly value: string
  /** Milliseconds since 1970 from which a new one is asked for. */
  readonly renewAt: number
}

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 65_536
/** What a token is worth whose lifetime is not said. */
const DEFAULT_SECONDS = 300
/** A token is renewed this long before its end; one that lives shorter than ten times that, at nine tenths of its life. */
const MARGIN_MS = 30_000

/**
 * @throws A2AError INVALID_PARAMS a token URL that would show the secret to the network
 */
export function clientCredentials(options: ClientCredentialsOptions): AuthProvider {
  const { tokenUrl, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  requireSafe(tokenUrl)
  let token: Token | undefined
  let asking: Promise<Token> | undefined

  /** One request at a time, for all who wait: none of them may end it for the others. */
  const ask = (): Promise<Token> => {
    asking ??= requestToken(options, timeoutMs)
      .then((fresh) => {
        token = fresh
        return fresh
      })
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  return {
    async credentials({ signal }) {
      const current = token !== undefined && token.renewAt > Date.now() ? token : undefined
      const { value } = current ?? (await unlessAborted(ask(), signal))
      return { headers: { authorization: `Bearer ${value}` } }
    },
    refresh({ credentials }) {
      // Many calls may have had the same token refused: the first to say so has a new one fetched.
      if (token !== undefined && credentials.headers?.authorization === `Bearer ${token.value}`) token = undefined
      return true
    },
  }
}

async function requestToken(options: ClientCredentialsOptions, timeoutMs: number): Promise<Token> {
  const { tokenUrl, fetch = globalThis.fetch } = options
  const scope = openScope([], timeoutMs)
  try {
    const asked = Date.now()
    const request = { method: 'POST', ...tokenRequest(options), signal: scope.signal }
    const response = await fetchDirectly(fetch, new URL(tokenUrl), request)
    const text = await readText(response, {
      maxBytes: MAX_ANSWER_BYTES,
      signal: scope.signal,
      tooLarge: () => tooLarge('The token', MAX_ANSWER_BYTES, 'token'),
    })
    if (response.status >= 500) throw new A2AError('UNAVAILABLE', `The token server answered ${response.status}`)
    return readToken(objectIn(text), asked)
  } finally {
    scope.close()
  }
}

function tokenRequest({ clientId, clientSecret, scopes, parameters, secretIn = 'header' }: ClientCredentialsOptions): {
  headers: Record<string, string>
  body: URLSearchParams
} {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...parameters })
  if (scopes !== undefined && scopes.length > 0) body.set('scope', scopes.join(' '))
  const headers: Record<string, string> = { accept: 'application/json' }
  if (secretIn === 'body') {
    body.set('client_id', clientId)
    body.set('client_secret', clientSecret)
  } else {
    headers.authorization = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`
  }
  return { headers, body }
}

function readToken(answer: JsonObject, asked: number): Token {
  const { access_token: value, expires_in: seconds, token_type: type, error } = answer
  if (typeof value !== 'string' || value === '') {
    const why = typeof error === 'string' ? error : 'no access_token'
    throw new A2AError('UNAUTHENTICATED', `The token server gave no token: ${why}`)
  }
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer') {
    throw new A2AError('UNAUTHENTICATED', `The token server gave a token of type ${type}, not Bearer`)
  }
  const lifeMs = 1_000 * (Number(seconds) > 0 ? Number(seconds) : DEFAULT_SECONDS)
  return { value, renewAt: asked + Math.max(lifeMs - MARGIN_MS, lifeMs * 0.9) }
}

function objectIn(text: string): JsonObject {
  let json: JsonValue | undefined
  try {
    json = parseJson(text)
  } catch (error) {
    if (!isA2AError(error)) throw error
  }
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {}
}

/** As RFC 6749 wants it in the header: a form's encoding. */
function formEncoded(text: string): string {
  return new URLSearchParams({ v: text }).toString().slice(2)
}

function requireSafe(tokenUrl: string): void {
  const url = URL.canParse(tokenUrl) ? new URL(tokenUrl) : undefined
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '')
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && local)) return
  throw new A2AError('INVALID_PARAMS', 'Invalid parameters: tokenUrl: must be an https URL', {
    violations: [{ field: 'tokenUrl', description: 'must be an https URL' }],
  })
}
