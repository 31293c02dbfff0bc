/** How every HTTP request of this client leaves: with credentials for the origins that may have them, without redirects. */
import type { AuthProvider, Credentials } from '../auth/auth.js'
import { fetchDirectly } from './fetch-directly.js'

export interface SentRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>> | Headers
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly signal: AbortSignal
  /** Told of the credentials that the request carries, before it leaves. */
  onCredentials?(credentials: Credentials): void
}

/** Rejects with an A2AError when there is no answer or a redirect, or with the signal's reason. */
export type Sender = (url: string, request: SentRequest) => Promise<Response>

export interface SenderOptions {
  readonly fetch: typeof fetch
  /** A guarded one. */
  readonly auth: AuthProvider | undefined
  /** Origins that get the credentials. */
  readonly origins: ReadonlySet<string>
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
}

export function createSender({ fetch, auth, origins, headers }: SenderOptions): Sender {
  const sendWith = async (url: string, request: SentRequest, credentials: Credentials): Promise<Response> => {
    const target = new URL(url)
    for (const [name, value] of Object.entries(credentials.query ?? {})) target.searchParams.set(name, value)
    const all = new Headers(headers)
    new Headers(request.headers as Record<string, string>).forEach((value, name) => {
      all.set(name, value)
    })
    for (const [name, value] of Object.entries(credentials.headers ?? {})) all.set(name, value)
    return fetchDirectly(fetch, target, {
      method: request.method,
      headers: all,
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: request.signal,
    })
  }
  return async (url, request) => {
    if (auth === undefined || !origins.has(new URL(url).origin)) return sendWith(url, request, {})
    const { signal } = request
    const credentials = await auth.credentials({ url, signal })
    request.onCredentials?.(credentials)
    const response = await sendWith(url, request, credentials)
    if (response.status !== 401 || auth.refresh === undefined) return response
    const challenge = response.headers.get('www-authenticate')
    if (!(await auth.refresh({ url, signal, challenge, credentials }))) return response
    void response.body?.cancel().catch(() => {})
    const renewed = await auth.credentials({ url, signal })
    request.onCredentials?.(renewed)
    return sendWith(url, request, renewed)
  }
}
