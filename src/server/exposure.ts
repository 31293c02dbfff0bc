/** A server that anybody can reach and everybody may use is not started by accident. */
import { AuthenticationConfigError } from '../auth/authenticator.js'
import { DEFAULT_HOST } from './addresses.js'
import { isLoopback } from './origins.js'

export interface ExposureOptions {
  readonly host?: string
  readonly authenticate?: unknown
  readonly allowUnauthenticated?: boolean
}

/** @throws AuthenticationConfigError other machines can reach it, and nobody has to authenticate */
export function requireSafeExposure({ host = DEFAULT_HOST, ...options }: ExposureOptions): void {
  if (options.authenticate !== undefined || options.allowUnauthenticated === true || isLoopback(host)) return
  throw new AuthenticationConfigError(
    `host ${host} can be reached from other machines, and callers do not have to authenticate: set authenticate ` +
      '(--api-keys-file, --jwt-issuer), or allowUnauthenticated (--allow-unauthenticated) if something in front does it',
  )
}
