/** A request to where it was aimed at, and nowhere else: a redirect could carry a credential or a message to somebody else. */
import { A2AError } from '../../a2a/errors.js'
import { unlessAborted } from '../call-scope.js'
import { connectionLost } from '../errors.js'

/**
 * @throws A2AError UNAVAILABLE no answer
 * @throws A2AError INVALID_AGENT_RESPONSE a redirect, which is not followed
 */
export async function fetchDirectly(
  fetch: typeof globalThis.fetch,
  target: URL,
  init: RequestInit & { readonly signal: AbortSignal },
): Promise<Response> {
  let response: Response
  try {
    // `manual` and not `error`: that one looks like a lost connection, which may come back.
    response = await unlessAborted(fetch(target, { ...init, redirect: 'manual' }), init.signal)
  } catch (error) {
    init.signal.throwIfAborted()
    throw connectionLost(target.href, error)
  }
  if (!isRedirect(response)) return response
  void response.body?.cancel().catch(() => {})
  throw redirected(target, response.headers.get('location'))
}

/** Browsers hide what a redirect says. */
function isRedirect({ type, status }: Response): boolean {
  return type === 'opaqueredirect' || REDIRECTS.has(status)
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

function redirected({ origin, href }: URL, location: string | null): A2AError {
  const elsewhere = location !== null && URL.canParse(location, href) ? ` to ${bare(new URL(location, href))}` : ''
  return new A2AError('INVALID_AGENT_RESPONSE', `${origin} redirects${elsewhere}; redirects are not followed`)
}

/** Without a query, which may hold a secret. */
function bare({ origin, pathname }: URL): string {
  return `${origin}${pathname}`
}
