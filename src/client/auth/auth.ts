/** Where the credentials of a client come from. Names and values only: which origins get them is the client's business. */

/** What is added to a request. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>
  /** Query parameters; not on gRPC. */
  readonly query?: Readonly<Record<string, string>>
}

/** The request that is about to be sent. */
export interface AuthRequest {
  readonly url: string
  readonly signal: AbortSignal
}

/** A request whose credentials were refused. */
export interface RefusedRequest extends AuthRequest {
  /** The header `WWW-Authenticate`; null where there is none. */
  readonly challenge: string | null
  /** What was sent, which another call may have renewed since. */
  readonly credentials: Credentials
}

/** Gives each request its credentials, and new ones when the server has refused them. */
export interface AuthProvider {
  /** Asked before every request; should answer from memory as long as it can. */
  credentials(request: AuthRequest): Promise<Credentials> | Credentials
  /**
   * Told of a 401 with its `WWW-Authenticate`, and of the credentials that were refused. True when there are others now:
   * the request is then sent once more.
   */
  refresh?(request: RefusedRequest): Promise<boolean> | boolean
}

/** `Authorization: Bearer`; with a function it is asked before every request. */
export function bearer(token: string | (() => string | Promise<string>)): AuthProvider {
  return {
    async credentials() {
      return { headers: { authorization: `Bearer ${typeof token === 'string' ? token : await token()}` } }
    },
  }
}

/** Where the key goes. */
export interface ApiKeyOptions {
  /** Name of the header or query parameter, as the card's security scheme has it. Default `x-api-key`. */
  readonly name?: string
  /** Default `header`. */
  readonly in?: 'header' | 'query'
}

/** An API key in a header or in the query. */
export function apiKey(key: string, { name = 'x-api-key', in: place = 'header' }: ApiKeyOptions = {}): AuthProvider {
  return { credentials: () => (place === 'header' ? { headers: { [name]: key } } : { query: { [name]: key } }) }
}
