/** The flags that say how callers authenticate. */
import type { Option } from 'commander'
import { type ApiKeyEntry, apiKeys } from '../auth/api-keys.js'
import type { Authenticator } from '../auth/authenticator.js'
import { type JwtOptions, jwt } from '../auth/jwt.js'
import { flag } from './flags.js'
import { list } from './parsers.js'
import { tryLine } from './run-process.js'

export interface AuthFlags {
  readonly apiKeysFile?: string
  readonly jwtIssuer?: string
  readonly jwtAudience?: readonly string[]
  readonly jwks?: string
  readonly jwtTenant?: string
  readonly allowUnauthenticated?: boolean
}

export function authFlags(): Option[] {
  return [
    flag(
      '--api-keys-file <path>',
      'JSON file with the API keys of callers; `temporal-a2a api-key` makes them',
      'API_KEYS_FILE',
    ),
    flag('--jwt-issuer <issuer>', 'take tokens of this issuer', 'JWT_ISSUER'),
    flag('--jwt-audience <name...>', 'what the issuer calls this server', 'JWT_AUDIENCE').argParser(list()),
    flag('--jwks <url or path>', "the issuer's public keys", 'JWKS'),
    flag('--jwt-tenant <claim>', "claim with the caller's tenant; tokens without it are refused", 'JWT_TENANT'),
    flag('--allow-unauthenticated', 'listen to other machines without authentication', 'ALLOW_UNAUTHENTICATED'),
  ]
}

/**
 * Undefined when nobody has to authenticate.
 *
 * @throws Error flags that do not go together, a file that cannot be read; the text never holds what is in it
 */
export async function readAuthentication(flags: AuthFlags): Promise<Authenticator[] | undefined> {
  const ways: Authenticator[] = []
  const { apiKeysFile, jwtIssuer: issuer, jwtAudience: audience = [], jwks, jwtTenant } = flags
  if (apiKeysFile !== undefined) {
    ways.push(apiKeys({ keys: (await readJson(apiKeysFile, '--api-keys-file')) as ApiKeyEntry[] }))
  }
  if (issuer !== undefined || audience.length > 0 || jwks !== undefined || jwtTenant !== undefined) {
    if (issuer === undefined || audience.length === 0 || jwks === undefined) {
      throw new Error('--jwt-issuer, --jwt-audience and --jwks go together')
    }
    const keys = /^[a-z][a-z0-9+.-]*:\/\//i.test(jwks) ? jwks : await readJson(jwks, '--jwks')
    const tenant = jwtTenant === undefined ? {} : { tenant: jwtTenant }
    ways.push(jwt({ issuer, audience, jwks: keys as NonNullable<JwtOptions['jwks']>, ...tenant }))
  }
  return ways.length === 0 ? undefined : ways
}

/** For the banner: how to try the server, or how callers authenticate where that is not done in one line. */
export function callersLine(url: string, ways: readonly Authenticator[] | undefined): string {
  if (ways === undefined) return tryLine(url)
  const kinds = ways.flatMap(({ schemes }) => Object.values(schemes))
  return `callers authenticate by ${kinds.map(({ apiKeySecurityScheme: key }) => (key === undefined ? 'token' : `API key in ${key.name}`)).join(' or ')}`
}

async function readJson(path: string, name: string): Promise<unknown> {
  const { readFile } = await import('node:fs/promises')
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    throw new Error(`${name} ${path} is no file with JSON`)
  }
}
