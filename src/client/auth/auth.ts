/** Where the credentials of a client come from. Names and values only: which origins get them is the client's business. */

/** What is added to a request. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>
  /** Query parameters; not on gRPC. */
  readonly query?: Readonly<Record<string, string>>
}

export interface AuthRequest {
  readonly url: string
  readonly signal: AbortSignal
}

export interface AuthProvider {
  /** Asked before every request; should answer from memory as long as it can. */
  credentials(request: AuthRequest): Promise<Credentials> | Credentials
  /**
   * Told of a 401 with its `WWW-Authenticate`. True when there are new credentials: the request is then sent once more.
   */
  refresh?(request: AuthRequest & { readonly challenge: string | null }): Promise<boolean> | boolean
}

/** `Authorization: Bearer`; with a function it is asked before every request. */
export function bearer(token: string | (() => string | Promise<string>)): AuthProvider {
  return {
    async credentials() {
      return { headers: { authorization: `Bearer ${typeof token === 'string' ? token : await token()}` } }
    },
  }
}

export interface ApiKeyOptions {
  /** Name of the header or query parameter, as the card's security scheme has it. Default `x-api-key`. */
  readonly name?: string
  /** Default `header`. */
  readonly in?: 'header' | 'query'
}

export function apiKey(key: string, { name = 'x-api-key', in: place = 'header' }: ApiKeyOptions = {}): AuthProvider {
  return { credentials: () => (place === 'header' ? { headers: { [name]: key } } : { query: { [name]: key } }) }
}
