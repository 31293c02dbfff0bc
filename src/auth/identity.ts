/** What names and tenants of callers may look like: they become owners of tasks and parts of workflow ids. */
import { idProblem, LOCAL_PRINCIPAL } from '../a2a/ids.js'
import type { Identity } from './authenticator.js'

/** Bytes of a tenant as it is written in a workflow id, which has 255 in all. */
export const MAX_TENANT_BYTES = 56

/** Why nobody can have this identity, or undefined when it is fine. */
export function identityProblem({ principal, tenant = '', roles = [], scopes = [] }: Identity): string | undefined {
  if (typeof principal !== 'string' || principal === '') return 'principal must be a string that is not empty'
  if (principal === LOCAL_PRINCIPAL) return `principal ${LOCAL_PRINCIPAL} is that of callers without a credential`
  if (typeof tenant !== 'string') return 'tenant must be a string'
  for (const [name, value] of Object.entries({ principal, tenant })) {
    const problem = idProblem(value)
    if (problem !== undefined) return `${name} ${problem}`
  }
  if (encodeURIComponent(tenant).length > MAX_TENANT_BYTES) {
    return `tenant must not be longer than ${MAX_TENANT_BYTES} bytes, percent-encoded`
  }
  for (const [name, values] of Object.entries({ roles, scopes })) {
    if (!Array.isArray(values) || values.some((each) => typeof each !== 'string')) return `${name} must be strings`
  }
  return undefined
}
