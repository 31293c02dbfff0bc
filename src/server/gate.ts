/** Who may come in: every request is authenticated here, once, before anything of it but its headers is looked at. */
import { A2AError, unavailable } from '../a2a/errors.js'
import type { Authentication } from '../auth/authentication.js'
import { AuthenticationUnavailable, type CredentialRequest } from '../auth/authenticator.js'
import type { HttpRequest } from '../bindings/http/exchange.js'
import { onAbort } from '../internal/abort.js'
import type { Logger } from '../internal/logger.js'
import { type CallerIdentity, LOCAL_CALLER } from '../service/call-context.js'

/**
 * The caller of a request.
 *
 * @param path without the query
 * @param signal aborts when the caller has gone
 * @throws A2AError UNAUTHENTICATED, the same whatever is wrong; UNAVAILABLE when nobody can tell now
 */
export type Gate = (req: HttpRequest, path: string, signal: AbortSignal) => Promise<CallerIdentity>

export interface GateOptions {
  readonly logger: Logger
  /** How long authenticating a request may take, in milliseconds. */
  readonly authenticateMs: number
}

/** Where nobody has to authenticate. */
export const openGate: Gate = () => Promise.resolve(LOCAL_CALLER)

export function createGate(auth: Authentication, { logger, authenticateMs }: GateOptions): Gate {
  return async (req, path, gone) => {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(new Error(`it took longer than ${authenticateMs} ms`)), authenticateMs)
    const off = onAbort(gone, () => stop.abort(gone.reason))
    const refusals: string[] = []
    try {
      const request = credentialRequest(req, path, stop.signal)
      const known = await orAborted(
        auth.authenticate(request, (why) => refusals.push(why)),
        stop.signal,
      )
      if (known !== undefined) {
        const { principal, tenant = '', roles = [], scopes = [] } = known.identity
        return { principal, tenant, roles: [...roles], credential: { schemes: known.schemes, scopes: [...scopes] } }
      }
    } catch (error) {
      if (error instanceof AuthenticationUnavailable) logger.debug({ path, why: error.message }, 'caller not known now')
      else if (!gone.aborted) logger.error({ path, err: error }, 'callers cannot be authenticated')
      throw unavailable('Callers cannot be authenticated now; try again', error)
    } finally {
      clearTimeout(timer)
      off()
    }
    logger.debug({ path, why: refusals }, 'caller refused')
    throw new A2AError('UNAUTHENTICATED', 'A valid credential is needed; the public agent card says which', {
      metadata: { challenge: auth.challenge },
    })
  }
}

function credentialRequest(req: HttpRequest, path: string, signal: AbortSignal): CredentialRequest {
  return {
    method: req.method ?? '',
    path,
    header: (name) => onlyHeader(req, name.toLowerCase()),
    remoteAddress: req.socket?.remoteAddress,
    signal,
  }
}

/** Of a header that comes twice, another server on the way might have taken the other. */
function onlyHeader({ headers, rawHeaders }: HttpRequest, name: string): string | undefined {
  const value = headers[name]
  if (typeof value !== 'string') return undefined
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === name) count += 1
  return count === 1 ? value : undefined
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let off = () => {}
  const aborted = new Promise<never>((_, reject) => {
    off = onAbort(signal, () => reject(signal.reason))
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    off()
  }
}
