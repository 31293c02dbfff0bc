/** A provider of the caller's, as the client may rely on it: in bounded time, with what can be sent. */
import { A2AError } from '../../a2a/errors.js'
import { unlessAborted } from '../call-scope.js'
import { isSendable } from '../http/headers.js'
import type { AuthProvider, Credentials } from './auth.js'

/** Errors of the provider are its own, and passed on as they are. Whatever it does, the call's signal ends the wait. */
export function guarded(auth: AuthProvider): AuthProvider {
  return {
    async credentials(request) {
      return checked(await unlessAborted(auth.credentials(request), request.signal))
    },
    async refresh(request) {
      if (auth.refresh === undefined) return false
      return (await unlessAborted(auth.refresh(request), request.signal)) === true
    },
  }
}

function checked(credentials: Credentials): Credentials {
  if (typeof credentials !== 'object' || credentials === null) {
    throw new A2AError('UNAUTHENTICATED', 'The auth provider returned no credentials object')
  }
  for (const [name, value] of Object.entries(credentials.headers ?? {})) {
    // The value is a secret, and is not shown.
    if (!isSendable(name, value)) {
      throw new A2AError('UNAUTHENTICATED', `The auth provider returned a header ${name} that cannot be sent`)
    }
  }
  return credentials
}
